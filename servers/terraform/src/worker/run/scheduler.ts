import type { ApplyAnswer, GateAnswer, PlanAnswer } from "../activity-contract.ts";
import { heights } from "./dag-heights.ts";
import { APPLY_ORDER } from "./needs.ts";
import { nodeAt, type NodeState } from "./node-state.ts";
import type { RunOrder } from "./run-order.ts";
import { isFinal, MAX_REPLANS, type CancelMode, type FailureRef, type RunNode, type WorkspaceState } from "../run-contract.ts";

/** What the workflow must do now. */
export type Step = { readonly do: "plan" | "apply" | "wait"; readonly node: number };

/**
 * The DAG of a run as a state machine: answers go in, steps come out. Pure and deterministic, so that the workflow can
 * replay it. Nothing is applied before all it needs is done and before an approval for exactly its plan went in.
 */
export class Scheduler {
  readonly nodes: readonly NodeState[];
  /** The open approval request's workspaces. */
  asked: ReadonlySet<number> = new Set();
  cancelled: CancelMode | undefined;
  readonly #parallelism: number;
  readonly #height: readonly number[];
  readonly #order: RunOrder;
  #releases: number[] = [];

  constructor(nodes: readonly RunNode[], parallelism: number, order: RunOrder = APPLY_ORDER) {
    this.nodes = nodes.map((node, index) => ({ index, node, state: "waiting", replans: 0 }));
    this.#parallelism = Math.max(1, parallelism);
    this.#height = heights(nodes);
    this.#order = order;
  }

  /** The steps to start now; marks their workspaces as under way. Longest chain first, applies before plans. */
  next(): Step[] {
    this.#settle();
    if (this.cancelled !== undefined) return [];
    const ready = this.nodes.filter(
      (n) =>
        (n.state === "approved" && this.#order.mayApply(this.nodes, n)) || (n.state === "waiting" && this.#order.mayPlan(this.nodes, n)),
    );
    ready.sort((a, b) => rank(a) - rank(b) || this.#heightOf(b) - this.#heightOf(a) || a.index - b.index);
    const steps = ready.slice(0, Math.max(0, this.#parallelism - this.running()));
    return steps.map((n) => {
      const step: Step = { do: n.state === "approved" ? "apply" : "plan", node: n.index };
      n.state = step.do === "apply" ? "applying" : "planning";
      return step;
    });
  }

  /** How many terraform programs run. Waits for held workspaces, credentials and people do not count. */
  running(): number {
    return this.nodes.filter((n) => n.state === "planning" || n.state === "applying").length;
  }

  /**
   * The plans to ask for now: all that wait, once nothing runs any more and one of them was not asked for yet.
   * An open request over fewer plans is thereby replaced by one over all.
   */
  toAsk(): number[] {
    if (this.cancelled !== undefined || this.running() > 0) return [];
    const waiting = this.#in("awaiting_approval");
    return waiting.every((i) => this.asked.has(i)) ? [] : waiting;
  }

  /** An answer of `planWorkspace`. */
  planned(index: number, answer: PlanAnswer): void {
    const n = this.#expect(index, "planning");
    delete n.failure;
    delete n.cause;
    switch (answer.outcome) {
      case "changed":
        n.counts = answer.counts;
        n.kinds = answer.kinds;
        n.plan = answer.plan;
        if (answer.outputs !== undefined) n.outputs = answer.outputs;
        if (!n.node.apply) this.#leave(n, answer);
        else if (this.cancelled !== undefined) this.#cancel(n, true);
        else {
          n.state = "awaiting_approval";
          if (answer.approval !== undefined) this.approved([index], answer.approval);
        }
        return;
      case "unchanged":
      case "checked":
        n.state = answer.outcome;
        if (answer.outcome === "unchanged" && answer.counts !== undefined) n.counts = answer.counts;
        if (answer.outputs !== undefined) n.outputs = answer.outputs;
        return;
      case "held":
        n.cause = answer.holder;
        this.#park(n, "held");
        return;
      case "credentials":
        n.failure = answer.failure;
        this.#park(n, "credentials");
        return;
      case "failed":
        n.failure = answer.failure;
        n.state = "failed";
    }
  }

  /** The wait for a held workspace ended: it may be planned. */
  freed(index: number): void {
    const n = this.nodes[index];
    if (n?.state !== "held") return;
    delete n.cause;
    n.state = "waiting";
  }

  /** Credentials were renewed: whatever waited for them goes on. */
  refreshed(): void {
    for (const n of this.nodes) if (n.state === "credentials") n.state = n.approval === undefined ? "waiting" : "approved";
  }

  /**
   * An answer of `requestApproval` for the plans in `asked`: some may have been decided before, the rest wait for a person.
   * A plan that the answer does not speak of fails: it must neither be applied nor be asked for without end.
   */
  gated(asked: readonly number[], answer: GateAnswer): void {
    for (const { node, approval } of answer.released) this.approved([node], approval);
    this.rejected(answer.rejected ?? []);
    this.asked = new Set(answer.request?.nodes ?? []);
    for (const n of this.#waiting(asked)) if (!this.asked.has(n.index)) this.broke(n.index, { code: "approval_not_found" }, false);
  }

  /** A verified approval releases those plans that still wait. */
  approved(indexes: readonly number[], approval: string): void {
    for (const n of this.#waiting(indexes)) {
      n.state = "approved";
      n.approval = approval;
    }
    this.#forget(indexes);
  }

  /** The open request can be decided no more: the plans that wait are asked for again. */
  askAnew(): void {
    this.asked = new Set();
  }

  rejected(indexes: readonly number[]): void {
    this.#refuse(indexes, "rejected");
  }

  expired(indexes: readonly number[]): void {
    this.#refuse(indexes, "expired");
  }

  /** An answer of `applyWorkspace`. */
  applied(index: number, answer: ApplyAnswer): void {
    const n = this.#expect(index, "applying");
    switch (answer.outcome) {
      case "done":
        n.state = "applied";
        if (answer.outputs !== undefined) n.outputs = answer.outputs;
        return;
      case "stale":
        this.#replan(n);
        return;
      case "credentials":
        n.failure = answer.failure;
        this.#park(n, "credentials");
        return;
      case "not_done":
        if (answer.failure.code === "cancelled") this.#cancel(n, false);
        else {
          n.failure = answer.failure;
          n.state = "failed";
        }
        return;
      default:
        n.failure = answer.failure;
        n.state = answer.outcome;
    }
  }

  /** A step ended without an answer: `cancelled`, or a failure of the machinery. An apply that did so is in doubt. */
  broke(index: number, failure: FailureRef, wasCancelled: boolean): void {
    const n = this.nodes[index];
    if (n === undefined || isFinal(n.state)) return;
    if (n.state === "applying") {
      n.failure = failure;
      n.state = "in_doubt";
    } else if (wasCancelled) this.#cancel(n, n.state === "planning");
    else {
      if (n.state === "awaiting_approval" || n.state === "approved") this.#releases.push(n.index);
      n.failure = failure;
      n.state = "failed";
    }
  }

  /** Starts nothing new; what waits ends as cancelled. Running applies finish, unless the workflow stops them. */
  cancel(mode: CancelMode): void {
    if (this.cancelled === undefined || mode === "stop") this.cancelled = mode;
    for (const n of this.nodes) {
      if (n.state === "planning" || n.state === "applying" || isFinal(n.state)) continue;
      this.#cancel(n, n.state === "awaiting_approval" || n.state === "approved" || n.approval !== undefined);
    }
    this.asked = new Set();
  }

  /** Workspaces whose lock is to be released because nothing more will be done with the plan that held it. */
  takeReleases(): number[] {
    const releases = this.#releases;
    this.#releases = [];
    return releases;
  }

  /** True when all workspaces are final. */
  finished(): boolean {
    this.#settle();
    return this.nodes.every((n) => isFinal(n.state));
  }

  /** Plans left unapplied on purpose, for which a later run may use an approval. */
  leftPlanned(): number[] {
    return this.#in("planned");
  }

  #settle(): void {
    this.#releases.push(...this.#order.settle(this.nodes).map((n) => n.index));
  }

  #in(state: WorkspaceState): number[] {
    return this.nodes.flatMap((n) => (n.state === state ? [n.index] : []));
  }

  #waiting(indexes: readonly number[]): NodeState[] {
    return indexes.flatMap((i) => (this.nodes[i]?.state === "awaiting_approval" ? [this.nodes[i]] : []));
  }

  #refuse(indexes: readonly number[], state: "rejected" | "expired"): void {
    for (const n of this.#waiting(indexes)) {
      n.state = state;
      this.#releases.push(n.index);
    }
    this.#forget(indexes);
  }

  #forget(indexes: readonly number[]): void {
    const asked = new Set(this.asked);
    for (const i of indexes) asked.delete(i);
    this.asked = asked;
  }

  #leave(n: NodeState, { pending }: { readonly pending?: readonly string[] }): void {
    n.state = "planned";
    if (pending !== undefined) n.pending = pending;
  }

  #park(n: NodeState, state: "held" | "credentials"): void {
    if (this.cancelled === undefined) n.state = state;
    else this.#cancel(n, n.approval !== undefined);
  }

  #cancel(n: NodeState, holdsLock: boolean): void {
    n.state = "cancelled";
    if (holdsLock) this.#releases.push(n.index);
  }

  #replan(n: NodeState): void {
    delete n.plan;
    delete n.approval;
    n.replans += 1;
    if (this.cancelled !== undefined) this.#cancel(n, true);
    else if (n.replans > MAX_REPLANS) {
      n.state = "failed";
      n.failure = { code: "stale" };
      this.#releases.push(n.index);
    } else n.state = "waiting";
  }

  #heightOf(n: NodeState): number {
    return this.#height[n.index] ?? 0;
  }

  #expect(index: number, state: WorkspaceState): NodeState {
    const n = nodeAt(this.nodes, index);
    if (n.state !== state) throw new RangeError(`workspace ${n.node.name} is ${n.state}, not ${state}`);
    return n;
  }
}

function rank(n: NodeState): number {
  return n.state === "approved" ? 0 : 1;
}
