// The parts that packages/orchestration knows how to install, as a program of its own: the set-up, which is plain Node,
// starts it once the packages are there. Prints progress on stderr and ends with one line of JSON on stdout.
import { installTemporal, locateTemporal } from "@platform-ops/orchestration";
import { isOpsError } from "@platform-ops/errors";

const cache = process.argv[2];
if (cache === undefined) throw new Error("usage: parts.ts CACHE");

try {
  const home = process.env["HOME"] ?? "/";
  const found = await locateTemporal({ home, cache, path: process.env["PATH"] ?? "" });
  const path = found?.path ?? (await installTemporal({ cache, onProgress: (line) => process.stderr.write(`${line}\n`) }));
  process.stdout.write(`${JSON.stringify({ path, installed: found === undefined })}\n`);
} catch (error) {
  if (!isOpsError(error)) throw error;
  process.stderr.write(`${error.message} ${error.hint}\n`);
  process.exitCode = 3;
}
