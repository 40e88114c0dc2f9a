import { isOpsError, OpsError } from "@platform-ops/errors";
import type { ClusterSettings } from "@platform-ops/ledger";
import type { RemoteNode } from "../target.ts";
import type { ExecEnd, ExecRequest, Transport } from "../transport.ts";
import { describeDestination, destinationOf, type Destination } from "./destination.ts";
import { execLine } from "./exec-line.ts";
import { ConnectionPool, POOL_LIMITS, type Lease, type PoolLimits } from "./pool.ts";

export interface Ssh2TransportOptions {
  /** The cluster's name in the operator's file. */
  readonly cluster: string;
  readonly settings: ClusterSettings;
  /** Socket of an agent. */
  readonly agent?: string | undefined;
  /** The login where nobody names one. */
  readonly defaultUser?: string | undefined;
  /** Milliseconds until a connection must be ready; 15,000 by default. */
  readonly connectTimeoutMs?: number;
  readonly limits?: Partial<PoolLimits>;
}

const CONNECT_MS = 15_000;
const KEEPALIVE_MS = 15_000;
/** sshd frees the place of a session a little after its end. */
const PLACE_MS = 25;
/** How often a channel is asked for on a connection that carries nothing else. */
const REFUSALS = 8;
/** How often a dead connection is replaced: nothing was sent on it. */
const DEAD_CONNECTIONS = 3;

/** Machines by SSH, on connections of our own that stay warm. Nothing is loaded or connected before the first command. */
export function openSsh2Transport(options: Ssh2TransportOptions): Transport {
  const { ssh } = options.settings;
  const pool = new ConnectionPool(
    {
      identityFiles: ssh.identity_files,
      agent: options.agent,
      knownHosts: ssh.known_hosts,
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_MS,
      keepaliveMs: KEEPALIVE_MS,
    },
    { ...POOL_LIMITS, ...options.limits },
  );
  return {
    kind: "ssh",
    exec: async (request) => {
      try {
        return await execOn(pool, destinationOf(options.cluster, ssh, request.target.node, request.target.user), request);
      } catch (error) {
        // All that is thrown here was thrown before the line was sent.
        if (isOpsError(error)) return { how: "refused", exit_code: null, failure: error };
        throw error;
      }
    },
    nodes: () => Promise.resolve(nodesOf(ssh)),
    defaultUser: () => Promise.resolve(options.defaultUser),
    close: () => {
      pool.close();
      return Promise.resolve();
    },
  };
}

/** The machines that the operator's file lists. */
export function nodesOf(ssh: ClusterSettings["ssh"]): RemoteNode[] {
  return ssh.hosts.map(({ name, host, port, labels }) => ({
    hostname: name,
    address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    labels,
  }));
}

/** Asks for a channel until there is one: as long as the line was not sent, asking again is safe. */
async function execOn(pool: ConnectionPool, to: Destination, request: ExecRequest): Promise<ExecEnd> {
  let refusals = 0;
  let dead = 0;
  for (;;) {
    const lease = await pool.lease(to, request.signal);
    const end = await execOnLease(lease, request);
    if (end === "full") {
      if (lease.full()) refusals += 1;
      lease.release();
      if (refusals === REFUSALS) {
        throw new OpsError("access_denied", `${describeDestination(to)} opens no session for ${to.user}.`, {
          hint: "Let its administrator look at MaxSessions in its sshd_config.",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, PLACE_MS * (refusals + 1)));
    } else if (end === "dead") {
      lease.release();
      dead += 1;
      if (dead === DEAD_CONNECTIONS) {
        throw new OpsError("node_unreachable", `${describeDestination(to)} accepts logins and then opens no session.`);
      }
    } else {
      lease.release();
      return end;
    }
  }
}

async function execOnLease(lease: Lease, request: ExecRequest): Promise<ExecEnd | "full" | "dead"> {
  const end = await execLine(lease.client, request);
  if (end === "dead") {
    lease.retire();
    lease.client.destroy();
  } else if (end !== "full" && end.how === "lost") {
    lease.retire();
  }
  return end;
}
