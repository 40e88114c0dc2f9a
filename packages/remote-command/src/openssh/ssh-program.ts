import { isOpsError, OpsError } from "@platform-ops/errors";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { asJumpFailure, connectTimeout } from "../ssh/connection-failure.ts";
import { destinationKey, type Destination } from "../ssh/destination.ts";
import { startChild } from "../teleport/start-child.ts";
import type { ExecEnd, ExecRequest } from "../transport.ts";
import { followChild } from "./follow-child.ts";
import { droppedBeforeGreeting, receivedStatus, sshRefusal, withoutDebugging } from "./failure-table.ts";
import { MasterPool, type Master } from "./master-pool.ts";
import { socketFolder } from "./socket-folder.ts";

export interface SshProgramOptions {
  /** The ssh program; `ssh` is looked for on the PATH of `env`. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Private folder for the sockets of shared connections. */
  readonly runtimeFolder: string;
  readonly connectTimeoutMs: number;
  /** Words that say how to connect, before the destination: configuration, keys. With a jump host: the socket of the connection to it. */
  wordsFor(to: Destination, jumpSocket: string | undefined): Promise<readonly string[]>;
  /** What a connection's failure means, asked before the table of OpenSSH's own texts. */
  refusal?(said: string, to: Destination): OpsError | undefined;
}

/** Commands by the ssh program, over shared connections that stay warm. */
export interface SshProgram {
  exec(to: Destination, request: ExecRequest): Promise<ExecEnd>;
  close(): Promise<void>;
}

/** Seconds that a shared connection lives after its last command, also when we are gone. */
const PERSIST_SECONDS = 300;
const GREETINGS = 4;
const NOTHING = new Uint8Array();
/** `m-` and twelve hexadecimal digits, a number, `.log`. */
const LONGEST_NAME = 24;

/** Starts nothing before the first command. */
export function openSshProgram(options: SshProgramOptions): SshProgram {
  let folder: Promise<string> | undefined;
  let count = 0;
  const sockets = (): Promise<string> => (folder ??= socketFolder(options.runtimeFolder, LONGEST_NAME));
  /** How each destination was connected, for the commands on it. */
  const words = new Map<string, readonly string[]>();
  const pool: MasterPool = new MasterPool({
    socket: async (name) => join(await sockets(), name),
    start: async (to, socket) => {
      const own = await options.wordsFor(to, to.jump === undefined ? undefined : await socketOf(to.jump, to));
      words.set(destinationKey(to), own);
      await startMaster(options, to, socket, own);
    },
    stop: async (to, socket) => await stopMaster(options, to, socket),
  });
  const socketOf = async (jump: Destination, to: Destination): Promise<string> => {
    const master = await pool.take(jump, new AbortController().signal).catch((error: unknown) => {
      throw isOpsError(error) ? asJumpFailure(error, to) : error;
    });
    pool.giveBack(master);
    return master.socket;
  };
  return {
    exec: async (to, request) => {
      let master: Master | undefined;
      try {
        master = await pool.take(to, request.signal);
        count += 1;
        const log = join(await sockets(), `e-${process.pid}-${count}.log`);
        return await execThrough(options, to, { socket: master.socket, log, words: words.get(destinationKey(to)) ?? [] }, request);
      } catch (error) {
        // All that is thrown here was thrown before the line was handed to ssh.
        if (isOpsError(error)) return { how: "refused", exit_code: null, failure: error, cleanStderr: NOTHING };
        throw error;
      } finally {
        if (master !== undefined) pool.giveBack(master);
      }
    },
    close: () => pool.close(),
  };
}

const destinationWords = (to: Destination): string[] => ["-p", String(to.port), "-l", to.user, "--", to.host];

/**
 * Logs in and leaves the connection in the background, behind `socket`.
 * @throws OpsError why it could not be made
 */
async function startMaster(options: SshProgramOptions, to: Destination, socket: string, words: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const said = await runToEnd(
      options,
      [...words, "-M", "-S", socket, `-oControlPersist=${PERSIST_SECONDS}`, "-oLogLevel=ERROR", "-f", "-N", "-T", ...destinationWords(to)],
      to,
    );
    if (said === undefined) return;
    const refusal = options.refusal?.(said, to);
    if (refusal === undefined && droppedBeforeGreeting(said) && attempt < GREETINGS) {
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt + Math.random() * 200));
      continue;
    }
    throw (
      refusal ??
      sshRefusal(said, to) ??
      new OpsError("node_unreachable", `ssh made no connection to ${to.name} and did not say why in words that are known here.`)
    );
  }
}

/** Undefined when it ended well, else what it wrote to stderr. @throws OpsError connect_timeout */
async function runToEnd(options: SshProgramOptions, words: readonly string[], to: Destination): Promise<string | undefined> {
  const child = await startChild(options.program, words, options.env);
  child.stdin.end();
  child.stdout.resume();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < 65_536) said += chunk.toString("utf8");
  });
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.connectTimeoutMs);
  const exit = await child.ended.finally(() => clearTimeout(deadline));
  if (late) throw connectTimeout(to, "login", options.connectTimeoutMs);
  return exit === 0 ? undefined : said;
}

/** Ends the process of a shared connection, and its socket. */
async function stopMaster(options: SshProgramOptions, to: Destination, socket: string): Promise<void> {
  await runToEnd(options, ["-F", "none", "-S", socket, "-O", "exit", ...destinationWords(to)], to).catch(() => undefined);
  await rm(socket, { force: true });
}

/**
 * One command through a shared connection. What ssh itself says goes to a file of its own: stderr is the command's alone, and the
 * file tells a status that was received from the 255 that ssh makes up.
 */
async function execThrough(
  options: SshProgramOptions,
  to: Destination,
  way: { readonly socket: string; readonly log: string; readonly words: readonly string[] },
  request: ExecRequest,
): Promise<ExecEnd> {
  if (request.signal.aborted) throw new OpsError("cancelled", "It was cancelled before it was begun.");
  const own = ["-oControlMaster=no", "-S", way.socket, "-oLogLevel=DEBUG2", "-E", way.log, "-T"];
  const child = await startChild(options.program, [...way.words, ...own, ...destinationWords(to), request.line], options.env);
  const exit = await followChild(child, request);
  const log = exit === 255 ? await readFile(way.log, "utf8").catch(() => "") : "";
  void rm(way.log, { force: true });
  if (exit === null) return lost("ssh was ended before the command was");
  if (exit !== 255 || receivedStatus(log) === 255) return { how: "exited", exit_code: exit };
  if (!/mux_client_request_session/.test(log)) {
    // The shared connection was gone before the line was sent, and ssh found no other way.
    const said = withoutDebugging(log);
    const refusal = options.refusal?.(said, to) ?? sshRefusal(said, to);
    if (refusal !== undefined) return { how: "refused", exit_code: null, failure: refusal, cleanStderr: NOTHING };
  }
  // The process of the shared connection takes its socket away when the connection breaks. While that is there, it was the command
  // that ended without a status: by a signal, of which ssh says nothing.
  return existsSync(way.socket) ? { how: "signalled", exit_code: null } : lost("the connection broke while the command ran");
}

function lost(why: string): ExecEnd {
  return { how: "lost", exit_code: null, failure: new OpsError("connection_lost", `It is not known how the command ended: ${why}.`) };
}
