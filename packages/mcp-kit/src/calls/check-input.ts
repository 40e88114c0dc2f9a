import { OpsError } from "@platform-ops/errors";
import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";
import { hostileInput, joinPath, shortPath } from "./hostile-input.ts";
import type { Tool } from "../tool.ts";

/** One wrong argument, in words that never repeat its value, which may be a secret. */
export interface InputProblem {
  /** Such as `workspaces[2].name`; empty for the arguments as a whole. */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

/**
 * Arguments → the tool's typed input. Every wrong argument is named at once, with what is accepted.
 * Throws OpsError invalid_input with `details.problems`.
 */
export function checkInput<I extends z.ZodObject>(tool: Tool<I>, args: unknown): z.infer<I> {
  const given = args ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw refusal(tool, [{ path: "", message: `the arguments must be one object, not ${kindOf(given)}` }]);
  }
  const hostile = hostileInput(given);
  if (hostile) throw refusal(tool, [{ ...hostile, message: withAccepted(hostile.message, tool, hostile.path) }]);
  const parsed = tool.input.safeParse(given);
  if (parsed.success) return parsed.data as z.infer<I>;
  throw refusal(tool, parsed.error.issues.flatMap((issue) => problemsOf(issue as Issue, given, tool)).slice(0, 20));
}

function refusal(tool: Tool, problems: readonly InputProblem[]): OpsError {
  const wrong = problems.length === 1 ? "an argument is wrong" : `${problems.length} arguments are wrong`;
  return new OpsError("invalid_input", `${tool.name} was not run: ${wrong}.`, {
    hint: `Correct ${problems.length === 1 ? "it" : "them"} and call ${tool.name} again.`,
    details: { problems },
  });
}

/** The parts of zod's issues that we word ourselves. */
interface Issue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
  readonly format?: string;
  readonly pattern?: string;
  readonly divisor?: number;
  readonly errors?: readonly (readonly Issue[])[];
}

function problemsOf(issue: Issue, root: unknown, tool: Tool): InputProblem[] {
  const path = shortPath(issue.path.reduce<string>((at, key) => joinPath(at, typeof key === "symbol" ? "?" : key), ""));
  const value = valueAt(root, issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return (issue.keys ?? []).map((key) => unknownKey(path, key, acceptedKeys(tool.input, issue.path)));
    case "invalid_type":
      if (value === undefined) return [{ path, message: `is required: ${article(issue.expected ?? "value")}` }];
      return [{ path, message: `must be ${article(issue.expected ?? "value")}, not ${kindOf(value)}` }];
    case "invalid_value": {
      const accepted = (issue.values ?? []).map(String);
      const near = typeof value === "string" ? didYouMean(value, accepted) : undefined;
      return [
        {
          path,
          message: `must be ${accepted.length === 1 ? accepted[0] : `one of ${accepted.join(", ")}`}`,
          ...(near && { suggestion: near }),
        },
      ];
    }
    case "too_small":
      return [{ path, message: `must have ${bound("at least", issue.minimum, issue.origin)}` }];
    case "too_big":
      return [{ path, message: `must have ${bound("at most", issue.maximum, issue.origin)}` }];
    case "invalid_format":
      // A pattern's own words, where the schema has any, say more than the pattern.
      return [
        {
          path,
          message: issue.message.startsWith("Invalid ")
            ? `must be ${issue.pattern ? `a string that matches ${issue.pattern}` : `a valid ${issue.format}`}`
            : issue.message,
        },
      ];
    case "not_multiple_of":
      return [{ path, message: `must be a multiple of ${issue.divisor}` }];
    case "invalid_union": {
      const inner = (issue.errors ?? []).map((branch) =>
        branch
          .map((one) =>
            problemsOf(one, value, tool)
              .map((problem) => `${problem.path ? `${problem.path} ` : ""}${problem.message}`)
              .join(", "),
          )
          .join("; "),
      );
      return [{ path, message: inner.length > 0 ? inner.join(", or ") : "has none of the accepted shapes" }];
    }
    default:
      // Custom checks: the words are the tool's author's.
      return [{ path, message: issue.message }];
  }
}

function unknownKey(path: string, key: string, accepted: readonly string[]): InputProblem {
  const near = didYouMean(key, accepted);
  const list = accepted.length > 0 ? `; accepted: ${accepted.join(", ")}` : "; nothing is accepted here";
  return { path: shortPath(joinPath(path, key)), message: `unknown argument${list}`, ...(near && { suggestion: near }) };
}

function withAccepted(message: string, tool: Tool, path: string): string {
  return message === "unknown argument" && !path.includes(".")
    ? `${message}; accepted: ${Object.keys(tool.input.shape).join(", ")}`
    : message;
}

/** The keys that the schema accepts at a path, looking through optional, default, nullable, array and record. */
function acceptedKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: any = unwrapped(schema);
  for (const key of path) {
    const def = at?._zod?.def;
    if (def?.type === "object") at = def.shape[key as string];
    else if (def?.type === "array") at = def.element;
    else if (def?.type === "record") at = def.valueType;
    else return [];
    at = unwrapped(at);
  }
  return at?._zod?.def?.type === "object" ? Object.keys(at._zod.def.shape) : [];
}

function unwrapped(schema: any): any {
  let at = schema;
  while (at?._zod?.def?.innerType ?? at?._zod?.def?.in) at = at._zod.def.innerType ?? at._zod.def.in;
  return at;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null && Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    root,
  );
}

const UNITS: Record<string, string> = { string: "characters", array: "items", set: "items", map: "entries", object: "entries" };

function bound(words: string, limit: number | bigint | undefined, origin: string | undefined): string {
  const unit = UNITS[origin ?? ""];
  return unit ? `${words} ${limit} ${limit === 1 ? unit.replace(/ies$/, "y").replace(/s$/, "") : unit}` : `a value of ${words} ${limit}`;
}

const ARTICLES: Record<string, string> = {
  int: "an integer",
  integer: "an integer",
  array: "an array",
  object: "an object",
  record: "an object",
  string: "a string",
  number: "a number",
  boolean: "true or false",
  null: "null",
  // A required argument that may be anything.
  nonoptional: "any value",
};

const article = (expected: string): string => ARTICLES[expected] ?? `a ${expected}`;

/** The kind of a value in words, never the value. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a number";
  if (typeof value === "boolean") return "a boolean";
  return article(typeof value);
}
