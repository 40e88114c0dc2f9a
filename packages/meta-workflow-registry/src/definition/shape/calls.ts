import { z } from "zod";
import type { Compensation, Json, Probe, ProgramCall, Reconcile, ToolCall } from "../definition.ts";
import { expression, template, templates, templateText, text } from "./atoms.ts";

// Calls that the server makes: a tool, a program, a built-in check. One flat map says which by its keys.

export const toolFields = {
  server: text("Name of an MCP server that the operator configured.", 200).optional(),
  tool: text("Name of a tool of that server.", 200).optional(),
  capability: text("What is needed, as `vcs.status`; the operator's bindings say which server and tool that is.", 200).optional(),
  args: templates("Arguments of the tool.").optional(),
};

export const programFields = {
  argv: z
    .array(template("One argument."))
    .min(1, "at least the program's name")
    .max(200, "at most 200 arguments")
    .describe("Program and arguments; no shell is involved."),
  cwd: templateText("Working directory.", 1_000).optional(),
  env: templates("Environment variables; secrets belong here.").optional(),
  stdin: template("What the program reads on its standard input.").optional(),
};

const anyCall = {
  ...toolFields,
  ...programFields,
  argv: programFields.argv.optional(),
  check: text("A built-in check: `git.commit_exists`, `http.healthy`, …", 200).optional(),
  with: templates("What the check looks at.").optional(),
};

type AnyCall = z.output<z.ZodObject<typeof anyCall>>;

const ONE_OF = "one of: `capability` (or `server` and `tool`), `argv`, `check`";

const isOneCall = (call: AnyCall): boolean =>
  [
    call.capability !== undefined || (call.tool !== undefined && call.server !== undefined),
    call.argv !== undefined,
    call.check !== undefined,
  ].filter(Boolean).length === 1;

/** A look at the world that changes nothing. */
export const probe = z
  .strictObject(anyCall)
  .refine(isOneCall, ONE_OF)
  .transform(toProbe)
  .describe("A look at the world that changes nothing.");

export const reconcile = z
  .strictObject({
    ...anyCall,
    done: expression("True where the step has happened; sees `probe`."),
    absent: expression("True where it has not happened; sees `probe`."),
  })
  .refine(isOneCall, ONE_OF)
  .transform(({ done, absent, ...call }): Reconcile => ({ probe: toProbe(call), done, absent }))
  .describe("How the outcome of a step that may have happened is found.");

export const callFields = anyCall;
export const hasOneCall = isOneCall;
export const CALL_KINDS = ONE_OF;

export const compensate = z
  .union(
    [
      text("What an agent is told to undo."),
      z
        .strictObject({ ...anyCall, prompt: text("What an agent is told to undo.").optional() })
        .refine((undo) => (undo.prompt !== undefined) !== isOneCall(undo), ONE_OF),
    ],
    { error: `a text for an agent, or a map with \`prompt\` or ${ONE_OF}` },
  )
  .transform(toCompensation)
  .describe("What undoes this step, should a later one fail.");

function toCompensation(undo: string | (AnyCall & { prompt?: string | undefined })): Compensation {
  if (typeof undo === "string") return { prompt: undo };
  if (undo.prompt !== undefined) return { prompt: undo.prompt };
  return undo.argv === undefined ? { call: toToolCall(undo) } : { program: toProgramCall({ ...undo, argv: undo.argv }) };
}

/** A call's normal form. */
export function toProbe(call: AnyCall): Probe {
  if (call.check !== undefined) return { kind: "check", check: call.check, with: call.with ?? {} };
  if (call.argv !== undefined) return { kind: "program", ...toProgramCall({ ...call, argv: call.argv }) };
  return { kind: "tool", ...toToolCall(call) };
}

/** A tool call's normal form. */
export function toToolCall(call: {
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly capability?: string | undefined;
  readonly args?: Readonly<Record<string, Json>> | undefined;
}): ToolCall {
  return { ...given("server", call.server), ...given("tool", call.tool), ...given("capability", call.capability), args: call.args ?? {} };
}

/** A program's normal form. */
export function toProgramCall(call: {
  readonly argv: readonly Json[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, Json>> | undefined;
  readonly stdin?: Json | undefined;
}): ProgramCall {
  return { argv: call.argv, ...given("cwd", call.cwd), ...given("env", call.env), ...given("stdin", call.stdin) };
}

/** A field that stands only where it has a value. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { [key in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [key in Key]?: Value };
}
