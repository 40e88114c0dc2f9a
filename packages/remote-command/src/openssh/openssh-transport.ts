import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { programEnvironment } from "../program-environment.ts";
import { destinationOf, type Destination } from "../ssh/destination.ts";
import { nodesOf, type Ssh2TransportOptions } from "../ssh/ssh2-transport.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Transport } from "../transport.ts";
import { sshConfigOf } from "./ssh-config.ts";
import { openSshProgram } from "./ssh-program.ts";

const CONNECT_MS = 15_000;

/**
 * Machines by the ssh program: what our own connections cannot do (certificates, hardware keys, ~/.ssh/config), at the price of
 * one process for each command. Starts nothing before the first command.
 */
export function openOpenSshTransport(options: Ssh2TransportOptions, surroundings: Surroundings): Transport {
  const { ssh } = options.settings;
  const written = new Map<string, Promise<string>>();
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_MS;
  const program = openSshProgram({
    program: "ssh",
    env: { ...programEnvironment(surroundings.env), ...(options.agent === undefined ? {} : { SSH_AUTH_SOCK: options.agent }) },
    runtimeFolder: surroundings.runtimeFolder,
    connectTimeoutMs,
    wordsFor: async ({ jump }, jumpSocket) => {
      const seconds = Math.max(1, Math.ceil(connectTimeoutMs / 1000));
      const way = jump === undefined || jumpSocket === undefined ? undefined : { to: jump, socket: jumpSocket };
      return ["-F", await configFile(written, surroundings.runtimeFolder, sshConfigOf(ssh, options.agent, way, seconds))];
    },
  });
  const destination = (node: string, user: string): Destination => destinationOf(options.cluster, ssh, node, user);
  return {
    kind: "ssh",
    exec: async (request) => {
      try {
        return await program.exec(destination(request.target.node, request.target.user), request);
      } catch (error) {
        if (isOpsError(error)) return { how: "refused", exit_code: null, failure: error };
        throw error;
      }
    },
    nodes: () => Promise.resolve(nodesOf(ssh)),
    defaultUser: () => Promise.resolve(options.defaultUser),
    close: () => program.close(),
  };
}

/** A file with that text, written once and whole: named by what it holds. */
function configFile(written: Map<string, Promise<string>>, folder: string, text: string): Promise<string> {
  const file = join(folder, `ssh_config-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`);
  const found = written.get(file);
  if (found !== undefined) return found;
  const writing = (async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, file);
    return file;
  })();
  written.set(file, writing);
  writing.catch(() => written.delete(file));
  return writing;
}
