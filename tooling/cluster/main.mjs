// `npm run test:cluster`: sets up, builds a real Kubernetes API with Flux controllers if need be, and runs the tests that want one.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { cacheFolder, takeLock } from "../setup/cache.mjs";
import { createBoard } from "../setup/progress.mjs";
import { explain, interruption, ROOT, setup } from "../setup.mjs";
import { bringCluster } from "./build.mjs";
import { bringDefinitions } from "./definitions.mjs";

const signal = interruption();
try {
  const env = await setup(signal);
  const cache = cacheFolder();
  const board = createBoard();
  const step = board.step("cluster", "looking for Kubernetes and Flux");
  const unlock = await takeLock(cache, "cluster", (pid) => step.update(`waiting for another build (process ${pid})`));
  let folder;
  let definitions;
  try {
    folder = await bringCluster({ cache, step, signal });
    definitions = await bringDefinitions({ cache, step, signal });
  } finally {
    unlock();
  }
  step.done(`Kubernetes and Flux in ${folder}`);
  const child = spawn(join(ROOT, "node_modules/.bin/vitest"), ["run", "--project=cluster", ...process.argv.slice(2)], {
    cwd: ROOT,
    env: { ...env, PLATFORM_OPS_TEST_CLUSTER: folder, PLATFORM_OPS_TEST_FLUX_DEFINITIONS: definitions },
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
