// The supervisor's process. Standard library only: it becomes a bundle of its own that starts in a blink and stays small.
// It works in the `supervisor` folder of its data directory: its working directory says whom it serves.
import { rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { isLock, takeLock } from "./supervisor/lock.ts";
import { socketPath } from "./supervisor/protocol.ts";
import { listen, type EndMode } from "./supervisor/socket-server.ts";
import { Supervisor } from "./supervisor/supervisor.ts";

/** A full disk takes no log line; that ends nothing, and the next line is tried again (`process.stderr` would give up for good). */
function log(message: string, fields: Record<string, unknown> = {}): void {
  try {
    writeSync(2, `${JSON.stringify({ time: new Date().toISOString(), pid: process.pid, message, ...fields })}\n`);
  } catch {
    // no room
  }
}

async function main(): Promise<void> {
  process.umask(0o077);
  const home = dirname(process.cwd());
  const lock = takeLock(join(home, "supervisor", "lock"));
  if (!isLock(lock)) return log("another supervisor serves this data directory", { holder: lock.pid });
  const ended = new AbortController();
  let mode: EndMode = "stop";
  const end = (how: EndMode): void => {
    mode = how;
    ended.abort();
  };
  process.on("SIGTERM", () => end("stop"));
  process.on("SIGINT", () => end("stop"));
  process.on("SIGHUP", () => undefined);
  const supervisor = new Supervisor(home, log);
  const server = await listen(home, supervisor, end);
  log("supervisor started", { home });
  await supervisor.watch(ended.signal);
  supervisor.ending = true;
  server.close();
  rmSync(socketPath(home), { force: true });
  await (mode === "stop" ? supervisor.stop() : supervisor.leave());
  lock.release();
  log("supervisor ended", { mode });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log("supervisor failed", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exit(1);
  },
);
