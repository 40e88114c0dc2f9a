import { OpsError } from "@platform-ops/errors";
import { digestOf } from "@platform-ops/meta-workflow-registry/expression";
import type { ApprovalDecision, ApprovalDraft, RunScope } from "@platform-ops/meta-workflow-registry/run";
import { isForeign, toApplicationFailure } from "@platform-ops/orchestration/workflow";
import { quick } from "./activity-options.ts";
import { drawRequestId } from "./draw-id.ts";
import type { OpenApproval, RunInput } from "./run-contract.ts";
import { until } from "./until.ts";

/** What the approvals need of the run they belong to. */
export interface ApprovalsParts {
  readonly input: RunInput;
  touched(): void;
  woken(): void;
}

interface Gate {
  readonly open: OpenApproval;
  readonly draft: ApprovalDraft;
  readonly digest: string;
  decision?: ApprovalDecision;
}

/** The approvals that one run waits for. */
export class DurableApprovals {
  readonly #parts: ApprovalsParts;
  readonly #gates = new Map<string, Gate>();
  readonly #resumed = new Set<string>();
  #calls = 0;

  constructor(parts: ApprovalsParts) {
    this.#parts = parts;
  }

  /** A request is being made or closed. */
  get busy(): boolean {
    return this.#calls > 0;
  }

  /** In the order in which they were asked for. */
  get list(): readonly OpenApproval[] {
    return [...this.#gates.values()].map(({ open }) => open);
  }

  /** By the path of the step that waits. */
  get open(): { readonly [path: string]: OpenApproval } {
    return Object.fromEntries([...this.#gates].map(([path, { open, digest }]) => [path, { ...open, digest }]));
  }

  async approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision> {
    const digest = digestOf(draft.bind);
    const { input } = this.#parts;
    const carried = this.#takeCarried(draft.path);
    if (carried === undefined && scope.cancelled) return { decision: "cancelled", digest };
    const { requester, environment } = input;
    const task = { draft, digest, workflow: input.closure.root, requester, ...(environment === undefined ? {} : { environment }) };
    // What it is about changed while the run was carried on: an answer to the old question would decide nothing.
    const isOld = carried?.digest !== undefined && carried.digest !== digest;
    if (isOld) await this.#busyWith(() => quick.closeApproval({ id: carried.id, status: "superseded" }));
    const open = (isOld ? undefined : carried) ?? (await this.#busyWith(() => quick.requestApproval({ id: drawRequestId(), ...task })));
    const gate: Gate = { open, draft, digest };
    this.#gates.set(draft.path, gate);
    this.#parts.touched();
    const left = Date.parse(open.expires_at) - Date.now();
    const ended = left > 0 && (await until(this.#parts, () => gate.decision !== undefined || scope.cancelled, left));
    this.#gates.delete(draft.path);
    this.#parts.touched();
    if (gate.decision !== undefined) return gate.decision;
    await this.#busyWith(() => quick.closeApproval({ id: open.id, status: ended ? "superseded" : "expired" }));
    return { decision: ended ? "cancelled" : "timed_out", digest, request_id: open.id };
  }

  /** The request that was open when the run was carried on; once, since a step may be asked for anew. */
  #takeCarried(path: string): OpenApproval | undefined {
    const found = this.#resumed.has(path) ? undefined : this.#parts.input.carried?.approvals[path];
    this.#resumed.add(path);
    return found;
  }

  async #busyWith<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await work();
    } finally {
      this.#calls -= 1;
      this.#parts.touched();
    }
  }

  /** @throws ApplicationFailure approval_* */
  mayDecide(record: unknown): void {
    const id = (record as { request_id?: unknown } | null)?.request_id;
    if (isForeign(record) || typeof id !== "string")
      throw toApplicationFailure(new OpsError("approval_invalid", "This is no approval record of this data directory."));
    if (this.#gateOf(id) === undefined)
      throw toApplicationFailure(new OpsError("approval_closed", `The run does not wait for ${id.slice(0, 40)}.`));
  }

  /** Takes a record once the ledger has verified it; an update alone decides nothing. */
  async decide(record: unknown): Promise<{ decision: string; step: string }> {
    const { request_id } = record as { request_id: string };
    const gate = this.#gateOf(request_id);
    if (gate === undefined) throw new OpsError("approval_closed", "The run does not wait for that decision any more.");
    const { step_id } = gate.draft;
    const decision = await quick.checkDecision({ request: request_id, step_id, digest: gate.digest, record });
    gate.decision ??= decision;
    return { decision: gate.decision.decision, step: step_id };
  }

  #gateOf(id: string): Gate | undefined {
    return [...this.#gates.values()].find(({ open, decision }) => open.id === id && decision === undefined);
  }
}
