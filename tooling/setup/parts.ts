// The parts that packages/orchestration knows how to install, as a program of its own: the set-up, which is plain Node,
// starts it once the packages are there. Progress goes to stderr; the last line of stdout is the JSON of a Part.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isOpsError } from "@platform-ops/errors";
import { installTemporal, installWorkerRuntime, locateTemporal } from "@platform-ops/orchestration";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [part, cache] = process.argv.slice(2);
if ((part !== "temporal" && part !== "runtime") || cache === undefined) throw new Error("usage: parts.ts temporal|runtime CACHE");

const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);

interface Part {
  readonly path: string;
  readonly text: string;
}

async function temporal(into: string): Promise<Part> {
  const found = await locateTemporal({ home: into, cache: into, path: process.env["PATH"] ?? "" });
  if (found !== undefined) return { path: found.path, text: `server ${found.serverVersion} at ${found.path}` };
  const path = await installTemporal({ cache: into, onProgress });
  return { path, text: `installed at ${path}` };
}

/** Into the cache; data directories link to it there. */
async function runtime(into: string): Promise<Part> {
  const lockDir = join(ROOT, "packages/orchestration/worker-runtime");
  const path = dirname(await installWorkerRuntime({ home: into, lockDir, onProgress }));
  return { path, text: path };
}

try {
  const brought = await (part === "temporal" ? temporal(cache) : runtime(cache));
  process.stdout.write(`${JSON.stringify(brought)}\n`);
} catch (error) {
  if (!isOpsError(error)) throw error;
  process.stderr.write(`${error.message} ${error.hint}\n`);
  process.exitCode = 3;
}
