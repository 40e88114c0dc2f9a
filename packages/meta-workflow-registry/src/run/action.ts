import type { Json, JsonSchema } from "../definition/definition.ts";

// The pending-action protocol (docs/decisions): what is presented, who holds it, and what became of it. Times are milliseconds
// since 1970. Pure data: the same in a durable run and in the simulator.

export type ActionState = "open" | "leased" | "verifying" | "done" | "expired" | "cancelled" | "needs_human";
export type Outcome = "completed" | "failed" | "blocked" | "declined" | "needs_human" | "progress";

/** Who carries an action out. */
export type Executor = "agent" | "human" | "client_shell" | "client_call";

/** What the interpreter asks for. */
export interface ActionDraft {
  /** `deploy/for_each[3]/verify#1`: unique in the run, stable over attempts. */
  readonly action_id: string;
  readonly step_id: string;
  /** Type of the step in the source's words: shell, mcp_call, prompt, wait, delegate. */
  readonly type: "shell" | "mcp_call" | "prompt" | "wait" | "delegate" | "ask" | "approval";
  readonly executor: Executor;
  readonly role?: string;
  readonly title: string;
  readonly instructions: string;
  /** Of the source's action object: command, tool, message, … */
  readonly parameters: { readonly [name: string]: Json };
  /** Each part is data, and labelled as data where it was not written by the definition's author. */
  readonly context: readonly { readonly name: string; readonly trust: "author" | "data"; readonly value: Json }[];
  readonly result_schema: JsonSchema;
  /** The done-conditions in words, and which machine checks run afterwards. */
  readonly accept: readonly string[];
  readonly evidence: readonly string[];
  readonly lease_ms: number;
  readonly deadline_at?: number;
  readonly max_attempts: number;
}

export interface Agent {
  readonly id: string;
  readonly kind?: string;
  readonly parent?: string;
}

/** One presentation of an action; its id fences whoever held it before. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly holder?: Agent;
  readonly expires_at?: number;
}

export interface Receipt {
  readonly action_id: string;
  readonly attempt_id: string;
  /** Digest of (outcome, result) as it was submitted. */
  readonly digest: string;
  readonly outcome: Outcome;
  readonly at: number;
  readonly by?: Agent;
}

/** A result that came after its attempt had lost its lease: kept for the new holder to adopt. */
export interface LateResult {
  readonly attempt_id: string;
  readonly digest: string;
  readonly note?: string;
  readonly at: number;
}

/** An action as a run keeps it. */
export interface ActionRecord extends ActionDraft {
  readonly effect_key: string;
  readonly state: ActionState;
  readonly created_at: number;
  readonly attempt: Attempt;
  /** Attempts that failed, with why. */
  readonly failures: readonly { readonly attempt: number; readonly say: readonly string[] }[];
  readonly late?: LateResult;
  readonly receipt?: Receipt;
  /** True once it was presented anew: then a submission must name its attempt. */
  readonly presented_anew: boolean;
}

/** What an accepted submission, a deadline or a cancellation makes of an action. */
export interface ActionResult {
  readonly outcome: Exclude<Outcome, "progress"> | "deadline" | "cancelled";
  readonly result: Json;
  readonly note?: string;
  readonly by?: Agent;
}
