import { OpsError } from "@platform-ops/errors";
import { describeDestination, type Destination } from "./destination.ts";

/** How far a connection had come. */
export type Stage = "address" | "banner" | "host key" | "login" | "ready";

const WAITED_FOR: Readonly<Record<Stage, string>> = {
  address: "the TCP connection",
  banner: "the SSH server's greeting: something accepts connections there and says nothing",
  "host key": "the end of the key exchange",
  login: "the login: the server does not answer, or an agent waits for a person",
  ready: "an answer",
};

/** The refusal of a connection that was not made in time. */
export function connectTimeout(to: Destination, stage: Stage, timeoutMs: number): OpsError {
  return new OpsError(
    "connect_timeout",
    `No connection to ${describeDestination(to)} within ${timeoutMs / 1000} s; it waited for ${WAITED_FOR[stage]}.`,
  );
}

/** Classifies what ssh2, or Node's socket below it, says before a connection is ready. Texts are those of ssh2 1.17. */
export function connectionFailure(to: Destination, error: Error & { code?: string | number; level?: string }, stage: Stage): OpsError {
  const where = describeDestination(to);
  const cause = { cause: error };
  switch (error.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
      return new OpsError("node_unreachable", `The name ${to.host} has no address.`, {
        hint: "Check the host's name in the operator's file, and the resolver of this machine.",
        ...cause,
      });
    case "ECONNREFUSED":
      return new OpsError("node_unreachable", `${where} refuses connections: no SSH server listens there, or a firewall says so.`, cause);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return new OpsError("node_unreachable", `There is no route to ${where}.`, cause);
    case "ETIMEDOUT":
      return new OpsError("connect_timeout", `${where} does not answer: the TCP connection timed out.`, cause);
  }
  if (error.level === "client-timeout") return connectTimeout(to, stage, 0);
  if (/no matching/.test(error.message)) {
    return new OpsError("node_unreachable", `${where} and this client have no algorithm in common (${negotiated(error.message)}).`, {
      hint: "The operator can set `via: openssh` for this cluster, or renew the machine's SSH server.",
      retryable: false,
      ...cause,
    });
  }
  if (stage === "address" || stage === "banner") {
    return new OpsError(
      "node_unreachable",
      `${where} closed the connection before it greeted: it is overloaded (MaxStartups) or refuses this address.`,
      cause,
    );
  }
  return new OpsError(
    "node_unreachable",
    `${where} closed the connection during ${stage === "login" ? "the login" : "the key exchange"}.`,
    cause,
  );
}

function negotiated(message: string): string {
  return /no matching ([a-z ]+)/.exec(message)?.[1]?.trim() ?? "unknown";
}

/** The same failure as that of the host through which a machine is reached. */
export function asJumpFailure(failure: OpsError, to: Destination): OpsError {
  const code = failure.code === "node_unreachable" || failure.code === "connect_timeout" ? "proxy_unreachable" : failure.code;
  return new OpsError(code, `The jump host on the way to ${to.name}: ${failure.message}`, {
    hint: failure.hint,
    retryable: failure.retryable,
    details: failure.details,
    cause: failure,
  });
}

/** Classifies why a jump host opens no way to the machine behind it. */
export function forwardFailure(to: Destination, jump: Destination, error: Error & { reason?: unknown }): OpsError {
  const said = /Channel open failure: (.+)/.exec(error.message)?.[1] ?? "";
  const way = `${describeDestination(to)} through the jump host ${describeDestination(jump)}`;
  // RFC 4254 §5.1: 1 is "administratively prohibited".
  if (error.reason === 1 || /prohibited/i.test(said)) {
    return new OpsError("access_denied", `The jump host ${describeDestination(jump)} does not forward to ${describeDestination(to)}.`, {
      hint: "Let its administrator allow it (AllowTcpForwarding, PermitOpen).",
      cause: error,
    });
  }
  const known = /connection refused|timed out|no route|name or service|unknown host|unreachable/i.exec(said)?.[0];
  return new OpsError("node_unreachable", `No way to ${way}${known === undefined ? "" : `: ${known.toLowerCase()}`}.`, { cause: error });
}
