// Commands by `tsh ssh`: one local process for each.
import { OpsError } from "@platform-ops/errors";
import type { ClusterSettings, RemoteSettings } from "@platform-ops/ledger";
import { followChild } from "../openssh/follow-child.ts";
import type { Surroundings } from "../surroundings.ts";
import type { RemoteNode } from "../target.ts";
import type { ExecEnd, ExecRequest, Transport } from "../transport.ts";
import { classifyTsh, type FailureContext } from "./error-table.ts";
import { failureContext, openLoginCheck, type LoginCheck } from "./login-check.ts";
import { openSshThroughTsh } from "./openssh-transport.ts";
import { startChild, type Child } from "./start-child.ts";
import { parseNodes } from "./tsh-output.ts";
import { openTshProgram, type TshProgram } from "./tsh-program.ts";
import { lastError, TshStderr, type TshWords } from "./tsh-stderr.ts";
import { lsWords, sshWords } from "./tsh-words.ts";
import { openTsh, teleportOf, type Tsh } from "./tsh.ts";

const NOTHING = new Uint8Array();

/**
 * The way to the machines of one cluster by `tsh ssh`. Starts nothing yet. `tsh` looks up, beside the first use, whether the
 * program goes with the proxy.
 * @throws OpsError not_allowed, invalid_input for a cluster that is not behind Teleport
 */
export function openTeleportTransport(
  cluster: string,
  settings: RemoteSettings,
  surroundings: Surroundings,
  tsh: Pick<Tsh, "versions"> = openTsh(settings, surroundings),
): Transport {
  const teleport = teleportOf(settings, cluster);
  const program = openTshProgram(settings, surroundings);
  const login = openLoginCheck(cluster, teleport, program);
  const running = new Set<Child>();
  const openSsh = teleport.mode === "openssh" ? openSshThroughTsh({ cluster, teleport, program, login, surroundings }) : undefined;
  const way: Way = { teleport, program, login, running, context: failureContext(cluster, teleport) };
  return {
    kind: "teleport",
    exec(request) {
      tsh.versions(cluster).begin();
      return openSsh?.exec(request) ?? execByTsh(way, request);
    },
    nodes(signal) {
      tsh.versions(cluster).begin();
      return nodesByTsh(teleport, program, login, failureContext(cluster, teleport), signal);
    },
    defaultUser: () => defaultUser(login, surroundings),
    async close() {
      for (const child of running) child.kill("SIGKILL");
      await openSsh?.close();
    },
  };
}

interface Way {
  readonly teleport: ClusterSettings["teleport"];
  readonly program: TshProgram;
  readonly login: LoginCheck;
  readonly running: Set<Child>;
  readonly context: FailureContext;
}

/**
 * The login that tsh itself would take: the local account's where the certificate has it, else the only one there is.
 * @throws OpsError not_logged_in, certificate_expired
 */
export async function defaultUser(login: LoginCheck, { env }: Surroundings): Promise<string | undefined> {
  const seen = await login.status();
  if (seen.state !== "valid") throw login.refusal(seen);
  const { logins } = seen;
  const local = env["USER"] ?? env["LOGNAME"];
  return logins.find((name) => name === local) ?? (logins.length === 1 ? logins[0] : undefined);
}

/** All machines of the cluster that this account sees. */
export async function nodesByTsh(
  teleport: ClusterSettings["teleport"],
  program: TshProgram,
  login: LoginCheck,
  context: FailureContext,
  signal: AbortSignal,
): Promise<RemoteNode[]> {
  await login.ensure(signal);
  const { exit, stdout, stderr } = await program.call(lsWords(teleport), { signal });
  if (exit === 0) return parseNodes(stdout);
  login.forget();
  throw classifyTsh(lastError(stderr) ?? "", context).error;
}

async function execByTsh(way: Way, request: ExecRequest): Promise<ExecEnd> {
  const { teleport, program, login } = way;
  let child: Child;
  try {
    const [path, abilities] = await Promise.all([program.path(), program.abilities(), login.ensure(request.signal)]);
    if (request.signal.aborted) return refused(new OpsError("cancelled", "It was cancelled before it was begun."));
    child = await startChild(path, sshWords(teleport, abilities, request.target, request.line), program.env);
  } catch (error) {
    if ((error as OpsError).code === undefined) throw error;
    return refused(error as OpsError);
  }
  way.running.add(child);
  const stdout = new FirstBytes();
  const stderr = new TshStderr((chunk) => request.onStderr(chunk));
  const onStdout = (chunk: Uint8Array): void => {
    stdout.push(chunk);
    request.onStdout(chunk);
  };
  try {
    const exit = await followChild(child, { ...request, onStdout, onStderr: (chunk) => stderr.push(chunk) });
    const end = told(exit, stderr.end(exit), stdout, request, way.context);
    if (end.how === "refused") login.forget();
    return end;
  } finally {
    way.running.delete(child);
  }
}

/** What an end of tsh means. */
function told(exit: number | null, words: TshWords, stdout: FirstBytes, request: ExecRequest, base: FailureContext): ExecEnd {
  const { node, user } = request.target;
  const context = { ...base, node, user };
  if (exit === 0) return { how: "exited", exit_code: 0 };
  if (words.status !== undefined) {
    // The login is allowed, but the machine has no such account: tsh writes this to stdout, and nothing else.
    if (exit === 255 && stdout.text() === `Failed to launch: user: unknown user ${user}.\r\n`) {
      return refused(new OpsError("user_unknown", `${node} has no account ${user}, though Teleport would let it in.`));
    }
    // Agents before 11 send −1 for a death by signal; later ones 255, which a command can also end with.
    return words.status === exit ? { how: "exited", exit_code: exit } : { how: "signalled", exit_code: null };
  }
  if (exit === 1 && words.error !== undefined) {
    const failure = classifyTsh(words.error, context);
    return failure.ran === "no" ? refused(failure.error) : { how: "lost", exit_code: null, failure: failure.error };
  }
  const failure = new OpsError("connection_lost", `tsh ended before it had told how the command on ${node} ended.`);
  return { how: "lost", exit_code: null, failure };
}

/** Nothing of what tsh wrote is the remote's then. */
function refused(failure: OpsError): ExecEnd {
  return { how: "refused", exit_code: null, failure, cleanStderr: NOTHING };
}

/** The whole of a short stdout; of a longer one nothing is asked. */
class FirstBytes {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= 1024) this.#chunks.push(chunk);
  }

  text(): string | undefined {
    return this.#bytes <= 1024 ? Buffer.concat(this.#chunks).toString("utf8") : undefined;
  }
}
