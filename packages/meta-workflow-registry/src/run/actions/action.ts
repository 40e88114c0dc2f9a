import type { Json, JsonSchema } from "../../definition/definition.ts";

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
  /** The same for each attempt: handed to outside systems, so that what was done can be found again. */
  readonly effect_key: string;
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
  /** `end`: the action is over; `escalate`: a person has it then. */
  readonly on_deadline: "end" | "escalate";
  readonly max_attempts: number;
}

export interface Agent {
  readonly id: string;
  /** What it calls itself; decides nothing. */
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
  /** `verifying` until the server has looked; never changes afterwards. */
  readonly verdict: "verifying" | "accepted" | "rejected";
  /** Why it was rejected. */
  readonly say?: readonly string[];
  /** An agent answered for a person. */
  readonly relayed?: boolean;
}

/** A result that came after its attempt had lost its lease: kept for the new holder to adopt. */
export interface LateResult {
  readonly attempt_id: string;
  readonly digest: string;
  readonly note?: string;
  readonly at: number;
}

/** An action that ended though somebody may still work on it. */
export interface Withdrawn {
  readonly action_id: string;
  readonly title: string;
  /** Every attempt that held it, newest last. */
  readonly attempts: readonly string[];
  readonly late?: LateResult;
}

export interface Submitted {
  readonly outcome: Exclude<Outcome, "progress">;
  readonly result: Json;
  readonly note?: string;
  readonly by?: Agent;
  readonly relayed?: boolean;
  readonly digest: string;
}

/** What the server's checks say of a result. `undecided`: they could not be made, so nobody is to blame. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly say: readonly string[]; readonly undecided?: boolean };

/** The server's checks of a result that fits its schema. */
export type Verify = (result: Json) => Promise<Verdict>;

/** An action as a run keeps it. */
export interface ActionRecord extends ActionDraft {
  readonly state: ActionState;
  readonly created_at: number;
  readonly attempt: Attempt;
  /** Ids of attempts that lost the action, newest last. */
  readonly past_attempts: readonly string[];
  /** So many failed attempts until a person is asked; more after a person gave it back. */
  readonly allowed: number;
  /** Attempts that failed, with why. */
  readonly failures: readonly { readonly attempt: number; readonly say: readonly string[] }[];
  readonly late?: LateResult;
  /** Of its last submission. */
  readonly receipt?: Receipt;
  /** What waits for the server's checks. */
  readonly submitted?: Submitted;
  /** Where it is over: what the interpreter has not taken yet. */
  readonly result?: ActionResult;
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
