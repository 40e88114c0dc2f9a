import { spawn } from "node:child_process";
import { openRemote, type Target, type Transport } from "@platform-ops/remote-command";
import type { Policy, RemoteSettings } from "@platform-ops/ledger";

type Surroundings = Parameters<typeof openRemote>[0]["surroundings"];

/** What is measured of every transport: one short command, that changes nothing. */
export const UPTIME = { kind: "program", program: "uptime", args: [] } as const;
export const READ = { effect: "read", timeoutMs: 60_000, capture: { for: "model", maxBytes: 20_000 } } as const;

/** `uptime` on one target, by the transport alone and through all that stands before it. */
export interface Uptime {
  bare(): Promise<void>;
  /** Policy, envelope, marks and bounded output too. */
  whole(): Promise<void>;
  /** The line that went to the machine last. */
  sent(): string;
  close(): Promise<void>;
}

/** Opens both ways over one transport. Each rejects where the command does not end with 0. */
export function uptimeOver(
  transport: Transport,
  target: Target,
  { settings, policy, surroundings }: { settings: RemoteSettings; policy: Policy; surroundings: Surroundings },
): Uptime {
  let line = "";
  const watched: Transport = { ...transport, exec: (request) => ((line = request.line), transport.exec(request)) };
  const remote = openRemote({ settings, policy, surroundings, transportFor: () => watched });
  return {
    async bare() {
      const end = await transport.exec({
        target,
        line: "uptime",
        input: new Uint8Array(),
        signal: new AbortController().signal,
        graceMs: 1000,
        onStdout: () => undefined,
        onStderr: () => undefined,
      });
      if (end.exit_code !== 0) throw new Error(JSON.stringify(end));
    },
    async whole() {
      const result = await remote.run(target, UPTIME, READ);
      if (result.exit_code !== 0) throw new Error(JSON.stringify(result));
    },
    sent: () => line,
    close: () => remote.close(),
  };
}

/** Nothing but the program, from spawn to its end, with stdin open as ours is: a command in an envelope ends when it closes. */
export function runAlone(path: string, words: readonly string[], env?: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [...words], { env: env ?? process.env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${path} ended with ${code}`))));
  });
}
