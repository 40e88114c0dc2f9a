// The emulated machine: a command of the real sshd, run as Teleport's agent runs it.
import { readFileSync } from "node:fs";
import { Client } from "ssh2";
import type { Emulation } from "./emulation.ts";

export interface RemoteRun {
  readonly login: string;
  readonly command: string;
  readonly uuid: string;
  readonly withStdin: boolean;
}

/**
 * Runs a command and passes its streams on. A death by signal is 255, as on the real one; `lost` when the connection broke
 * without a status; `cancelled` when tsh itself was asked to go.
 */
export function runOnSshd({ state, env, stdout, stderr }: Emulation, run: RemoteRun): Promise<number | "lost" | "cancelled"> {
  const { host, port, key } = state.sshd;
  return new Promise((resolve) => {
    const client = new Client();
    let ended: number | "lost" | "cancelled" = "lost";
    const cancel = (): void => {
      ended = "cancelled";
      client.destroy();
    };
    process.once("SIGTERM", cancel);
    process.once("SIGINT", cancel);
    client.on("error", () => undefined);
    client.on("close", () => resolve(ended));
    client.on("ready", () => {
      client.setNoDelay(true);
      client.exec(asAgent(run, env), (error, stream) => {
        if (error !== undefined) return void client.end();
        stream.on("data", (chunk: Buffer) => stdout(chunk));
        stream.stderr.on("data", (chunk: Buffer) => stderr(chunk));
        stream.on("exit", (code: number | null) => (ended = code ?? 255));
        stream.on("close", () => client.end());
        if (run.withStdin) process.stdin.pipe(stream);
        else stream.end();
      });
    });
    client.connect({ host, port, username: run.login, privateKey: readFileSync(key), hostVerifier: () => true });
  });
}

/**
 * As Teleport's agent: the login shell by its whole path with `-c`, the machine's id in the environment, and when the
 * connection goes away it is the shell alone that is killed. What the shell started lives on.
 */
function asAgent({ command, uuid }: RemoteRun, env: Emulation["env"]): string {
  const quoted = `'${command.replaceAll("'", "'\\''")}'`;
  const watch = "(while kill -0 $P && kill -0 $S; do sleep 0.1; done; kill -0 $P || kill -9 $S) </dev/null >/dev/null 2>&1 &";
  const lang = /^[\w.-]+$/.test(env["LANG"] ?? "") ? `LANG=${env["LANG"]} ` : "";
  return `P=$PPID S=$$; ${watch} ${lang}SSH_TELEPORT_HOST_UUID=${uuid} exec "$SHELL" -c ${quoted}`;
}
