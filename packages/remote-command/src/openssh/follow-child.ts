import type { Child } from "../teleport/start-child.ts";
import type { ExecRequest } from "../transport.ts";

/** After stdin was closed and the grace has passed, the program gets a moment to go by itself. */
const TERM_MS = 500;
/** After its own end: how long a background process that holds its output may keep us. */
const LINGER_MS = 2000;

/**
 * Hands the child's streams over and answers its exit status, null when a signal or we ended it. On cancel its stdin is closed, which
 * the remote side takes for our end; after the grace it is ended with its whole group.
 */
export async function followChild(child: Child, request: ExecRequest): Promise<number | null> {
  const timers: NodeJS.Timeout[] = [];
  let killed = false;
  const later = (ms: number, action: () => void): void => void timers.push(setTimeout(action, ms));
  const abort = (): void => {
    child.stdin.end();
    later(request.graceMs, () => {
      killed = true;
      child.kill("SIGTERM");
    });
    later(request.graceMs + TERM_MS, () => child.kill("SIGKILL"));
    later(request.graceMs + TERM_MS + LINGER_MS, () => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
  };
  child.stdout.on("data", (chunk: Uint8Array) => request.onStdout(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => request.onStderr(chunk));
  if (request.input.length > 0) child.stdin.write(request.input);
  if (request.endInput === true) child.stdin.end();
  else void request.goAhead?.then((bytes) => void (child.stdin.writable && child.stdin.write(bytes)));
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();
  try {
    const exit = await child.ended;
    return killed ? null : exit;
  } finally {
    request.signal.removeEventListener("abort", abort);
    for (const timer of timers) clearTimeout(timer);
  }
}
