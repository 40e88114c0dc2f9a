import {
  COUNT_KEYS,
  MEMO_CHUNK,
  STATE_CODES,
  type Counts,
  type RunInput,
  type RunNode,
  type RunPhase,
  type WorkspaceState,
} from "./run-contract.ts";
import type { NodeState } from "./run/node-state.ts";

// The memo of a run: what anyone with the key reads of it while no worker lives. Keys: `about` and `nodes` (written at
// start), `run` (phase, approval, blockers, errors) and `w0`, `w1`, … (16 workspaces each). Only changed keys are written.

/** Written once, by whoever starts the run. */
export interface RunAbout {
  readonly config_path?: string;
  readonly workspace_root: string;
  readonly environment: string;
  readonly requester: string;
  readonly server_version: string;
  readonly plan_only: boolean;
  readonly destroy?: true;
  /** Artifact of the run's own environment as it was at the start. */
  readonly variables?: string;
}

export interface OpenApproval {
  readonly id: string;
  readonly expires_at: string;
  readonly channels: readonly string[];
  readonly workspaces: readonly string[];
}

/** A workspace that waits for something other than its upstreams. */
export interface Blocker {
  readonly workspace: string;
  readonly kind: "held" | "credentials";
  /** The run that holds it, or the artifact that says which credentials. */
  readonly by: string;
}

export interface RunError {
  readonly workspace: string;
  readonly code: string;
  readonly digest?: string;
}

/** The key `run`. */
export interface RunMemo {
  readonly phase: RunPhase;
  readonly approval?: OpenApproval;
  readonly blockers?: readonly Blocker[];
  readonly errors?: readonly RunError[];
  /** Artifact of the report, once there is one. */
  readonly report?: string;
  readonly reason?: string;
  /** Artifact of the run's own environment, once it was renewed. */
  readonly variables?: string;
}

/** Errors and blockers that fit; the rest is in the report and the workspaces' views. */
const LISTED = 10;
/** Names of nodes beyond this stay out of the memo; readers then take them from the configuration's artifact. */
const NODES_BYTES = 16 * 1024;

type NodeTuple = readonly [name: string, needs: readonly number[], apply: 0 | 1];
type StateTuple = readonly (string | number)[];

/** The memo with which a run is started. */
export function startMemo(input: RunInput, about: RunAbout): Record<string, unknown> {
  const nodes = input.nodes.map((n): NodeTuple => [n.name, n.needs, n.apply ? 1 : 0]);
  return { about, run: { phase: "working" } satisfies RunMemo, ...(JSON.stringify(nodes).length <= NODES_BYTES ? { nodes } : {}) };
}

/** The keys of the memo that describe the workspaces now. */
export function stateMemo(nodes: readonly NodeState[]): Record<string, StateTuple[]> {
  const memo: Record<string, StateTuple[]> = {};
  for (let from = 0; from < nodes.length; from += MEMO_CHUNK)
    memo[`w${from / MEMO_CHUNK}`] = nodes.slice(from, from + MEMO_CHUNK).map(stateTuple);
  return memo;
}

function stateTuple(n: NodeState): StateTuple {
  const counts = n.counts === undefined ? [] : COUNT_KEYS.map((key) => n.counts?.[key] ?? 0);
  while (counts.at(-1) === 0) counts.pop();
  return [STATE_CODES[n.state], ...counts];
}

/** The key `run` as the workspaces stand. */
export function runMemo(
  nodes: readonly NodeState[],
  rest: { phase: RunPhase; approval?: OpenApproval | undefined; report?: string; reason?: string; variables?: string | undefined },
): RunMemo {
  const blockers = nodes.flatMap((n): Blocker[] => {
    if (n.state === "held") return [{ workspace: n.node.name, kind: "held", by: n.cause ?? "" }];
    if (n.state === "credentials") return [{ workspace: n.node.name, kind: "credentials", by: n.failure?.digest ?? "" }];
    return [];
  });
  const errors = nodes.flatMap((n): RunError[] =>
    n.failure === undefined || n.state === "credentials" ? [] : [{ workspace: n.node.name, ...n.failure }],
  );
  const { phase, approval, report, reason, variables } = rest;
  return {
    phase,
    ...(approval === undefined ? {} : { approval }),
    ...(blockers.length === 0 ? {} : { blockers: blockers.slice(0, LISTED) }),
    ...(errors.length === 0 ? {} : { errors: errors.slice(0, LISTED) }),
    ...(report === undefined ? {} : { report }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, 1000) }),
    ...(variables === undefined ? {} : { variables }),
  };
}

/** One workspace as the memo tells it. */
export interface MemoWorkspace {
  readonly index: number;
  readonly name: string;
  readonly needs: readonly number[];
  readonly apply: boolean;
  readonly state: WorkspaceState;
  readonly counts?: Counts;
}

/** A memo, read. */
export interface ReadMemo extends RunMemo {
  readonly about?: RunAbout;
  readonly workspaces: readonly MemoWorkspace[];
  /** True when the names must be taken from the configuration's artifact. */
  readonly nameless: boolean;
}

const STATES = new Map<string, WorkspaceState>(Object.entries(STATE_CODES).map(([state, code]) => [code, state as WorkspaceState]));

/**
 * Reads a run's memo, whatever version wrote it: unknown codes and missing keys read as `waiting`. Names missing in the
 * memo are taken from `nodes`, where the caller has them, else numbers stand for them.
 */
export function readMemo(memo: Readonly<Record<string, unknown>>, nodes?: readonly RunNode[]): ReadMemo {
  const tuples = Array.isArray(memo["nodes"]) ? (memo["nodes"] as NodeTuple[]) : undefined;
  const chunks = Object.entries(memo).flatMap(([key, value]) =>
    /^w\d+$/.test(key) && Array.isArray(value) ? [[Number(key.slice(1)), value as StateTuple[]] as const] : [],
  );
  const states = new Map(chunks.flatMap(([chunk, value]) => value.map((tuple, i) => [chunk * MEMO_CHUNK + i, tuple] as const)));
  const size = Math.max(tuples?.length ?? 0, nodes?.length ?? 0, ...[...states.keys()].map((i) => i + 1), 0);
  const workspaces = Array.from({ length: size }, (_, index): MemoWorkspace => {
    const [name, needs, apply] = tuples?.[index] ?? [
      nodes?.[index]?.name ?? String(index),
      nodes?.[index]?.needs ?? [],
      nodes?.[index]?.apply === true ? 1 : 0,
    ];
    const [code, ...counts] = states.get(index) ?? [STATE_CODES.waiting];
    return {
      index,
      name,
      needs,
      apply: apply === 1,
      state: STATES.get(String(code)) ?? "waiting",
      ...(counts.length === 0 ? {} : { counts: readCounts(counts) }),
    };
  });
  const run = isRecord(memo["run"]) ? (memo["run"] as unknown as RunMemo) : { phase: "working" as const };
  const about = isRecord(memo["about"]) ? { about: memo["about"] as unknown as RunAbout } : {};
  return { ...run, ...about, workspaces, nameless: tuples === undefined && nodes === undefined };
}

function readCounts(values: readonly unknown[]): Counts {
  return Object.fromEntries(COUNT_KEYS.map((key, i) => [key, typeof values[i] === "number" ? values[i] : 0])) as unknown as Counts;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
