import { OpsError } from "@platform-ops/errors";
import { environmentsOfMachine, strictest, type Environment, type Policy, type RemoteSettings } from "@platform-ops/ledger";
import type { Target } from "../target.ts";

/** What a caller says of where; all of it may be absent. */
export interface TargetInput {
  /** Name of an environment of the operator's file. */
  readonly environment?: string;
  readonly cluster?: string;
  readonly node?: string;
  readonly user?: string;
}

/** What the operator's file makes of it. What is still absent, nobody said. */
export interface ResolvedTarget {
  readonly target: Partial<Target>;
  /** Whether kubectl, flux and helm need `sudo -n` there. */
  readonly sudo: boolean;
  /** `default`, `k3s`, `kubeadm`, or an absolute path. */
  readonly kubeconfig: string;
  /** The environment that gave the defaults. */
  readonly environment?: string;
}

/** Where an environment's Kubernetes is steered from. */
type Mapped = Environment & { readonly remote: NonNullable<Environment["remote"]> & { readonly cluster: string } };

/**
 * Fills in what a caller left out: from the environment that was named, from the one whose Kubernetes is steered from the
 * named cluster, or where there is but one choice. Never takes another cluster or machine than was named: it says instead
 * where the right one is. Pure.
 * @throws OpsError not_allowed (a cluster that is not allowed), invalid_input (several choices, an environment that there is
 * not, a contradiction), each with what there is
 */
export function resolveTarget(
  policy: Policy,
  settings: RemoteSettings,
  input: TargetInput,
  purpose: "kubernetes" | "machine",
): ResolvedTarget {
  const named = input.environment === undefined ? undefined : environmentCalled(policy, input.environment);
  if (named !== undefined) checkAgrees(policy, named, input, purpose);
  const cluster = input.cluster ?? named?.remote?.cluster ?? onlyCluster(policy, settings, purpose);
  checkAllowed(settings, cluster);
  const steered = named !== undefined && isMapped(named) ? named : steeredFrom(policy, cluster, input.node, purpose);
  if (purpose === "kubernetes" && input.node === undefined && steered === undefined) refuseElsewhere(policy, cluster);
  const node =
    input.node ?? (purpose === "kubernetes" || named !== undefined ? steered?.remote.node : undefined) ?? onlyNode(settings, cluster);
  const own = environmentOfNode(policy, cluster, node);
  const environment = purpose === "kubernetes" ? (steered ?? own) : (named ?? own);
  const user = input.user ?? environment?.remote?.user;
  return {
    target: { cluster, ...(node === undefined ? {} : { node }), ...(user === undefined ? {} : { user }) },
    sudo: environment?.remote?.sudo ?? false,
    kubeconfig: environment?.remote?.kubeconfig ?? "default",
    ...(environment === undefined ? {} : { environment: environment.name }),
  };
}

function isMapped(environment: Environment): environment is Mapped {
  return environment.remote?.cluster !== undefined;
}

const mapped = (policy: Policy): Mapped[] => policy.environments.filter(isMapped);

function environmentCalled(policy: Policy, name: string): Environment {
  const found = policy.environments.find((environment) => environment.name === name);
  if (found !== undefined) return found;
  const names = policy.environments.map((environment) => environment.name).join(", ");
  throw new OpsError("invalid_input", `There is no environment of that name. Environments: ${names}.`, {
    hint: "Use one of them, or name cluster and node.",
  });
}

/** "Kubernetes of production is on cluster shared, machine cp-1" */
function whereText({ name, remote }: Mapped): string {
  return `Kubernetes of ${name} is on cluster ${remote.cluster}${remote.node === undefined ? "" : `, machine ${remote.node}`}`;
}

/** A call that names an environment and something that is not in it means two things at once. */
function checkAgrees(policy: Policy, named: Environment, { cluster, node }: TargetInput, purpose: "kubernetes" | "machine"): void {
  if (!isMapped(named)) {
    if (cluster === undefined)
      throw new OpsError("invalid_input", `The operator's file does not say on which cluster the environment ${named.name} is.`, {
        hint: `Name cluster and node, or let the operator set environments[${named.name}].remote.cluster.`,
      });
  } else if (purpose === "kubernetes") {
    const isOther =
      (cluster ?? named.remote.cluster) !== named.remote.cluster ||
      (named.remote.node !== undefined && (node ?? named.remote.node) !== named.remote.node);
    if (isOther)
      throw new OpsError("invalid_input", `${whereText(named)}, not where this call says.`, {
        hint: "Leave cluster and node out, or leave the environment out.",
      });
    return;
  }
  const place = { cluster: cluster ?? named.remote?.cluster ?? "", ...(node === undefined ? {} : { node }) };
  if ((cluster !== undefined || node !== undefined) && !environmentsOfMachine(policy, place).includes(named))
    throw new OpsError("invalid_input", `That machine is not in the environment ${named.name}.`, {
      hint: "Leave the environment out, or name a machine of it.",
    });
}

function checkAllowed({ clusters }: RemoteSettings, cluster: string): void {
  if (Object.hasOwn(clusters, cluster)) return;
  const names = Object.keys(clusters);
  if (names.length === 0)
    throw new OpsError("not_allowed", "Invalid cluster. No cluster may be reached: none is configured.", {
      hint: "The operator names clusters in the section remote of the configuration, or in ALLOWED_TELEPORT_CLUSTERS.",
    });
  throw new OpsError("not_allowed", `Invalid cluster. Must be one of: [${names.join(", ")}]`, {
    hint: "Call again with one of them; only the operator can allow another.",
    details: { clusters: names },
  });
}

/** The cluster that is meant where none is named: where there is but one choice. */
function onlyCluster(policy: Policy, settings: RemoteSettings, purpose: "kubernetes" | "machine"): string {
  const reachable = mapped(policy).filter(({ remote }) => Object.hasOwn(settings.clusters, remote.cluster));
  const steering = purpose === "kubernetes" ? reachable : [];
  const names = Object.keys(settings.clusters);
  if (steering.length === 1) return steering[0]!.remote.cluster;
  if (steering.length === 0 && names.length === 1) return names[0]!;
  if (names.length === 0) checkAllowed(settings, "");
  const choices = steering.length > 1 ? steering.map(whereText).join("; ") : `Must be one of: [${names.join(", ")}]`;
  throw new OpsError("invalid_input", `cluster is missing, and there is more than one. ${choices}`, {
    hint: "list_environments shows what there is.",
  });
}

/** The environment whose Kubernetes is steered from this cluster, and from this machine where one is named. */
function steeredFrom(policy: Policy, cluster: string, node: string | undefined, purpose: "kubernetes" | "machine"): Mapped | undefined {
  const here = mapped(policy).filter(({ remote }) => remote.cluster === cluster);
  const fitting = node === undefined ? here : here.filter(({ remote }) => remote.node === undefined || remote.node === node);
  // A machine that was named exactly, before one that is any of its cluster.
  const exact = fitting.filter(({ remote }) => node !== undefined && remote.node === node);
  const [first, ...others] = exact.length > 0 ? exact : fitting;
  if (first === undefined || purpose === "machine") return first;
  if (node === undefined && others.some(({ remote }) => remote.node !== first.remote.node))
    throw new OpsError(
      "invalid_input",
      `node is missing, and the cluster ${cluster} has more than one. ${[first, ...others].map(whereText).join("; ")}.`,
      {
        hint: "Call again with the node, or with the environment.",
      },
    );
  return first;
}

/** The environments of this cluster's machines may have their Kubernetes on another one: a call there is a mistake that is common. */
function refuseElsewhere(policy: Policy, cluster: string): void {
  const elsewhere = policy.environments
    .filter(isMapped)
    .find(
      (environment) =>
        environment.name === cluster ||
        (environment.match.clusters !== undefined && environmentsOfMachine(policy, { cluster }).includes(environment)),
    );
  if (elsewhere === undefined || elsewhere.remote.cluster === cluster) return;
  const { cluster: there, node } = elsewhere.remote;
  throw new OpsError("invalid_input", `${whereText(elsewhere)}; cluster ${cluster} has none that the operator's file names.`, {
    hint: `Call again with cluster "${there}"${node === undefined ? "" : ` and node "${node}"`}.`,
    details: { cluster: there, ...(node === undefined ? {} : { node }) },
  });
}

/** The machine that is meant where none is named and the cluster has but one. */
function onlyNode({ clusters }: RemoteSettings, name: string): string | undefined {
  const cluster = clusters[name];
  if (cluster?.transport === "local") return "localhost";
  return cluster?.transport === "ssh" && cluster.ssh.hosts.length === 1 ? cluster.ssh.hosts[0]!.name : undefined;
}

function environmentOfNode(policy: Policy, cluster: string, node: string | undefined): Environment | undefined {
  return strictest(environmentsOfMachine(policy, { cluster, ...(node === undefined ? {} : { node }) }));
}
