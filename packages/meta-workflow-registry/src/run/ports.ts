import type { ApprovalDecision, ApprovalDraft } from "./approval.ts";
import type { ActionDraft, ActionResult, Verify } from "./actions/action.ts";
import type { RunScope } from "./scope.ts";
import type { Definition, Json, JsonSchema, Milliseconds, Retry } from "../definition/definition.ts";

// What the interpreter needs of the world. A durable run gives activities, timers and updates; the simulator gives memory and a
// virtual clock. The interpreter itself is deterministic: everything that is not goes through here.

/** A call that the server makes, with all templates filled in. */
export type ServerCall =
  | {
      readonly kind: "tool";
      readonly server?: string;
      readonly tool?: string;
      readonly capability?: string;
      readonly args: { readonly [name: string]: Json };
      /** Arguments that are secrets, with the secret's name: filled in by whoever makes the call. */
      readonly secret_args?: { readonly [name: string]: string };
    }
  | {
      readonly kind: "program";
      readonly argv: readonly string[];
      readonly cwd?: string;
      readonly env: { readonly [name: string]: string };
      /** Variables that are secrets, with the secret's name. */
      readonly secret_env?: { readonly [name: string]: string };
      readonly stdin?: string;
    }
  | { readonly kind: "check"; readonly check: string; readonly with: { readonly [name: string]: Json } };

export interface CallOptions {
  /** `deploy/roll_out#1`: unique in the run, the same for each try. */
  readonly path: string;
  readonly effect_key: string;
  readonly read_only: boolean;
  readonly timeout: Milliseconds;
  /** Only read-only or idempotent calls are tried again. */
  readonly retry: Retry;
  /** The decision that guards it, checked by whoever makes the call. */
  readonly guard?: ApprovalDecision;
}

/** `unknown`: it may have happened; the interpreter looks by `reconcile`, else a person does. */
export type CallOutcome =
  | { readonly status: "done"; readonly output: Json; readonly simulated: boolean }
  | { readonly status: "failed"; readonly code: string; readonly message: string; readonly output?: Json }
  | { readonly status: "unknown"; readonly message: string };

/** What expressions see: `inputs`, `state`, `steps`, `run`, `env`, and what the place adds (`item`, `result`, `probe`, …). */
export type Variables = { readonly [name: string]: Json };

/** A lock that no two runs hold at once. */
export interface LockDraft {
  readonly name: string;
  /** Of the definition that needs it; "" is the run's own. */
  readonly path: string;
  /** Milliseconds since 1970; stays the same when the run is carried on. */
  readonly since: number;
}

/** `deadlock`: the holder waits for a lock that this run holds, and this run asked last. */
export type LockAnswer = "held" | "cancelled" | "deadlock";

export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  /** False where it was cancelled before its time. One that is not `shown` is nothing that anybody waits for: a limit. */
  sleep(ms: Milliseconds, scope: RunScope, options?: { readonly shown: boolean }): Promise<boolean>;
  call(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome>;
  /**
   * Resolves once a result was accepted and verified, or a deadline or cancellation ended it. Asked again for an action that is
   * known already (the run was carried on), it goes on with that one.
   */
  action(draft: ActionDraft, verify: Verify, scope: RunScope): Promise<ActionResult>;
  /** The step is in the journal: results of its actions (`<path>#1`, …) need not be kept elsewhere. */
  taken(path: string): void;
  approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision>;
  /**
   * Waits for a named event with a value; undefined where it did not come in time or the scope was cancelled. The event is kept
   * until `taken` names the step.
   */
  event(wait: EventWait, scope: RunScope): Promise<Json | undefined>;
  /**
   * Waits until the run holds the lock, behind those that asked before. Asked again for one that it holds (the run was carried
   * on), it goes on with that. One that is held when the run ends is given back by the port.
   */
  lock(draft: LockDraft, scope: RunScope): Promise<LockAnswer>;
  unlock(name: string): Promise<void>;
  /** False in a run that began before locks were held: it goes on without. */
  holdsLocks(): boolean;
  /** False in a run that met an approval of something else before it was asked anew: its step is refused. */
  asksAnew(): boolean;
  /** Problems of a value by a schema; empty where it fits. */
  validate(schema: JsonSchema, value: Json): readonly string[];
  /** Of the closure; undefined where it has none of that id. */
  definition(id: string): Definition | undefined;
  /** A line of the run's timeline. */
  record(event: TimelineEvent): void;
}

/** A step that waits for an event. */
export interface EventWait {
  readonly name: string;
  readonly path: string;
  readonly within?: Milliseconds;
}

export interface TimelineEvent {
  readonly at: number;
  readonly path: string;
  readonly what: "started" | "done" | "skipped" | "failed" | "waiting" | "compensated" | "warned";
  readonly text?: string;
}
