// `npm run coverage`: how much of each package and server the tests run, lines and branches, and a failure below 80 % of either.
// Counted is what runs in the processes of the tests, from source, and in every process that they start: servers, workers with
// their workflows, and supervisors run from bundles, which are built with source maps for this (dist is built anew when it has
// ended). A process that a test kills has no time to report what it ran.
// `--project unit` is quicker and counts less. `packages/ledger` measures that one by its own tests, and `--with ssh` by those too
// whose path has that word, of all projects. `--missing run/walk` lists what is not run of the files whose path has that word.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { explain, interruption, ROOT, setup, TSX } from "../setup.mjs";
import { addBundles } from "./bundles.ts";
import { belowGate, byMember, LEAST } from "./by-member.ts";
import { missingIn, summaryOf, type CountedFile } from "./counted-files.ts";

const MEMBER = /^(packages|servers)\/[\w-]+$/;
const NOT_COUNTED = [
  "**/*.test.ts",
  "**/*.test-support.ts",
  "**/testing.ts",
  "**/testing/**",
  "**/fixture/**",
  "**/fixtures/**",
  "**/testdata/**",
];

const { values, positionals: members } = parseArgs({
  allowPositionals: true,
  options: {
    project: { type: "string", multiple: true },
    with: { type: "string", multiple: true, default: [] },
    missing: { type: "string", multiple: true, default: [] },
  },
});
const wrong = members.filter((name) => !MEMBER.test(name));
const projects = values.project ?? (members.length > 0 && values.with.length === 0 ? ["unit"] : ["unit", "contract", "e2e"]);
const startsServers = projects.some((name) => name !== "unit");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (wrong.length > 0) {
  process.stderr.write(`No package or server: ${wrong.join(", ")}. Say it as packages/ledger.\n`);
  process.exitCode = 2;
} else process.exitCode = await measure();

async function measure(): Promise<number> {
  const signal = interruption();
  const folder = await mkdtemp(join(tmpdir(), "platform-ops-coverage-"));
  const [maps, reports, tests] = [join(folder, "maps"), join(folder, "reports"), join(folder, "tests")];
  try {
    await Promise.all([mkdir(maps), mkdir(reports)]);
    const env = await setup(signal, { tofu: true, kubectl: true, actionlint: true, compose: true });
    if (startsServers && (await build(env, ["--countable", maps])) !== 0) return 1;
    const failed = await run([join(ROOT, "node_modules/vitest/vitest.mjs"), ...vitestArguments(tests)], {
      ...env,
      PLATFORM_OPS_COUNT_INTO: reports,
      PLATFORM_OPS_COUNT_MAPS: maps,
    });
    const text = await readFile(join(tests, "coverage-final.json"), "utf8").catch(() => undefined);
    if (text === undefined) say("The tests were ended before anything was counted.");
    const files = JSON.parse(text ?? "{}") as Record<string, CountedFile>;
    await addBundles(files, ROOT, maps, reports);
    if (failed !== 0) say("Tests failed: what they would have run is not counted.");
    return report(files) && failed === 0 ? 0 : 1;
  } catch (error) {
    return explain(error, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
    if (startsServers) await build(process.env, []);
  }

  /** Prints what was counted; true where nothing is below the gate. */
  function report(files: Readonly<Record<string, CountedFile>>): boolean {
    const measured = byMember(ROOT, Object.fromEntries(Object.entries(files).map(([path, file]) => [path, summaryOf(file)])));
    for (const { member, lines, branches } of measured)
      say(`${member.padEnd(34)} lines ${lines.toFixed(2).padStart(6)} %   branches ${branches.toFixed(2).padStart(6)} %`);
    for (const [path, file] of Object.entries(files))
      if (values.missing.some((word) => path.includes(word))) say(`${path.replace(`${ROOT}/`, "")}: ${missingIn(file)}`);
    const below = belowGate(measured);
    for (const line of below) say(`below ${LEAST} %: ${line}`);
    return measured.length > 0 && below.length === 0;
  }

  function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", env });
      signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
  }

  function build(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
    return run([...TSX, join(ROOT, "tooling/build.ts"), ...args], env);
  }
}

function vitestArguments(folder: string): string[] {
  const counted = members.length > 0 ? members.map((name) => `${name}/src/**/*.ts`) : ["packages/*/src/**/*.ts", "servers/*/src/**/*.ts"];
  return [
    "run",
    ...projects.map((name) => `--project=${name}`),
    "--coverage.enabled",
    "--coverage.provider=v8",
    "--coverage.reportOnFailure",
    "--coverage.reporter=json",
    `--coverage.reportsDirectory=${folder}`,
    ...counted.map((glob) => `--coverage.include=${glob}`),
    ...NOT_COUNTED.map((glob) => `--coverage.exclude=${glob}`),
    ...members.map((name) => `${name}/src`),
    ...values.with,
  ];
}
