import type { Path } from "../definition/yaml-text.ts";
import type { Importing } from "./importing.ts";
import type { Known } from "./known.ts";
import { isMap, validationOf } from "./server-inputs.ts";
import { shellText } from "./shell-command.ts";
import type { Variables } from "./variables.ts";

// The source's steps that somebody carries out: a command, a tool, a question, a wait.

/** What such a step is read with. */
export interface Reading {
  readonly importing: Importing;
  readonly variables: Variables;
  readonly known: Known;
}

type Written = Readonly<Record<string, unknown>>;
type Made = Record<string, unknown>;

const SHELL_OUTPUT = {
  type: "object",
  required: ["exit_code"],
  properties: {
    exit_code: { type: "integer" },
    stdout: { type: "string" },
    stderr: { type: "string" },
    duration: { type: "number" },
    truncated: { type: "boolean" },
  },
};

/** A command that the client runs on its own machine. */
export function shellStep({ importing, variables }: Reading, step: Written, path: Path): Made {
  const at: Path = [...path, "command"];
  const { command, env, doubtful } = shellText(variables.pieces(String(step["command"] ?? ""), at));
  importing.told(at, "the client runs the command on its own machine and reports what came of it: the server starts no shell.");
  if (Object.keys(env).length > 0)
    importing.told(at, `values stand in variables (${Object.keys(env).join(", ")}), so that none can become a command.`);
  if (doubtful)
    importing.warning(
      "UNTRANSLATED_TEMPLATE",
      at,
      "A value stands where the shell may not read a variable.",
      "Look at the quotes around `VALUE_…`.",
    );
  const given = isMap(step["env"]) ? (variables.value(step["env"], [...path, "env"]) as Made) : {};
  const all = { ...given, ...env };
  return {
    runs_on: "client",
    command,
    ...(typeof step["working_dir"] === "string" ? { cwd: variables.text(step["working_dir"], [...path, "working_dir"]) } : {}),
    ...(Object.keys(all).length === 0 ? {} : { env: all }),
    output: { schema: SHELL_OUTPUT },
  };
}

/** A tool that the server calls, where a binding names it, else the client. */
export function callStep({ importing, variables, known }: Reading, step: Written, path: Path): Made {
  const tool = String(step["tool"] ?? "").slice(0, 200);
  const binding = Object.hasOwn(known.bindings, tool) ? known.bindings[tool] : undefined;
  if (binding === undefined)
    importing.told([...path, "tool"], `the client calls \`${tool}\` and reports what it gave: no binding of the server names it.`);
  return {
    ...(binding === undefined ? { runs_on: "client", tool } : { runs_on: "server", ...binding }),
    ...(isMap(step["parameters"]) ? { args: variables.value(step["parameters"], [...path, "parameters"]) } : {}),
  };
}

/** A question to a person, or a task. */
export function promptStep({ importing }: Reading, step: Written, path: Path, instructions: string): Made {
  const kind = typeof step["prompt_type"] === "string" ? step["prompt_type"] : "text";
  if (step["prompt_type"] === undefined) importing.told(path, "a prompt that does not say its type asks for a text.");
  const validation = kind === "text" ? validationOf(step["validation"], [...path, "validation"], importing) : {};
  const result =
    Object.keys(validation).length === 0
      ? {}
      : { result: { type: "object", required: ["input"], properties: { input: { type: "string", ...validation } } } };
  const options = Array.isArray(step["options"])
    ? { options: step["options"].map((one) => (isMap(one) ? String(one["value"] ?? one["label"]) : String(one))) }
    : {};
  return { prompt_type: kind, instructions, ...options, ...result };
}

/** A wait of so many seconds. */
export function waitStep({ importing, variables }: Reading, step: Written, path: Path): Made {
  const key = step["duration_seconds"] === undefined ? "seconds" : "duration_seconds";
  const written = step[key];
  if (written === undefined) importing.error("MISSING_REQUIRED_FIELD", path, "A wait step needs `duration_seconds`.");
  const length = typeof written === "number" ? `${written}s` : variables.text(String(written ?? "0"), [...path, key]);
  return {
    for: length,
    ...(typeof step["message"] === "string" ? { message: variables.text(step["message"], [...path, "message"]) } : {}),
  };
}
