// `npm run coverage`: how much of each package and server the tests run, lines and branches, and a failure below 80 % of either.
// Counted is what runs in the processes of tests, from source: unit, contract and those end-to-end tests that call our code
// themselves. A server that a test starts for an agent runs in the test's process then. What workers, supervisors and spawned
// bins do is not counted: they run from bundles without source maps; nor is the code of workflows, which runs from a bundle in
// Temporal's sandbox, and has its replayed histories.
// `--project unit` is quicker and counts less. `packages/ledger` measures that one by its own tests, and `--with ssh` by those too
// whose path has that word, of all projects.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../setup.mjs";
import { belowGate, byMember, LEAST, type FileSummary } from "./by-member.ts";

const MEMBER = /^(packages|servers)\/[\w-]+$/;
const NOT_COUNTED = [
  "**/*.test.ts",
  "**/*.test-support.ts",
  "**/testing.ts",
  "**/testing/**",
  "**/fixture/**",
  "**/fixtures/**",
  "**/testdata/**",
  "servers/*/src/worker/{workflow,durable-*}.ts",
];

// They kill servers by their process, which is here that of the test.
const NOT_RUN = ["**/*-faults.test.ts", "**/kill-matrix.test.ts", "**/chaos.test.ts", "**/worker-builds.test.ts", "**/full-disk.test.ts"];

const { values, positionals: members } = parseArgs({
  allowPositionals: true,
  options: { project: { type: "string", multiple: true }, with: { type: "string", multiple: true, default: [] } },
});
const wrong = members.filter((name) => !MEMBER.test(name));
if (wrong.length > 0) {
  process.stderr.write(`No package or server: ${wrong.join(", ")}. Say it as packages/ledger.\n`);
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), "platform-ops-coverage-"));
try {
  const code = await runTests();
  const text = await readFile(join(folder, "coverage-summary.json"), "utf8").catch(() => undefined);
  if (text === undefined) say("The tests were ended before anything was counted.");
  const summary = JSON.parse(text ?? "{}") as Record<string, FileSummary>;
  const measured = byMember(ROOT, summary);
  for (const { member, lines, branches } of measured)
    say(`${member.padEnd(34)} lines ${lines.toFixed(2).padStart(6)} %   branches ${branches.toFixed(2).padStart(6)} %`);
  const below = belowGate(measured);
  for (const line of below) say(`below ${LEAST} %: ${line}`);
  if (code !== 0) say("Tests failed: what they would have run is not counted.");
  process.exitCode = code !== 0 || below.length > 0 || measured.length === 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

function runTests(): Promise<number> {
  const projects = values.project ?? (members.length > 0 && values.with.length === 0 ? ["unit"] : ["unit", "contract", "e2e"]);
  const counted = members.length > 0 ? members.map((name) => `${name}/src/**/*.ts`) : ["packages/*/src/**/*.ts", "servers/*/src/**/*.ts"];
  const args = [
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    ...projects.map((name) => `--project=${name}`),
    "--coverage.enabled",
    "--coverage.provider=v8",
    "--coverage.reportOnFailure",
    "--coverage.reporter=json-summary",
    `--coverage.reportsDirectory=${folder}`,
    ...counted.map((glob) => `--coverage.include=${glob}`),
    ...NOT_COUNTED.map((glob) => `--coverage.exclude=${glob}`),
    ...NOT_RUN.map((glob) => `--exclude=${glob}`),
    ...members.map((name) => `${name}/src`),
    ...values.with,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, PLATFORM_OPS_COUNT_SERVERS: "1" } });
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => child.kill(signal));
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
