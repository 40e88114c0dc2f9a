import { OpsError } from "@platform-ops/errors";
import type { ClusterSettings, SshHost } from "@platform-ops/ledger";

/** Where a connection goes, and as whom. */
export interface Destination {
  /** How people call it: the name of the operator's file. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The host through which it is reached. */
  readonly jump?: Destination;
}

/**
 * The destination of a machine that the operator's file lists for the cluster.
 * @throws OpsError node_unknown, with the names that there are
 */
export function destinationOf(cluster: string, ssh: ClusterSettings["ssh"], node: string, user: string): Destination {
  const found = ssh.hosts.find((host) => host.name === node);
  if (found === undefined) {
    throw new OpsError("node_unknown", `No machine "${node}" is listed in cluster ${cluster}.`, {
      hint: `Use one of: ${shortList(ssh.hosts)}. The operator lists machines in remote.clusters.${cluster}.ssh.hosts.`,
      retryable: false,
    });
  }
  const own = { name: node, host: found.host, port: found.port, user };
  return ssh.jump === undefined ? own : { ...own, jump: parseJump(ssh.jump, user) };
}

/**
 * Reads `[user@]host[:port]`, an IPv6 address in brackets.
 * @throws OpsError settings_invalid
 */
export function parseJump(text: string, user: string): Destination {
  const parts = /^(?:([^@]+)@)?(?:\[([0-9a-fA-F:.]+)\]|([^@:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = parts?.[2] ?? parts?.[3] ?? "";
  const port = Number(parts?.[4] ?? 22);
  if (parts === null || host.startsWith("-") || parts[1]?.startsWith("-") === true || port < 1 || port > 65_535) {
    throw new OpsError("settings_invalid", `The jump host "${text}" is not of the form [user@]host[:port].`);
  }
  return { name: host, host, port, user: parts[1] ?? user };
}

/** `web1 (10.0.0.1:22)`, or the one of them that says all. */
export function describeDestination({ name, host, port }: Destination): string {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return name === host && port === 22 ? host : name === host ? address : `${name} (${address})`;
}

/** Connections of one key can stand for each other. */
export function destinationKey({ host, port, user, jump }: Destination): string {
  return JSON.stringify([user, host, port, jump === undefined ? null : destinationKey(jump)]);
}

function shortList(hosts: readonly SshHost[]): string {
  if (hosts.length === 0) return "(none is listed)";
  const names = hosts.slice(0, 20).map((host) => host.name);
  return names.join(", ") + (hosts.length > names.length ? ` and ${hosts.length - names.length} more` : "");
}
