import { OpsError } from "@platform-ops/errors";
import type { ClusterSettings } from "@platform-ops/ledger";
import type { Destination } from "../ssh/destination.ts";

/** The name under which the jump host stands in the configuration that we write. */
const JUMP = "platform-ops-jump";

/** Options that hold in every case: no questions, and no host key that nobody vouched for. */
const ALWAYS = ["BatchMode yes", "StrictHostKeyChecking yes", "UpdateHostKeys no", "ServerAliveInterval 15", "ServerAliveCountMax 3"];

/** The host through which a machine is reached, and the socket of the shared connection to it. */
export interface JumpWay {
  readonly to: Destination;
  readonly socket: string;
}

/**
 * The configuration file for `ssh -F`: the operator's settings, or the ssh_config that they name, and nothing else of the account's
 * or the machine's own. A file, because the ssh that speaks to a jump host takes it over, which it does not do with options of
 * the command line.
 * @throws OpsError settings_invalid for a path that ssh_config cannot express
 */
export function sshConfigOf(
  ssh: ClusterSettings["ssh"],
  agent: string | undefined,
  jump: JumpWay | undefined,
  connectSeconds: number,
): string {
  const always = [...ALWAYS, `ConnectTimeout ${connectSeconds}`, "ForwardAgent no"];
  const own = ssh.config_file === undefined ? ownLines(ssh, agent) : [`Include ${configPath(ssh.config_file)}`];
  return `${[...jumpLines(jump), "Host *", ...[...always, ...own].map((line) => `  ${line}`)].join("\n")}\n`;
}

/** The first value that ssh finds for an option counts, so these come before all others. */
function jumpLines(jump: JumpWay | undefined): string[] {
  if (jump === undefined) return [];
  const { host, port, user } = jump.to;
  const lines = [
    `HostName ${host}`,
    `Port ${port}`,
    `User ${user}`,
    `ControlPath ${configPath(jump.socket)}`,
    "ControlMaster no",
    "ProxyJump none",
  ];
  return [`Host ${JUMP}`, ...lines.map((line) => `  ${line}`), "Host *", `  ProxyJump ${JUMP}`];
}

function ownLines(ssh: ClusterSettings["ssh"], agent: string | undefined): string[] {
  return [
    `UserKnownHostsFile ${ssh.known_hosts.map(configPath).join(" ")}`,
    "GlobalKnownHostsFile none",
    ...ssh.identity_files.map((file) => `IdentityFile ${configPath(file)}`),
    ...(ssh.identity_files.length === 0 ? ["IdentityFile none"] : []),
    `IdentityAgent ${agent === undefined ? "none" : configPath(agent)}`,
    "PreferredAuthentications publickey",
  ];
}

/**
 * A path as a word of ssh_config(5): in quotes, `%` doubled.
 * @throws OpsError settings_invalid for `"`, `$` and line ends, which cannot be expressed
 */
export function configPath(path: string): string {
  if (/["$\r\n\0]/.test(path)) {
    throw new OpsError("settings_invalid", `OpenSSH's configuration cannot express the path ${JSON.stringify(path)}.`);
  }
  return `"${path.replaceAll("%", "%%")}"`;
}
