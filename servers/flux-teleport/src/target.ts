import { OpsError } from "@platform-ops/errors";
import type { Policy } from "@platform-ops/ledger";
import type { Target, TargetInput } from "@platform-ops/remote-command";
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
  const resolved = resolveTarget(policy, settings.remote, asInput(deps, where, purpose), purpose);
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

/**
 * `cluster` may name an environment where no cluster has that name. A machine from which exactly one environment's Kubernetes
 * is steered tells its cluster too.
 */
function asInput(
  { config }: Pick<FluxTeleportDeps, "config">,
  { cluster, node, user }: Where,
  purpose: "kubernetes" | "machine",
): TargetInput {
  const { policy, settings } = config;
  const isEnvironment =
    cluster !== undefined && !Object.hasOwn(settings.remote.clusters, cluster) && policy.environments.some(({ name }) => name === cluster);
  const steered = cluster === undefined && node !== undefined ? clustersOf(policy, node) : [];
  const meant = cluster ?? (steered.length === 1 ? steered[0] : undefined);
  // The whole of an environment is where its Kubernetes is; of its machines the caller names one.
  const isPlace = isEnvironment && (purpose === "kubernetes" || node === undefined);
  const mapped = isEnvironment && !isPlace ? policy.environments.find(({ name }) => name === cluster)?.remote?.cluster : undefined;
  return {
    ...(meant === undefined ? {} : isPlace ? { environment: meant } : { cluster: mapped ?? meant }),
    ...(node === undefined ? {} : { node }),
    ...(user === undefined ? {} : { user }),
  };
}

/** The clusters from whose machine of that name Kubernetes is steered. */
function clustersOf(policy: Policy, node: string): string[] {
  const found = policy.environments.flatMap(({ remote }) =>
    remote?.cluster !== undefined && remote.node === node ? [remote.cluster] : [],
  );
  return [...new Set(found)];
}

/**
 * The cluster that a call means, where no machine is named.
 * @throws OpsError not_allowed, invalid_input
 */
export async function clusterOf(deps: Pick<FluxTeleportDeps, "config">, given: string | undefined, said: Said): Promise<string> {
  const { policy, settings } = deps.config;
  const { resolveTarget } = await import("@platform-ops/remote-command");
  const { cluster } = resolveTarget(policy, settings.remote, asInput(deps, { cluster: given }, "machine"), "machine").target;
  if (cluster === undefined) throw new OpsError("invalid_input", "cluster is missing.", { hint: "list_environments shows what there is." });
  said["cluster"] = cluster;
  return cluster;
}
