// The parts that packages/orchestration knows how to install, as a program of its own: the set-up, which is plain Node,
// starts it once the packages are there. Progress goes to stderr; the last line of stdout says what there is.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isOpsError } from "@platform-ops/errors";
import { installTemporal, installWorkerRuntime, locateTemporal } from "@platform-ops/orchestration";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [part, cache] = process.argv.slice(2);
if ((part !== "temporal" && part !== "runtime") || cache === undefined) throw new Error("usage: parts.ts temporal|runtime CACHE");

const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);

async function temporal(into: string): Promise<string> {
  const found = await locateTemporal({ home: into, cache: into, path: process.env["PATH"] ?? "" });
  return found === undefined ? `installed at ${await installTemporal({ cache: into, onProgress })}` : `${found.path} (server ${found.serverVersion})`;
}

/** Into the cache; data directories link to it there. */
async function runtime(into: string): Promise<string> {
  const lockDir = join(ROOT, "packages/orchestration/worker-runtime");
  return dirname(await installWorkerRuntime({ home: into, lockDir, onProgress }));
}

try {
  process.stdout.write(`${await (part === "temporal" ? temporal(cache) : runtime(cache))}\n`);
} catch (error) {
  if (!isOpsError(error)) throw error;
  process.stderr.write(`${error.message} ${error.hint}\n`);
  process.exitCode = 3;
}
