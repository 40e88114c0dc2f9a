import { OpsError, type ErrorCode } from "@platform-ops/errors";
import { describeDestination, type Destination } from "../ssh/destination.ts";
import { knownHostName } from "../ssh/known-hosts.ts";

interface Row {
  readonly text: RegExp;
  readonly code: ErrorCode;
  readonly message: (where: string, to: Destination) => string;
  readonly hint?: (to: Destination, said: string) => string;
}

/** What OpenSSH 9 says of itself when it makes no connection; the first row that matches counts. */
const REFUSALS: readonly Row[] = [
  {
    text: /REVOKED HOST KEY/,
    code: "host_key_changed",
    message: (where) => `${where} shows a host key that is revoked in known_hosts.`,
    hint: () => "Do not go on: whoever holds this key can pretend to be the machine. A person gives the machine a new host key.",
  },
  {
    text: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "host_key_changed",
    message: (where) => `The host key of ${where} is not the one in known_hosts.`,
    hint: ({ host, port }, said) => {
      const shown = /SHA256:[A-Za-z0-9+/]+/.exec(said)?.[0];
      const file = /Offending \S+ key in (.+):\d+/.exec(said)?.[1];
      return (
        `Do not go on: somebody may be between you and the machine.${shown === undefined ? "" : ` It shows ${shown}.`} A person finds out why it changed. ` +
        `Only where the change is explained: \`ssh-keygen -R '${knownHostName(host, port)}'${file === undefined ? "" : ` -f '${file}'`}\`, then the new key is added.`
      );
    },
  },
  {
    text: /Host key verification failed|host key is known for/,
    code: "host_key_unknown",
    message: (where) => `The host key of ${where} is not in known_hosts.`,
    hint: ({ host, port }) =>
      `A person runs \`ssh-keyscan -p ${port} ${host}\`, compares the key on the machine itself (\`ssh-keygen -lf\` over its ` +
      "/etc/ssh/ssh_host_*_key.pub), and adds the line to known_hosts.",
  },
  {
    text: /Permission denied|Too many authentication failures|no mutual signature/i,
    code: "authentication_failed",
    message: (where, { user }) => `${where} accepts none of our keys or certificates for the user ${user}.`,
    hint: () =>
      "A person adds a public key to that user's authorized_keys, renews the certificate, or puts the key into the agent (`ssh-add`; a key with a passphrase works only there).",
  },
  { text: /Could not resolve hostname/, code: "node_unreachable", message: (_, { host }) => `The name ${host} has no address.` },
  {
    text: /administratively prohibited|open failed: unknown channel type/,
    code: "access_denied",
    message: (where) => `The jump host does not forward to ${where}.`,
    hint: () => "Let its administrator allow it (AllowTcpForwarding, PermitOpen).",
  },
  { text: /Connection refused|connect failed/, code: "node_unreachable", message: (where) => `${where} refuses connections.` },
  { text: /No route to host|Network is unreachable/, code: "node_unreachable", message: (where) => `There is no route to ${where}.` },
  { text: /timed out|Timeout, server/i, code: "connect_timeout", message: (where) => `No connection to ${where} in time.` },
  {
    text: /Unable to negotiate/,
    code: "node_unreachable",
    message: (where) => `${where} and this client have no algorithm in common.`,
  },
  {
    text: /Bad configuration option|Bad owner or permissions|terminating, \d+ bad configuration|Can't open user config file/,
    code: "settings_invalid",
    message: () => "OpenSSH refuses its configuration file.",
    hint: () => "Check `config_file` of this cluster in the operator's file, and what that file holds.",
  },
  {
    text: /kex_exchange_identification|banner|Connection (closed|reset)/i,
    code: "node_unreachable",
    message: (where) => `${where} closed the connection before it was made: it is overloaded (MaxStartups) or refuses this address.`,
  },
];

/** True for a greeting that never came: the server drops at random when many log in at once, and nothing was begun. */
export function droppedBeforeGreeting(said: string): boolean {
  return /kex_exchange_identification: (Connection closed|read: Connection reset|banner line contains)|Exceeded MaxStartups/.test(said);
}

/** Why ssh made no connection, by what it said; undefined when it said nothing of the kind. */
export function sshRefusal(said: string, to: Destination): OpsError | undefined {
  const row = REFUSALS.find(({ text }) => text.test(said));
  if (row === undefined) return undefined;
  return new OpsError(row.code, row.message(describeDestination(to), to), row.hint === undefined ? {} : { hint: row.hint(to, said) });
}

/** The exit status that ssh at LogLevel DEBUG2 says it received, from the server or from the process of the shared connection. */
export function receivedStatus(log: string): number | undefined {
  const found = /^debug\d: .*(?:Received exit status from master|Exit status) (\d+)\s*$/m.exec(log)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What ssh said besides its debugging. */
export function withoutDebugging(log: string): string {
  return log
    .split("\n")
    .filter((line) => !/^debug\d: /.test(line))
    .join("\n");
}
