// Tests that want parts which take minutes to build: sets up, brings the parts under a lock, and runs one project of vitest with them.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { cacheFolder, takeLock } from "../setup/cache.mjs";
import { createBoard } from "../setup/progress.mjs";
import { explain, interruption, ROOT, setup } from "../setup.mjs";

/**
 * Runs the project with the arguments of this process; sets its exit code.
 * @param {{ project: string, title: string, want?: object, bring: (options: { cache: string, step: { update(text: string): void }, signal: AbortSignal }) => Promise<{ env: object, where: string }> }} options
 *   project: of vitest.config.ts, and the name of the lock; want: as `setup` takes it; bring: builds what is missing, and resolves to
 *   the environment that tells the tests where it is
 */
export async function runProject({ project, title, want = {}, bring }) {
  const signal = interruption();
  try {
    const base = await setup(signal, want);
    const cache = cacheFolder();
    const step = createBoard().step(project, `looking for ${title}`);
    const unlock = await takeLock(cache, project, (pid) => step.update(`waiting for another build (process ${pid})`));
    let brought;
    try {
      brought = await bring({ cache, step, signal });
    } finally {
      unlock();
    }
    step.done(`${title} in ${brought.where}`);
    const child = spawn(join(ROOT, "node_modules/.bin/vitest"), ["run", `--project=${project}`, ...process.argv.slice(2)], {
      cwd: ROOT,
      env: { ...base, ...brought.env },
      stdio: "inherit",
    });
    signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    process.exitCode = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    });
  } catch (error) {
    process.exitCode = explain(error, signal);
  }
}
