import type { Json } from "../definition/definition.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly path: string;
  /** A person said no: not a failure in anybody's count. */
  readonly declined?: boolean;
  /** Everything that was done is to be undone; nothing on the way up catches it. */
  readonly compensate?: boolean;
}

/** How a step or a list of steps ended. */
export type Completion =
  | { readonly kind: "next" }
  | { readonly kind: "return"; readonly value: Json }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "cancelled" };

/** What an executor makes of its step: an output, or an end of its own. */
export type Made = { readonly kind: "output"; readonly output: Json; readonly simulated?: boolean } | Completion;

/** Characters of the words of a failure, which are kept and told. */
export const MAX_MESSAGE = 4_000;

export const NEXT: Completion = { kind: "next" };
export const CANCELLED: Completion = { kind: "cancelled" };

/** Ends the step that throws it; `on_error` says what then. */
export class StepFailure extends Error {
  readonly code: string;
  readonly declined: boolean;

  constructor(code: string, message: string, options: { declined?: boolean } = {}) {
    super(message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`);
    this.name = "StepFailure";
    this.code = code.slice(0, 100);
    this.declined = options.declined ?? false;
  }
}

/** Ends the step because its scope was cancelled. */
export class ScopeCancelled extends Error {
  constructor() {
    super("cancelled");
    this.name = "ScopeCancelled";
  }
}

export type RunStatus = "completed" | "failed" | "cancelled" | "declined" | "compensated" | "compensation_failed";

/** How a run ended. */
export interface RunEnd {
  readonly status: RunStatus;
  readonly output?: Json;
  readonly error?: { readonly code: string; readonly message: string; readonly path: string };
  /** Paths of steps of which nobody knows whether they happened: the run ended before anybody had looked. */
  readonly in_doubt?: readonly string[];
}
