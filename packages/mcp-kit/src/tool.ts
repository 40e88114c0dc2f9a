import type { OpsError } from "@platform-ops/errors";
import type { z } from "zod";

/** The upper bound of what a tool may do. Hints, read-only filtering and audit are derived from it. */
export type Effect = "read" | "write" | "destroy";

/** What a tool gives back: both halves suffice alone, because some clients show the model only one of them. */
export interface ToolResult {
  readonly text: string;
  readonly data: Record<string, unknown>;
  /** Set where the call failed and its result has a shape of its own. Code, message and hint are added to both halves. */
  readonly failure?: OpsError;
}

/** One field of a form. Only what every client is known to draw: no nesting, no `format`, no union of types. */
export type FormField =
  | { readonly type: "boolean"; readonly title?: string; readonly description?: string; readonly default?: boolean }
  | {
      readonly type: "string";
      readonly title?: string;
      readonly description?: string;
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly enum?: readonly string[];
      readonly default?: string;
    }
  | {
      readonly type: "number" | "integer";
      readonly title?: string;
      readonly description?: string;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly default?: number;
    };

/** A form: a flat JSON Schema of scalars. */
export interface FormSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, FormField>>;
  readonly required?: readonly string[];
}

/** A tool's request to ask a person. `run` is called again with `call.answer` once an answer to exactly this was verified. */
export interface Ask {
  readonly ask: {
    readonly message: string;
    readonly schema: FormSchema;
    /** Digest of what the answer would decide. An answer counts only while the tool still asks for the same. */
    readonly binding: string;
  };
}

/** What a person answered, believed only after our own state was verified. */
export interface Answer {
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Readonly<Record<string, unknown>>;
  /** The binding that the question was about. */
  readonly binding: string;
  /** Set when nobody answered in time or the client failed to show the form (`action` is then "cancel"). */
  readonly note?: string;
}

/** What a tool may know of, and do in, one call. */
export interface Call {
  readonly id: string;
  /** `agent:<client>@<user>` */
  readonly actor: string;
  readonly client: { readonly name: string; readonly version: string };
  /** Aborted when the client cancels the call or the connection ends. It ends the wait, never what was begun. */
  readonly signal: AbortSignal;
  /** Whether this client says that it can show a form now. */
  readonly canAsk: boolean;
  readonly answer?: Answer;
  /** Why an answer that arrived was not believed: forged, replayed, for another call, altered, late. */
  readonly refusedAnswer?: string;
  /** Tells the client how far the call is, if it asked to be told. Never the only copy of a fact. */
  progress(message: string, done?: number, total?: number): void;
}

/** A tool as an inert value: no server, no environment, no clock in it. */
export interface Tool<I extends z.ZodObject = z.ZodObject, D = any> {
  readonly name: string;
  readonly title: string;
  /** The first sentence carries the meaning; at most 1,000 characters. */
  readonly description: string;
  readonly effect: Effect;
  readonly toolset: string;
  /** Whether it reaches systems outside this machine's control; true unless said otherwise. */
  readonly openWorld?: boolean;
  /** Whether a second equal call changes nothing more; derived for `read`. */
  readonly idempotent?: boolean;
  /** A z.strictObject with bounded strings and arrays. */
  readonly input: I;
  readonly output?: z.ZodObject;
  /** True if it may ask a person. */
  readonly asks?: boolean;
  run(input: z.infer<I>, deps: D, call: Call): Promise<ToolResult | Ask>;
}

/**
 * The definer of one server's tools, with its dependencies named once:
 * `const defineTool = toolsFor<TerraformDeps>()`. Returns the value unchanged; only types are inferred.
 */
export function toolsFor<D>(): <I extends z.ZodObject>(tool: Tool<I, D>) => Tool<I, D> {
  return (tool) => tool;
}

/** `toolsFor` without dependencies. */
export function defineTool<I extends z.ZodObject, D = unknown>(tool: Tool<I, D>): Tool<I, D> {
  return tool;
}

/** True if a tool's answer is a question to a person. */
export function isAsk(value: ToolResult | Ask): value is Ask {
  return "ask" in value;
}
