// The second mode: OpenSSH through `tsh proxy ssh`, with shared connections. Exact statuses, nothing added to stderr, warm commands.
import { isOpsError, OpsError } from "@platform-ops/errors";
import type { ClusterSettings } from "@platform-ops/ledger";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSshProgram, type SshProgram } from "../openssh/ssh-program.ts";
import type { Destination } from "../ssh/destination.ts";
import type { Surroundings } from "../surroundings.ts";
import type { ExecEnd, ExecRequest, Transport } from "../transport.ts";
import { classifyTsh } from "./error-table.ts";
import { readIdentity } from "./identity-file.ts";
import { failureContext, type LoginCheck } from "./login-check.ts";
import { keysInTshConfig, teleportSshConfig, type TeleportKeys } from "./openssh-config.ts";
import type { TshProgram } from "./tsh-program.ts";
import { lastError } from "./tsh-stderr.ts";
import { commandLine, globalWords, hostWord, proxySshWords } from "./tsh-words.ts";

/** Port under which Teleport's nodes are asked for; the proxy finds the machine by its name. */
const NODE_PORT = 3022;
const CONNECT_MS = 30_000;

export interface OpenSshWay {
  /** Name in the operator's file. */
  readonly cluster: string;
  readonly teleport: ClusterSettings["teleport"];
  readonly program: TshProgram;
  readonly login: LoginCheck;
  readonly surroundings: Surroundings;
}

/** Commands of one cluster by OpenSSH. Starts nothing before the first command. */
export function openSshThroughTsh(way: OpenSshWay): Pick<Transport, "exec" | "close"> {
  const { cluster, teleport, program, login, surroundings } = way;
  const folder = join(surroundings.runtimeFolder, "teleport");
  const log = join(folder, `${digest(cluster)}-%r@%h.log`);
  const ssh: SshProgram = openSshProgram({
    program: "ssh",
    env: { ...program.env },
    runtimeFolder: surroundings.runtimeFolder,
    connectTimeoutMs: CONNECT_MS,
    wordsFor: async () => {
      const keys = await keysOf(way, folder);
      const proxyWords = [await program.path(), ...proxySshWords(teleport)];
      const text = teleportSshConfig({ keys, proxyWords, log, connectSeconds: CONNECT_MS / 1000 });
      return ["-F", await kept(folder, "ssh_config", text)];
    },
    refusal: (_, { host, user, name }) => {
      const said = lastError(read(log.replace("%r", user).replace("%h", host)));
      if (said === undefined) return undefined;
      const failure = classifyTsh(said, { ...failureContext(cluster, teleport), node: name, user });
      return failure.known ? failure.error : undefined;
    },
  });
  return {
    exec: async (request) => {
      try {
        const to = destinationOf(teleport, request);
        await login.ensure(request.signal);
        const end = await ssh.exec(to, { ...request, line: commandLine(request.line) });
        if (end.how === "refused") login.forget();
        return end;
      } catch (error) {
        if (isOpsError(error)) return refused(error);
        throw error;
      }
    },
    close: () => ssh.close(),
  };
}

/** Machines bear their cluster's name behind theirs: Teleport's host certificates name them so. @throws OpsError invalid_input */
function destinationOf(teleport: ClusterSettings["teleport"], { target }: ExecRequest): Destination {
  hostWord(target);
  // OpenSSH puts the login into a command line that a shell reads.
  if (/[^A-Za-z0-9_.@+-]/.test(target.user)) throw new OpsError("invalid_input", "user is no login that OpenSSH can be given.");
  return { name: target.node, host: `${target.node}.${teleport.cluster}`, port: NODE_PORT, user: target.user };
}

/** From the identity file, read anew every time: tbot renews it in place; else as `tsh config` tells for the profile. */
async function keysOf({ cluster, teleport, program }: OpenSshWay, folder: string): Promise<TeleportKeys> {
  if (teleport.identity_file !== undefined) {
    const file = teleport.identity_file;
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new OpsError("not_logged_in", `The identity file ${file} cannot be read.`, { cause });
    });
    const parts = readIdentity(text, file);
    const [identityFile, certificateFile, knownHostsFile] = await Promise.all([
      kept(folder, "key", parts.privateKey),
      kept(folder, "cert.pub", parts.certificate),
      kept(folder, "known_hosts", parts.knownHosts),
    ]);
    return { identityFile, certificateFile, knownHostsFile, algorithms: [] };
  }
  const { exit, stdout, stderr } = await program.call([...globalWords(teleport), "config"]);
  if (exit !== 0) throw classifyTsh(lastError(stderr) ?? "", failureContext(cluster, teleport)).error;
  return keysInTshConfig(stdout, teleport.cluster);
}

/** A private file with that text, named by what it holds, written once and whole. */
async function kept(folder: string, kind: string, text: string): Promise<string> {
  const file = join(folder, `${digest(text)}-${kind}`);
  if (read(file) === text) return file;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${draftNumber++}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
  return file;
}

let draftNumber = 0;

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function refused(failure: OpsError): ExecEnd {
  return { how: "refused", exit_code: null, failure, cleanStderr: new Uint8Array() };
}
