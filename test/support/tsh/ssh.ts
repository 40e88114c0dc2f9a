// `tsh ssh` and `tsh proxy ssh`: whom it finds, whom it lets in, and what it says around the remote command.
import { connect } from "node:net";
import { Exit, fail, type Emulation } from "./emulation.ts";
import type { CommandLine } from "./command-line.ts";
import { nodeTable } from "./commands.ts";
import { nodesFor, sessionAtProxy, type Session } from "./session.ts";
import type { EmulatedNode } from "./state.ts";

const UNANSWERED = `
This usually means that the agent is offline or has disconnected. Check the
agent logs and, if the issue persists, try restarting it or re-registering it
with the cluster.`;

export async function ssh(emulation: Emulation, line: CommandLine): Promise<void> {
  const { flags, args } = line;
  const [where = "", ...words] = args;
  const at = where.lastIndexOf("@");
  const [typed, host] = at < 0 ? [undefined, where] : [where.slice(0, at), where.slice(at + 1)];
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined) throw fail(`please use ssh subcommand with '--port=${port}' flag instead of semicolon`);
  const session = await sessionAtProxy(emulation, line);
  if (host === "") throw fail("must specify a concrete Usage in UserCertsRequest, one of SSH, Kubernetes or Database");
  const login = typed ?? flags["login"] ?? emulation.env["TELEPORT_LOGIN"] ?? emulation.env["USER"] ?? "root";
  if (flags["local"] === "yes") {
    emulation.stdout("Executing command locally without connecting to any servers. This makes no sense.\n");
    throw fail(`exec: "${words.join(" ")}": executable file not found in $PATH`);
  }
  for (const option of line.options) emulation.stdout(`WARNING: Option '${option.split("=")[0]}' is not supported.\n`);
  const command = words.join(" ");
  if (host.includes("=")) return runOnMatches(emulation, session, host, login, command);
  const node = find(emulation, session, host, flags);
  if (flags["tty"] === "yes") emulation.stderr("TTY will not be allocated on the server because stdin is not a terminal\n");
  await runOn(emulation, session, node, host, login, command, true);
}

/** A byte pipe between our stdin and stdout and the machine's SSH port. */
export async function proxySsh(emulation: Emulation, line: CommandLine): Promise<void> {
  const where = line.args[0];
  if (where === undefined) {
    emulation.stderr(emulation.state.help["proxy ssh"] ?? "");
    throw fail("required argument '[user@]host' not provided");
  }
  const session = await sessionAtProxy(emulation, line);
  const host = where.slice(where.lastIndexOf("@") + 1).replace(/:\d+$/, "");
  const short = host.endsWith(`.${session.cluster}`) ? host.slice(0, -session.cluster.length - 1) : host;
  const node = emulation.state.nodes.find(({ hostname, id }) => hostname === short || id === short);
  if (node === undefined || node.down === true) throw fail("ssh: subsystem request failed");
  const { host: sshd, port } = emulation.state.sshd;
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: sshd, port });
    socket.on("error", () => reject(fail("ssh: subsystem request failed")));
    socket.on("close", () => resolve());
    process.stdin.pipe(socket).pipe(process.stdout);
  });
}

function find(emulation: Emulation, session: Session, host: string, flags: CommandLine["flags"]): EmulatedNode {
  const { state } = emulation;
  const cluster = flags["cluster"] ?? session.cluster;
  if (cluster !== state.cluster) {
    throw fail(`failed connecting to host ${host}:0: failed to dial target host\n\tcluster "${cluster}" is not found`);
  }
  const isAddress = /^[\d.]+$/.test(host);
  if (isAddress && flags["port"] === undefined) throw ambiguous([]);
  const found = state.nodes.filter((node) =>
    flags["port"] === undefined ? node.hostname === host || node.id === host : node.addr === `${host}:${flags["port"]}`,
  );
  if (found.length > 1) throw ambiguous(found);
  if (found[0] === undefined) throw fail(unreachable(host, `${host}:3022`, `dial tcp: lookup ${host} on ${state.resolver}: no such host`));
  if (found[0].down === true) throw fail(downText(found[0], host));
  return found[0];
}

/** The one failure without colour and mark. */
function ambiguous(nodes: readonly EmulatedNode[]): Exit {
  return new Exit(
    1,
    `error: ambiguous host could match multiple nodes\n\n${nodeTable(nodes, true)}Hint: try addressing the node by unique id (ex: tsh ssh user@node-id)\nHint: use 'tsh ls -v' to list all nodes with their unique ids\n\n`,
  );
}

function unreachable(host: string, address: string, why: string): string {
  return `failed connecting to host ${host}:0: failed to dial target host\n\tTeleport proxy failed to connect to "node" agent "${address}" over direct dial:\n\n  ${why}\n${UNANSWERED}`;
}

function downText(node: EmulatedNode, host: string): string {
  return unreachable(host, node.addr, `dial tcp ${node.addr}: connect: connection refused`);
}

async function runOn(
  emulation: Emulation,
  session: Session,
  node: EmulatedNode,
  host: string,
  login: string,
  command: string,
  withStdin: boolean,
): Promise<void> {
  const { state } = emulation;
  const { account, user } = session;
  if (account.lock !== undefined) {
    throw fail(`ssh: rejected: administratively prohibited (lock targeting User:"${user}" is in force: ${account.lock})`);
  }
  if (!account.logins.includes(login) || !nodesFor(emulation, account).includes(node)) {
    throw fail(`access denied to ${login} connecting to ${host}:0`);
  }
  const real = state.accounts[login];
  if (real === undefined) {
    emulation.stdout(`Failed to launch: user: unknown user ${login}.\r\n`);
    throw fail("Process exited with status 255", 255);
  }
  // Loaded late: the other commands need no ssh2.
  const { runOnSshd } = await import("./remote.ts");
  // Teleport's agent takes no empty command.
  const status = command === "" ? 255 : await runOnSshd(emulation, { login: real, command, uuid: node.id, withStdin });
  if (status === "lost") throw fail("wait: remote command exited without exit status or exit signal");
  if (status === "cancelled") throw fail("connection canceled");
  if (status !== 0) throw fail(`Process exited with status ${status}`, status);
}

/** One after the other; the first failure cancels the rest; stdin goes to the first. */
async function runOnMatches(emulation: Emulation, session: Session, host: string, login: string, command: string): Promise<void> {
  const wanted = host.split(",").map((pair) => pair.trim().split("="));
  const nodes = nodesFor(emulation, session.account)
    .filter(({ labels }) => wanted.every(([key = "", value]) => labels[key] === value))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const [first] = nodes;
  if (first === undefined) throw fail("no target host specified");
  const several = nodes.length > 1;
  if (several) emulation.stdout("\u001B[1mWARNING\u001B[0m: Multiple nodes matched label selector, running command on all.\n");
  for (const [index, node] of nodes.entries()) {
    const cancelled = "context canceled\n".repeat(nodes.length - index - 1);
    if (node.down === true) {
      emulation.stderr(`${downText(node, node.id)}\n${cancelled}`);
      throw fail(downText(node, node.id));
    }
    if (several) emulation.stdout(`Running command on ${node.id}:\n`);
    try {
      await runOn(emulation, session, node, node.id, login, command, index === 0);
    } catch (error) {
      emulation.stderr(cancelled);
      throw error;
    }
  }
}
