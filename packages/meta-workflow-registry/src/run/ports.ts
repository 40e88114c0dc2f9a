import type { ApprovalDecision, ApprovalDraft } from "./approval.ts";
import type { ActionDraft, ActionResult } from "./action.ts";
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
    }
  | {
      readonly kind: "program";
      readonly argv: readonly string[];
      readonly cwd?: string;
      readonly env: { readonly [name: string]: string };
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

/** A scope that ends what is under way in it: a branch that lost, a run that is cancelled. */
export interface Scope {
  readonly cancelled: boolean;
  child(): Scope & { cancel(): void };
}

export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  /** False where it was cancelled before its time. */
  sleep(ms: Milliseconds, scope: Scope): Promise<boolean>;
  call(call: ServerCall, options: CallOptions, scope: Scope): Promise<CallOutcome>;
  /** Resolves once a result was accepted, or a deadline or cancellation ended it. */
  action(draft: ActionDraft, scope: Scope): Promise<ActionResult>;
  approval(draft: ApprovalDraft, scope: Scope): Promise<ApprovalDecision>;
  /** Waits for a named event with a value. */
  event(name: string, within: Milliseconds | undefined, scope: Scope): Promise<Json | undefined>;
  /** SHA-256 of the canonical JSON of a value, hexadecimal. */
  digest(value: Json): string;
  /** Problems of a value by a schema; empty where it fits. */
  validate(schema: JsonSchema, value: Json): readonly string[];
  definition(id: string): Definition;
  /** Called between steps: here a durable run continues as new where its history is long; then it never returns. */
  checkpoint(): Promise<void>;
  /** A line of the run's timeline. */
  record(event: TimelineEvent): void;
}

export interface TimelineEvent {
  readonly at: number;
  readonly path: string;
  readonly what: "started" | "done" | "skipped" | "failed" | "waiting" | "compensated" | "warned";
  readonly text?: string;
}
