// tsh's failures by their text. Exit codes tell nothing: every failure of tsh is 1, and so are many remote commands.
import { OpsError, type ErrorCode } from "@platform-ops/errors";

/** What a failure is told with. */
export interface FailureContext {
  /** Name of the cluster in the operator's file. */
  readonly cluster: string;
  readonly node?: string;
  readonly user?: string;
  readonly proxy?: string;
  /** The command with which a person logs in. */
  readonly login: string;
  /** Set where an identity file is used: a person cannot log in to renew it. */
  readonly identityFile?: string;
}

/** Whether a remote command may have been started when this is what tsh said. */
type Ran = "no" | "perhaps";

interface Row {
  readonly text: RegExp;
  readonly code: ErrorCode;
  readonly ran: Ran;
  readonly message: (context: FailureContext) => string;
  readonly hint?: (context: FailureContext, said: string) => string;
}

const machine = (context: FailureContext): string => context.node ?? "the machine";
const proxyOf = (context: FailureContext): string => (context.proxy === undefined ? "the proxy" : `the proxy ${context.proxy}`);
const loginHint = (context: FailureContext): string =>
  context.identityFile === undefined
    ? `A person runs: ${context.login}`
    : "Machine ID (tbot) renews the identity file: check that it runs, and that remote.clusters names the file that it writes.";

/**
 * In order: the first that matches counts. Sources: outputs of 13.3.8 recorded on a real cluster; texts of 12–18 in Teleport's
 * source (lib/client, lib/srv, api/client), which name the version where they differ.
 */
const ROWS: readonly Row[] = [
  {
    text: /^wait: remote command exited without exit status|^(?:wait: )?(?:EOF|connection lost)$|connection reset by peer$|broken pipe$|use of closed network connection/m,
    code: "connection_lost",
    ran: "perhaps",
    message: (c) => `The connection to ${machine(c)} broke while the command ran.`,
  },
  {
    text: /^connection canceled|^context canceled/m,
    code: "connection_lost",
    ran: "perhaps",
    message: (c) => `tsh was interrupted before the command on ${machine(c)} had ended.`,
  },
  {
    text: /lock targeting|is locked/,
    code: "access_denied",
    ran: "no",
    message: () => "A lock is in force on this account in Teleport.",
    hint: () => "An administrator of Teleport lifts the lock (`tctl locks`).",
  },
  {
    text: /cert(?:ificate)? has expired(?! or is not yet valid)|Active profile expired|cannot relogin in non-interactive|tls: expired certificate/,
    code: "certificate_expired",
    ran: "no",
    message: (c) => (c.identityFile === undefined ? "The Teleport login has expired." : `The identity file ${c.identityFile} has expired.`),
    hint: loginHint,
  },
  {
    text: /failed to parse identity file|could not find SSH cert in the identity file|identity (?:file )?also requires|unable to (?:load|read) identity/,
    code: "not_logged_in",
    ran: "no",
    message: (c) => `The identity file ${c.identityFile ?? ""} cannot be read, or is none.`.replace("  ", " "),
    hint: loginHint,
  },
  {
    text: /^Not logged in|No active profile|No proxy address specified|no SSH auth methods loaded|not logged in|no credentials|^no profile|without a terminal|timed out waiting for callback/im,
    code: "not_logged_in",
    ran: "no",
    message: (c) => `Nobody is logged in to Teleport for the cluster ${c.cluster}.`,
    hint: loginHint,
  },
  {
    text: /ambiguous host could match multiple nodes|multiple matching hosts found|err-node-is-ambiguous/,
    code: "node_ambiguous",
    ran: "no",
    message: (c) => `Several machines have the name ${machine(c)}.`,
    // A table of them follows, with their ids.
    hint: (_, said) => {
      const ids = [...new Set(said.match(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g))].slice(0, 10);
      return `Use the id of one of them as the node${ids.length === 0 ? "; list_teleport_nodes has them" : `: ${ids.join(", ")}`}.`;
    },
  },
  {
    text: /err-max-leases|too many concurrent|max_(?:connections|sessions)/,
    code: "access_denied",
    ran: "no",
    message: () => "The role's limit of sessions at a time is reached.",
    hint: () => "Wait until other sessions have ended, or let the role allow more.",
  },
  {
    text: /(?:MFA|multi-factor|second factor|security key).*(?:required|failed|not|no )|failed to (?:perform|validate) .*(?:MFA|challenge)/i,
    code: "access_denied",
    ran: "no",
    message: (c) => `Teleport asks for a second factor for each session on ${machine(c)}, which only a person can give.`,
    hint: () => "Use an account of Machine ID whose role asks for none, or let a person run the command.",
  },
  {
    text: /access denied|access to \S+ denied|permission denied/i,
    code: "access_denied",
    ran: "no",
    message: (c) =>
      c.node === undefined
        ? `Teleport refuses this account in the cluster ${c.cluster}.`
        : `Teleport does not let ${c.user ?? "this login"} in on ${c.node}: the login or the machine is not in the account's roles.`,
    hint: () => "get_teleport_status names the logins of this account; request_teleport_access asks for a role.",
  },
  {
    text: /cluster "[^"]*" is not found|looking up remote cluster|remote cluster .* (?:not found|offline)|authentication handshake failed: EOF/,
    code: "cluster_unknown",
    ran: "no",
    message: (c) => `Teleport has no cluster for ${c.cluster}, or it is offline.`,
    hint: (c) => `Check remote.clusters.${c.cluster}.teleport.cluster in the operator's file against \`tsh clusters\`.`,
  },
  {
    text: /offline or does not exist|unable to locate node matching|not found in inventory|no matching hosts found|no target host specified|subsystem request failed/,
    code: "node_unknown",
    ran: "no",
    message: (c) => `Teleport has no machine ${machine(c)} in ${c.cluster}, or it is offline. Names are case-sensitive.`,
  },
  {
    text: /failed connecting to host [^\n]*(?:\n.*)*lookup \S+ on .*no such host|failed connecting to host [^\n]*(?:\n.*)*lookup \S+: no such host/,
    code: "node_unknown",
    ran: "no",
    message: (c) => `Teleport has no machine ${machine(c)} in ${c.cluster}. Names are case-sensitive.`,
  },
  {
    text: /failed connecting to host|failed to dial target host/,
    code: "node_unreachable",
    ran: "no",
    message: (c) => `${machine(c)} is registered in ${c.cluster} but does not answer the proxy.`,
  },
  {
    text: /is offline$/m,
    code: "cluster_unknown",
    ran: "no",
    message: (c) => `The cluster ${c.cluster} is offline.`,
  },
  {
    text: /signed by an?\s+unknown authority|x509: |Cannot establish https connection/,
    code: "proxy_unreachable",
    ran: "no",
    message: (c) => `The certificate of ${proxyOf(c)} is not trusted here, or is not for that name.`,
    hint: () => "Set SSL_CERT_FILE to the authority that signed it; `insecure: true` in the operator's file is for test proxies only.",
  },
  {
    text: /webapi\/ping|proxy not available|is ".*" a Teleport (?:server|proxy)|connection refused|i\/o timeout|no such host|context deadline exceeded|no route to host|network is unreachable/,
    code: "proxy_unreachable",
    ran: "no",
    message: (c) => `${proxyOf(c)} does not answer.`.replace(/^the/, "The"),
  },
  {
    text: /does not implement this feature yet|incompatible (?:client|version)|client version .* (?:old|not supported)|unknown (?:long|short) flag|expected command but got|unexpected argument/,
    code: "program_missing",
    ran: "no",
    message: () => "This tsh does not go with this proxy, or is too old to know what is asked of it.",
    hint: () => "verify_teleport_compatibility names both versions and what to install.",
  },
];

/** A failure of tsh: its code, and whether a command may have been started. */
export interface TshFailure {
  readonly error: OpsError;
  readonly ran: Ran;
  /** False for a text that the table does not know. */
  readonly known: boolean;
}

/**
 * Classifies what tsh said. The text itself is not passed on in the message: it is another program's; a short, cleaned piece of
 * an unknown one is kept in the details.
 */
export function classifyTsh(text: string, context: FailureContext): TshFailure {
  const row = ROWS.find((candidate) => candidate.text.test(text));
  if (row === undefined) {
    const error = new OpsError("connection_lost", `tsh failed in a way that is not known here (${machine(context)}).`, {
      hint: "Look at the target before anything is repeated; verify_teleport_compatibility tells whether tsh and the proxy go together.",
      details: { tsh_said: text.replaceAll(/[^\u0020-\u007E\n]/g, "?").slice(0, 300) },
    });
    return { error, ran: "perhaps", known: false };
  }
  const hint = row.hint?.(context, text);
  return { error: new OpsError(row.code, row.message(context), hint === undefined ? {} : { hint }), ran: row.ran, known: true };
}
