import type { Json } from "../definition/definition.ts";
import type { ApprovalDraft, CallOptions, CallOutcome, ServerCall } from "../run/index.ts";

/** What the world answers. Times are milliseconds of the virtual clock. */
export interface World {
  call(call: ServerCall, options: CallOptions): { readonly outcome: CallOutcome; readonly takes: number };
  /** What is decided, and how long after it was asked; undefined where nobody decides. */
  approval(draft: ApprovalDraft):
    | {
        readonly decision: "approved" | "rejected";
        readonly after: number;
        readonly by?: string;
        readonly reason?: string;
        readonly digest?: string;
      }
    | undefined;
  /** Who holds a lock when the run begins, and how long after that; absent or undefined: nobody does. */
  lock?(name: string): { readonly by: string; readonly until: number } | undefined;
  digest(value: Json): string;
}

/** A call that was made. */
export interface MadeCall {
  readonly call: ServerCall;
  readonly path: string;
  readonly effect_key: string;
  readonly read_only: boolean;
  readonly outcome: CallOutcome["status"];
}
