import { createHash } from "node:crypto";
import { createServer } from "node:net";

/** Temporal's own default port; another development server may stand there, so ours never does. */
export const DEFAULT_TEMPORAL_PORT = 7233;

const FIRST = 17_300;
const COUNT = 10_000;

/** Whether nobody listens on that loopback port. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A free loopback port for a data directory, below the range from which systems take ports of outgoing connections
 * (32768 and up on Linux, 49152 on macOS), so that it is still free after a restart. Derived from the directory's path.
 */
export async function choosePort(home: string): Promise<number> {
  const offset = createHash("sha256").update(home).digest().readUInt32BE(0);
  for (let step = 0; step < COUNT; step++) {
    const port = FIRST + ((offset + step * 7) % COUNT);
    if (await isPortFree(port)) return port;
  }
  throw new Error("no free port");
}
