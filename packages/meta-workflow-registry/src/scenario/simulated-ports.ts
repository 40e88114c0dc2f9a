import type {
  ApprovalDecision,
  ApprovalDraft,
  CallOptions,
  CallOutcome,
  LockAnswer,
  LockDraft,
  ServerCall,
  TimelineEvent,
} from "../run/index.ts";
import { RunScope } from "../run/index.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { MadeCall, World } from "./world.ts";

/** What the ports need of the run they belong to. */
export interface SimulatedParts {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly started_at: number;
  note(event: TimelineEvent): void;
}

/** What a simulated run asks of the world: calls, decisions, locks. It remembers over all cuts what was asked. */
export class SimulatedPorts {
  readonly calls: MadeCall[] = [];
  /** Names of the locks that others held when they were asked for. */
  readonly waited_for: string[] = [];
  readonly #parts: SimulatedParts;
  readonly #asked = new Map<string, number>();

  constructor(parts: SimulatedParts) {
    this.#parts = parts;
  }

  /** A call with its tries. */
  async call(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome> {
    const { path, effect_key, read_only, retry } = options;
    let pause = retry.initial;
    for (let attempt = 1; ; attempt += 1) {
      const { outcome, takes } = this.#parts.world.call(call, options);
      this.calls.push({ call, path, effect_key, read_only, outcome: outcome.status });
      // A call that has begun ends as it ends: cancelling the run does not unmake it.
      if (takes > 0) await this.#parts.clock.sleep(takes, new RunScope());
      if (outcome.status !== "failed" || attempt >= retry.attempts || scope.cancelled) return outcome;
      if (pause > 0 && !(await this.#parts.clock.sleep(pause, scope))) return outcome;
      pause *= retry.backoff;
    }
  }

  /** What is decided, once it is. */
  async approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision> {
    const asked = this.#asked.get(draft.path) ?? this.#parts.clock.now();
    this.#asked.set(draft.path, asked);
    const { world } = this.#parts;
    const digest = world.digest(draft.bind);
    const answer = world.approval(draft);
    const isInTime = answer !== undefined && answer.after < draft.wait_at_most;
    const due = asked + (isInTime ? answer.after : draft.wait_at_most);
    if (!(await this.#parts.clock.sleep(due - this.#parts.clock.now(), scope))) return { decision: "cancelled", digest };
    if (!isInTime) return { decision: "timed_out", digest };
    const { decision, by, reason } = answer;
    return {
      decision,
      digest: answer.digest ?? digest,
      request_id: `request:${draft.path}`,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** Once nobody else holds it. */
  async lock({ name, path }: LockDraft, scope: RunScope): Promise<LockAnswer> {
    const held = this.#parts.world.lock?.(name);
    const left = held === undefined ? 0 : this.#parts.started_at + held.until - this.#parts.clock.now();
    if (held === undefined || left <= 0) return "held";
    if (!this.waited_for.includes(name)) {
      this.waited_for.push(name);
      this.#parts.note({ at: this.#parts.clock.now(), path, what: "waiting", text: `the lock ${name}, which ${held.by} holds` });
    }
    return (await this.#parts.clock.sleep(left, scope)) ? "held" : "cancelled";
  }
}
