import type { Effects, Json, Risk, StepType } from "../definition/definition.ts";
import type { Who } from "../page/index.ts";

/** `will`: on the way on which nothing fails and every approval is given. `may`: what decides it is not known yet. */
export type Chance = "will" | "may" | "never";

export interface PlannedStep {
  /** As in a run, without the numbers of items and turns: `roll_out/verify`. */
  readonly path: string;
  readonly id: string;
  readonly type: StepType;
  readonly title: string;
  readonly who: Who;
  readonly chance: Chance;
  readonly effects: Effects;
  /** Why it may or never run, where something was decided right there. */
  readonly why?: string;
}

/** A question that the definition asks on its way. */
export interface PlannedBranch {
  readonly path: string;
  readonly question: string;
  readonly answer: boolean | "unknown";
  /** What it depends on. */
  readonly why: string;
}

export interface PlannedCall {
  readonly kind: "tool" | "capability" | "program" | "command" | "check" | "workflow";
  readonly name: string;
  readonly by: "server" | "client";
  readonly chance: Chance;
  /** False: nothing that was named as there does it. */
  readonly available?: boolean;
  readonly steps: readonly string[];
}

export interface PlannedApproval {
  readonly path: string;
  readonly title: string;
  readonly chance: Chance;
  /** What is bound, where it is known now. */
  readonly binds?: Json;
  readonly people: number;
  readonly wait_at_most_ms: number;
}

/** What a run would do, as far as can be said before it is started. */
export interface DryRun {
  readonly workflow: string;
  readonly version: string;
  readonly digest: string;
  /** What is wrong with the inputs; such a run would be refused. */
  readonly problems: readonly { readonly input: string; readonly message: string }[];
  readonly risk: Risk;
  readonly effects: Effects;
  readonly branches: readonly PlannedBranch[];
  readonly steps: readonly PlannedStep[];
  readonly calls: readonly PlannedCall[];
  readonly approvals: readonly PlannedApproval[];
  readonly locks: readonly { readonly name: string; readonly known: boolean }[];
  readonly secrets: readonly string[];
  /** Actions that an agent or its client carries out; a person's decisions are `approvals` and questions. */
  readonly actions: { readonly min: number; readonly max: number };
  readonly questions: { readonly min: number; readonly max: number };
  /** What cannot be known before the run, in words. */
  readonly unknown: readonly string[];
}
