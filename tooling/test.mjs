// `npm test`: sets up, then everything: types, lint, formatting, generated files, and all tests. Ends with `N passed, N failed`;
// whatever was skipped is listed with its reason. `npm test -- PATH…` runs the tests of those files only, `pnpm check` the
// quick part: all but the tests that start servers, Temporal and terraform.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, interruption, ROOT, setup, TSX } from "./setup.mjs";

const BIN = join(ROOT, "node_modules/.bin");
const CHECKS = [
  { name: "types", command: [join(BIN, "tsc"), "-p", "."] },
  { name: "lint", command: [join(BIN, "oxlint"), "--quiet"] },
  { name: "formatting", command: [join(BIN, "oxfmt"), "--check"] },
  { name: "unused code", command: [join(BIN, "knip"), "--no-progress"] },
  { name: "generated files", command: [process.execPath, ...TSX, "tooling/catalog.ts", "--check"] },
];

const signal = interruption();
const total = { passed: 0, failed: 0, skipped: [], again: [] };
try {
  const env = await setup(signal, { tofu: true, kubectl: true, actionlint: true, compose: true });
  const files = process.argv.slice(2).filter((argument) => argument !== "--quick");
  // Those that want a real cluster or real providers are run by `npm run test:cluster` and `npm run test:providers`.
  const tiers = process.argv.includes("--quick") ? ["unit", "house"] : ["unit", "house", "contract", "e2e"];
  const projects = tiers.map((tier) => `--project=${tier}`);
  if (files.length === 0) for (const check of CHECKS) await runCheck(check, env);
  await runTests([...projects, ...files], env);
  for (const name of total.again) console.log(`passed only when run again: ${name}`);
  for (const { name, reason } of total.skipped) console.log(`skipped: ${name}: ${reason}`);
  if (total.skipped.length > 0 && process.env.CI === "true") {
    console.log("Nothing may be skipped in CI: install what the lines above name.");
    total.failed += total.skipped.length;
  }
  process.exitCode = total.failed === 0 ? 0 : 1;
} catch (error) {
  total.failed += 1;
  process.exitCode = explain(error, signal);
}
const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : "";
if (skipped !== "") console.log(skipped.slice(2));
console.log(`${total.passed} passed, ${total.failed} failed`);

async function runCheck({ name, command }, env) {
  const code = await inherit(command, env);
  total[code === 0 ? "passed" : "failed"] += 1;
  console.log(`${code === 0 ? "✔" : "✘"} ${name}`);
}

async function runTests(chosen, env) {
  const folder = mkdtempSync(join(tmpdir(), "platform-ops-test-"));
  const counts = join(folder, "counts.json");
  try {
    const reporters = ["--reporter=default", `--reporter=${join(ROOT, "tooling/test/counting-reporter.ts")}`];
    const code = await inherit([join(BIN, "vitest"), "run", ...reporters, ...chosen], { ...env, PLATFORM_OPS_TEST_COUNTS: counts });
    const result = JSON.parse(readFileSync(counts, "utf8"));
    total.passed += result.passed;
    // An exit code without a failed test (no tests found, a hook that hung) is a failure as well.
    total.failed += result.failed === 0 && code !== 0 ? 1 : result.failed;
    total.skipped.push(...result.skipped);
    total.again.push(...result.again);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inherit([program, ...args], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env, stdio: "inherit" });
    signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
