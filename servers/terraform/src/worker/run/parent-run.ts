import { isForeign } from "@platform-ops/orchestration/workflow";
import { allHandlersFinished, CancellationScope, condition, isCancellation, workflowInfo } from "@temporalio/workflow";
import type { GateAnswer, GateTask, PlanItem, ReleaseTask } from "../activity-contract.ts";
import { local, outside, quick, refusal, waitsFor } from "./activity-options.ts";
import { DESTROY_ORDER } from "./destroy-order.ts";
import { codeOf } from "./failure-code.ts";
import { APPLY_ORDER } from "./needs.ts";
import type { NodeState } from "./node-state.ts";
import { openPhase } from "./open-phase.ts";
import { OpenRequest } from "./open-request.ts";
import { reportNode, type Times } from "./report-node.ts";
import { drawRequestId } from "./request-id.ts";
import type { CancelMode, DecideAnswer, RunInput, RunPhase, RunResult } from "../run-contract.ts";
import { runMemo, stateMemo } from "../run-memo.ts";
import { RunNotices } from "./run-notices.ts";
import { endedNode, runOutcome } from "./run-outcome.ts";
import { runFailure, runResult } from "./run-result.ts";
import { Scheduler, type Step } from "./scheduler.ts";
import { applyTask, planTask } from "./workspace-tasks.ts";
import { WrittenMemo } from "./written-memo.ts";

/** What comes with a decision, believed by nobody yet. */
export interface DecisionLike {
  readonly request_id: string;
}

/** A run over a DAG of workspaces: drives the scheduler, and asks, releases and reports as it says. */
export class ParentRun {
  readonly #input: RunInput;
  readonly #scheduler: Scheduler;
  readonly #queue = workflowInfo().taskQueue;
  readonly #started = Date.now();
  readonly #times: Times[];
  readonly #scopes = new Map<number, CancellationScope>();
  readonly #open = new Set<Promise<void>>();
  readonly #notices: RunNotices;
  readonly #memo = new WrittenMemo();
  #environment: string;
  readonly #request = new OpenRequest();
  #changed = false;

  constructor(input: RunInput) {
    this.#input = input;
    this.#environment = input.environment;
    this.#notices = new RunNotices(this.#queue, input.options.environment);
    this.#scheduler = new Scheduler(input.nodes, input.options.parallelism, input.destroy === true ? DESTROY_ORDER : APPLY_ORDER);
    this.#times = input.nodes.map(() => ({}));
  }

  /** Starts what can start, asks when nothing runs any more, until every workspace is final. */
  async drive(): Promise<RunResult> {
    for (;;) {
      this.#changed = false;
      for (const step of this.#scheduler.next()) this.#begin(step);
      const freed = this.#scheduler.takeReleases();
      if (freed.length > 0) this.#release({ config: this.#input.config, names: this.#names(freed) });
      const ask = this.#scheduler.toAsk();
      if (ask.length > 0) {
        await this.#ask(ask);
        continue;
      }
      if (this.#scheduler.finished() && this.#open.size === 0) break;
      this.#publish(openPhase(this.#scheduler, this.#request.id !== undefined));
      await condition(() => this.#changed);
    }
    return await this.#finish();
  }

  /** Validator of a decision: what can be refused without looking anything up leaves no trace in the history. */
  mayDecide(record: DecisionLike): void {
    if (isForeign(record) || typeof record?.request_id !== "string")
      throw refusal("approval_invalid", "This is no approval record of this data directory.");
    if (this.#request.id === undefined) throw refusal("approval_closed", "No approval is awaited by this run now.");
    if (record.request_id !== this.#request.id)
      throw refusal("approval_closed", `The run now waits for ${this.#request.id}, not for ${record.request_id.slice(0, 40)}.`);
  }

  /** An update alone decides nothing: the record is verified here, and again by the activity that applies. */
  async decide(record: DecisionLike): Promise<DecideAnswer> {
    const nodes = this.#scheduler.nodes;
    const answer = await local.checkDecision({ request: record.request_id, record, items: this.#items(this.#scheduler.asked) });
    if (answer.decision === "void") {
      if (this.#request.id === record.request_id) this.#scheduler.askAnew();
      this.#changed = true;
      throw refusal(answer.code, `${answer.why} The run asks anew: get_workflow_status names the new request.`);
    }
    if (this.#request.id === record.request_id) this.#request.close();
    if (answer.decision === "approved") this.#scheduler.approved(answer.nodes, answer.approval);
    else this.#scheduler.rejected(answer.nodes);
    this.#changed = true;
    return { decision: answer.decision, workspaces: answer.nodes.map((i) => nodes[i]?.node.name ?? String(i)) };
  }

  cancel(mode: CancelMode): void {
    this.#scheduler.cancel(mode);
    for (const [index, scope] of this.#scopes) {
      if (mode === "stop" || this.#scheduler.nodes[index]?.state !== "applying") scope.cancel();
    }
    const request = this.#request.id;
    this.#request.close();
    if (request !== undefined) this.#release({ config: this.#input.config, names: [], close: { request, status: "superseded" } });
    this.#changed = true;
  }

  refresh(digest: string): void {
    if (isForeign(digest) || typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) return;
    this.#environment = digest;
    this.#scheduler.refreshed();
    this.#changed = true;
  }

  #begin(step: Step): void {
    const scope = new CancellationScope({ cancellable: true });
    this.#scopes.set(step.node, scope);
    this.#keep(
      scope
        .run(() => (step.do === "apply" ? this.#apply(step.node) : this.#plan(step.node)))
        .catch((error: unknown) => this.#broke(step.node, error))
        .finally(() => {
          if (this.#scopes.get(step.node) === scope) this.#scopes.delete(step.node);
        }),
    );
  }

  #broke(index: number, error: unknown): void {
    const n = this.#at(index);
    this.#scheduler.broke(index, { code: codeOf(error) }, isCancellation(error));
    if (n.state === "in_doubt" || n.state === "failed") this.#notices.tell(n.state, n);
  }

  async #plan(index: number): Promise<void> {
    const n = this.#at(index);
    const times = (this.#times[index] = { planned_from: Date.now() } as Times);
    const answer = await outside(n.node.queue).planWorkspace(planTask(this.#input, this.#environment, this.#scheduler.nodes, n));
    times.planned_to = Date.now();
    this.#scheduler.planned(index, answer);
    if (answer.outcome === "failed") this.#notices.tell("failed", n);
    if (n.state === "held" && answer.outcome === "held") this.#awaitHolder(index, answer.holder);
  }

  #awaitHolder(index: number, holder: string): void {
    const scope = new CancellationScope({ cancellable: true });
    this.#scopes.set(index, scope);
    const wait = scope.run(() =>
      waitsFor(this.#queue).waitForWorkspace({ config: this.#input.config, node: index, name: this.#at(index).node.name, holder }),
    );
    this.#keep(wait.then(() => this.#scheduler.freed(index)).catch((error: unknown) => this.#broke(index, error)));
  }

  async #apply(index: number): Promise<void> {
    const n = this.#at(index);
    const times = (this.#times[index] ??= {});
    times.applied_from ??= Date.now();
    const task = applyTask(this.#input, this.#environment, n);
    const answer = await outside(n.node.queue)
      .applyWorkspace(task)
      .catch(async (error: unknown) => {
        if (!isCancellation(error)) throw error;
        // Cancelled before a worker could answer: only the journal knows whether anything was started.
        return await CancellationScope.nonCancellable(() => outside(n.node.queue).applyWorkspace({ ...task, only_look: true }));
      });
    times.applied_to = Date.now();
    this.#scheduler.applied(index, answer);
    if (answer.outcome === "in_doubt" || answer.outcome === "partial") this.#notices.tell("in_doubt", n);
    else if (answer.outcome === "not_done") this.#notices.tell("failed", n);
  }

  async #ask(nodes: readonly number[]): Promise<void> {
    const { config, requester, options } = this.#input;
    const supersedes = this.#request.id;
    this.#request.close();
    const task: GateTask = {
      config,
      requester,
      approval_hours: options.approval_hours,
      items: this.#items(nodes),
      plan_only: false,
      id: drawRequestId(),
      ...(supersedes === undefined ? {} : { supersedes }),
    };
    const answer = await local.requestApproval(task).catch((error: unknown): GateAnswer => {
      for (const i of nodes) this.#scheduler.broke(i, { code: codeOf(error) }, false);
      return { released: [] };
    });
    this.#scheduler.gated(nodes, answer);
    const request = answer.request;
    if (request === undefined) return;
    if (this.#scheduler.cancelled !== undefined)
      return this.#release({ config, names: [], close: { request: request.id, status: "superseded" } });
    this.#openRequest(request);
    this.#notices.send({
      event: "awaiting_approval",
      request: request.id,
      workspaces: request.nodes.map((i) => ({ name: this.#at(i).node.name, state: this.#at(i).state })),
    });
  }

  #openRequest(request: NonNullable<GateAnswer["request"]>): void {
    this.#request.open(request, this.#names(request.nodes), () => {
      this.#scheduler.expired(request.nodes);
      this.#release({ config: this.#input.config, names: [], close: { request: request.id, status: "expired" } });
      this.#changed = true;
    });
  }

  #release(task: ReleaseTask): void {
    this.#keep(CancellationScope.nonCancellable(() => local.releaseWorkspaces(task)).catch(() => undefined));
  }

  /** The run ends only after all that it began has ended. */
  #keep(work: Promise<void>): void {
    const kept = work.finally(() => {
      this.#open.delete(kept);
      this.#changed = true;
    });
    this.#open.add(kept);
  }

  /** Tells in the memo how the run stands, once per workflow task at most: right before the task ends. */
  #publish(phase: RunPhase, end: { report?: string; reason?: string } = {}): void {
    this.#memo.write({
      run: runMemo(this.#scheduler.nodes, {
        phase,
        approval: this.#request.told,
        ...end,
        variables: this.#environment === this.#input.environment ? undefined : this.#environment,
      }),
      ...stateMemo(this.#scheduler.nodes),
    });
  }

  async #finish(): Promise<RunResult> {
    const nodes = this.#scheduler.nodes;
    // A request that cannot be closed expires by itself; the run's report must not be lost for it.
    if (this.#request.id !== undefined)
      await local
        .releaseWorkspaces({ config: this.#input.config, names: [], close: { request: this.#request.id, status: "superseded" } })
        .catch(() => undefined);
    this.#request.close();
    const outcome = runOutcome(nodes.map(endedNode), this.#scheduler.cancelled !== undefined);
    const left = await this.#leaveForLater();
    const { config, requester, server_version, destroy } = this.#input;
    // What was done is done, whether its report could be written or not.
    const report = await quick
      .finishRun({
        config,
        ...outcome,
        requester,
        server_version,
        started_at: this.#started,
        nodes: nodes.map((n) => reportNode(n, this.#times[n.index] ?? {})),
        ...(left === undefined ? {} : { request: left.id }),
        ...(destroy === true ? { destroy } : {}),
      })
      .catch(() => "");
    if (left !== undefined) this.#request.leave(left, this.#names(left.nodes));
    this.#publish(outcome.phase, { reason: outcome.reason, ...(report === "" ? {} : { report }) });
    await condition(allHandlersFinished);
    await this.#notices.settled();
    const result = runResult(nodes, outcome, report);
    if (outcome.phase === "completed") return result;
    throw runFailure(result);
  }

  /** The changes of plan-only workspaces may be approved after the run has closed; the next equal plan uses that once. */
  async #leaveForLater(): Promise<GateAnswer["request"]> {
    const left = this.#scheduler.leftPlanned();
    if (left.length === 0 || this.#scheduler.cancelled !== undefined) return undefined;
    const { config, requester, options } = this.#input;
    const asked = local.requestApproval({
      config,
      requester,
      approval_hours: options.approval_hours,
      items: this.#items(left),
      plan_only: true,
      id: drawRequestId(),
    });
    // What was planned is planned, though nobody can approve it ahead: the next run asks.
    return await asked.then(
      ({ request }) => request,
      () => undefined,
    );
  }

  #names(nodes: readonly number[]): string[] {
    return nodes.map((i) => this.#at(i).node.name);
  }

  #items(nodes: Iterable<number>): PlanItem[] {
    return [...nodes].flatMap((i) => {
      const { plan, node } = this.#at(i);
      return plan === undefined ? [] : [{ node: i, name: node.name, plan }];
    });
  }

  #at(index: number): NodeState {
    const n = this.#scheduler.nodes[index];
    if (n === undefined) throw refusal("unexpected", `The run has no workspace number ${index}.`);
    return n;
  }
}
