import { PassThrough } from "node:stream";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServerConfig } from "@platform-ops/mcp-kit";
import { startServer, type ServerIdentity, type ServerStart, type StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { Transport } from "@modelcontextprotocol/client";

/** How a bin would be started. */
interface BinStart {
  readonly bin: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A server in this process, as a client's transport. */
export interface CountedServer {
  readonly transport: Transport;
  stderr(): string;
}

/**
 * Whether servers run in the processes of tests, from source, so that what they do is counted (`npm run coverage`). Workers and
 * supervisors run as ever.
 */
export const COUNTS_SERVERS = process.env["PLATFORM_OPS_COUNT_SERVERS"] === "1";

/** Starts the server whose built bin this is from its source. */
export async function startCounted({ bin, args, env, cwd }: BinStart): Promise<CountedServer> {
  const source = join(dirname(dirname(bin)), "src");
  if (basename(bin) !== "bin.js") throw new Error(`${bin} is no built bin`);
  const load = (file: string): Promise<any> => import(pathToFileURL(join(source, file)).href);
  const { IDENTITY } = (await load("identity.ts")) as { IDENTITY: ServerIdentity };
  // As the bin of the build: its record of an opening, and everything else from source.
  const parts: ServerStart<ServerConfig> = {
    identity: IDENTITY,
    folder: dirname(bin),
    settings: () => load("read-config.ts"),
    whole: () => load("whole-start.ts"),
  };
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let said = "";
  stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const around = {
    argv: args,
    env,
    script: join(source, "bin.ts"),
    runtime: process.execPath,
    pid: process.pid,
    cwd,
    home: env["HOME"] ?? cwd,
    user: "tester",
    platform: process.platform,
  };
  const transport: Transport = {
    async start() {
      let rest = "";
      stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) transport.onmessage?.(JSON.parse(line));
      });
      void startServer(around, { stdin, stdout, stderr } as unknown as StandardStreams, parts)
        .catch((error: unknown) => (said += String(error)))
        .then(() => transport.onclose?.());
    },
    async send(message) {
      stdin.write(`${JSON.stringify(message)}\n`);
    },
    async close() {
      stdin.end();
    },
  };
  return { transport, stderr: () => said };
}
