import { OpsError } from "@platform-ops/errors";
import type { Target } from "@platform-ops/remote-command";
import type { FluxTeleportDeps } from "./deps.ts";
import type { Said } from "./tools/result.ts";

/** What a caller says of where: all of it may be absent, the operator's file then says it. */
export interface Where {
  /** A cluster or an environment of the operator's file. */
  readonly cluster?: string | undefined;
  readonly node?: string | undefined;
  readonly user?: string | undefined;
}

/** Where a command runs, and how Kubernetes is reached from there. */
export interface Place {
  readonly target: Target;
  /** Whether kubectl, flux and helm need `sudo -n` there. */
  readonly sudo: boolean;
  /** `default`, `k3s`, `kubeadm`, or an absolute path. */
  readonly kubeconfig: string;
  /** Name of the environment that gave the defaults, if one did. */
  readonly environment?: string;
}

/**
 * The place that a call means. What is found is added to `said`, so that every answer names where it was.
 * @throws OpsError not_allowed (no such cluster, with those there are), invalid_input (what is missing, and where it is set)
 */
export async function placeOf(
  deps: Pick<FluxTeleportDeps, "config" | "remote">,
  where: Where,
  purpose: "kubernetes" | "machine",
  said: Said,
): Promise<Place> {
  const { policy, settings } = deps.config;
  const { resolveTarget } = await import("@platform-ops/remote-command");
  const resolved = resolveTarget(policy, settings.remote, asInput(deps, where), purpose);
  const { cluster, node } = resolved.target;
  if (cluster !== undefined) said["cluster"] = cluster;
  if (node !== undefined) said["node"] = node;
  if (cluster === undefined || node === undefined)
    throw new OpsError("invalid_input", `${cluster === undefined ? "cluster" : "node"} is missing, and the operator's file names none.`, {
      hint: cluster === undefined ? "list_environments shows what there is." : "list_teleport_nodes shows the machines of the cluster.",
    });
  const user = resolved.target.user ?? (await (await deps.remote()).userOn(cluster, node));
  said["user"] = user;
  const { sudo, kubeconfig, environment } = resolved;
  return { target: { cluster, node, user }, sudo, kubeconfig, ...(environment === undefined ? {} : { environment }) };
}

/** `cluster` may name an environment where no cluster has that name. */
function asInput(deps: Pick<FluxTeleportDeps, "config">, { cluster, node, user }: Where) {
  const { policy, settings } = deps.config;
  const isEnvironment =
    cluster !== undefined && !Object.hasOwn(settings.remote.clusters, cluster) && policy.environments.some(({ name }) => name === cluster);
  return {
    ...(cluster === undefined ? {} : isEnvironment ? { environment: cluster } : { cluster }),
    ...(node === undefined ? {} : { node }),
    ...(user === undefined ? {} : { user }),
  };
}

/**
 * The cluster that a call means, where no machine is named. One that is left out is the only one there is.
 * @throws OpsError not_allowed, invalid_input
 */
export function clusterOf(deps: Pick<FluxTeleportDeps, "config">, given: string | undefined, said: Said): string {
  const { policy, settings } = deps.config;
  const known = Object.keys(settings.remote.clusters);
  const mapped = policy.environments.find(({ name }) => name === given)?.remote?.cluster;
  const cluster = given === undefined ? (known.length === 1 ? known[0] : undefined) : known.includes(given) ? given : mapped;
  if (cluster !== undefined && known.includes(cluster)) {
    said["cluster"] = cluster;
    return cluster;
  }
  if (known.length === 0)
    throw new OpsError("not_allowed", "Invalid cluster. No cluster may be reached: none is configured.", {
      hint: "The operator names clusters in the section remote of the configuration, or in ALLOWED_TELEPORT_CLUSTERS.",
    });
  if (given === undefined)
    throw new OpsError("invalid_input", `cluster is missing. Must be one of: [${known.join(", ")}]`, {
      hint: "Call again with one of them.",
    });
  throw new OpsError("not_allowed", `Invalid cluster. Must be one of: [${known.join(", ")}]`, {
    hint: "Call again with one of them; only the operator can allow another.",
    details: { clusters: known },
  });
}
