import { dirname } from "node:path";
import type { Channel } from "../approvals/channel.ts";
import { matchesGlob, matchesPathGlob } from "./glob.ts";
import { isInside } from "./narrowing.ts";
import type { EnvironmentRemote } from "./remote.ts";

/** What a change does to one resource, or to outputs. */
export const CHANGE_KINDS = ["create", "update", "delete", "replace", "move", "import", "forget", "outputs"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A part of the platform with rules of its own. */
export interface Environment {
  name: string;
  /** Globs. A configuration path matches by `config_paths`; a machine by `clusters` and `nodes`, both where both are named. */
  match: { config_paths?: string[]; clusters?: string[]; nodes?: string[] };
  /** True: only the channel `signed` decides. */
  protected: boolean;
  channels: Channel[];
  /** How many distinct keys must sign. */
  required?: number;
  /** What may be done on its machines; absent: what `guarded` says. */
  remote?: EnvironmentRemote;
}

/** What the policy itself approves. */
export interface AutoRule {
  environments: string[];
  /** Globs over workspace names. */
  workspaces: string[];
  changes: ChangeKind[];
}

/** The operator's word: from files only; environment and flags can only narrow it. */
export interface Policy {
  /** The first match wins; the last one, `default`, matches everything. */
  environments: Environment[];
  approvals: {
    auto: AutoRule[];
    signed?: { allowed_signers: string; revoked?: string; required: number };
    /** How long a request stays open at most. */
    hours: number;
    notify: { command?: string[]; webhook?: string };
  };
  roots: string[] | undefined;
  read_only: boolean;
  toolsets: string[] | undefined;
}

/** What an action is aimed at, as far as it decides the environment. */
export interface EnvironmentTarget {
  config_path?: string;
  workspace_root?: string;
  /** Further folders that will be worked in, where they may lie elsewhere. */
  dirs?: string[];
  cluster?: string;
  node?: string;
  /** All names that this machine is known by. Absent: nobody looked, and a node named by number or id may be any. */
  names?: readonly string[];
}

/** The name of the environment that takes what no other one matches. */
export const DEFAULT_ENVIRONMENT = "default";

/**
 * The environment of a target: the first match; of a machine, the strictest of `environmentsOfMachine`. Where several paths are named (the configuration, the folders its
 * workspaces lie in) and they match different environments, the strictest of those: a configuration file put elsewhere
 * must not take production out of its environment. Nor does it lend its own environment to folders that lie elsewhere and
 * match nothing: they count as what nothing matches. Inline configuration whose folder nothing matches takes the strictest
 * of all.
 */
export function environmentOf(policy: Policy, target: EnvironmentTarget): Environment {
  if (target.cluster !== undefined || target.node !== undefined) return strictest(environmentsOfMachine(policy, target));
  const { config_path, workspace_root, dirs = [] } = target;
  const matching = (paths: string[]): Environment | undefined => policy.environments.find((environment) => matchesPath(environment, paths));
  const rest = (config_path === undefined ? undefined : policy.environments.find(matchesAll)) ?? strictest(policy.environments);
  const own = config_path === undefined ? workspace_root : dirname(config_path);
  const byFolder = [workspace_root, ...dirs]
    .filter((folder) => folder !== undefined)
    .map((folder) => matching([folder, `${folder}/infra.yaml`]) ?? (own !== undefined && isInside(own, folder) ? undefined : rest));
  const found = [config_path === undefined ? undefined : matching([config_path]), ...byFolder].filter(
    (environment) => environment !== undefined,
  );
  return found.length > 0 ? strictest(found) : rest;
}

function matchesAll({ match }: Environment): boolean {
  return match.config_paths === undefined && match.clusters === undefined && match.nodes === undefined;
}

function matchesPath({ match }: Environment, paths: string[]): boolean {
  return match.config_paths?.some((glob) => paths.some((path) => matchesPathGlob(glob, path))) ?? false;
}

/**
 * The environments of a machine: the first match by each of its names, and those whose `remote` leads to it. What takes
 * everything counts only where nothing else matches. Never empty.
 */
export function environmentsOfMachine(policy: Policy, target: EnvironmentTarget): Environment[] {
  const names = target.names === undefined ? namesOf(target.node) : [...namesOf(target.node), ...target.names];
  // Teleport finds a machine by its id and address as well: until somebody has looked, it may be any machine of its cluster.
  const mayBeAny = target.names === undefined && target.node !== undefined && isIdOrAddress(target.node);
  const found = new Set<Environment>();
  for (const name of names.length === 0 ? [undefined] : names) {
    for (const environment of policy.environments) {
      const match = matchOf(environment, target.cluster, name);
      if (match === "yes" || (match === "by node" && mayBeAny)) found.add(environment);
      if (match === "yes") break;
    }
  }
  for (const environment of policy.environments) {
    const { cluster, node } = environment.remote ?? {};
    if (cluster !== undefined && cluster === target.cluster && (node === undefined || names.includes(node) || mayBeAny))
      found.add(environment);
  }
  const named = [...found].filter((environment) => !matchesAll(environment) || environment.remote?.cluster === target.cluster);
  if (named.length > 0) return named;
  return found.size > 0 ? [...found] : [strictest(policy.environments)];
}

/** A UUID, or an address of digits. */
const ID_OR_ADDRESS = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\d.]+|[0-9a-f:]*:[0-9a-f:.]*)$/i;

/** Whether a machine is named by what may stand for any name: its id or address. */
export function isIdOrAddress(node: string): boolean {
  return ID_OR_ADDRESS.test(node);
}

/** A machine is found by its full name and by the first part of it. */
function namesOf(node: string | undefined): string[] {
  if (node === undefined) return [];
  return isIdOrAddress(node) || !node.includes(".") ? [node] : [node, node.slice(0, node.indexOf("."))];
}

/** "by node": all but the machine's name fits. */
function matchOf(environment: Environment, cluster: string | undefined, node: string | undefined): "yes" | "no" | "by node" {
  const { clusters, nodes } = environment.match;
  if (clusters === undefined && nodes === undefined) return matchesAll(environment) ? "yes" : "no";
  const named = (globs: string[] | undefined, name: string | undefined): boolean =>
    globs === undefined || (name !== undefined && globs.some((glob) => matchesGlob(glob, name)));
  if (!named(clusters, cluster)) return "no";
  return named(nodes, node) ? "yes" : "by node";
}

/** Weakest channel first. */
const WEAKNESS: readonly Channel[] = ["signed", "cli", "elicit", "auto"];

/** Protected before others, then more keys, then by the weakest channel that is accepted; among equals the first. */
export function strictest(environments: readonly Environment[]): Environment {
  const rank = (each: Environment): number[] => [
    each.protected ? 0 : 1,
    -(each.required ?? 1),
    Math.max(...each.channels.map((channel) => WEAKNESS.indexOf(channel))),
  ];
  const sorted = environments.map((each, index) => ({ each, key: [...rank(each), index] }));
  sorted.sort((a, b) => a.key.map((value, at) => value - b.key[at]!).find((difference) => difference !== 0) ?? 0);
  const first = sorted[0]?.each;
  if (first === undefined) throw new RangeError("a policy has at least one environment");
  return first;
}

/** Whether the policy itself approves these kinds of change in this workspace. An unknown or empty list of kinds is not approved. */
export function autoAllows(policy: Policy, change: { environment: string; workspace: string; changes: readonly ChangeKind[] }): boolean {
  const environment = policy.environments.find(({ name }) => name === change.environment);
  if (environment === undefined || environment.protected || !environment.channels.includes("auto") || change.changes.length === 0)
    return false;
  return policy.approvals.auto.some(
    (rule) =>
      rule.environments.some((glob) => matchesGlob(glob, change.environment)) &&
      rule.workspaces.some((glob) => matchesGlob(glob, change.workspace)) &&
      change.changes.every((kind) => rule.changes.includes(kind)),
  );
}
