import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import type { CompiledExpression } from "./compile.ts";
import { newEnvironment } from "./environment.ts";
import { write, type Style } from "./metered-source.ts";
import { PARSE_LIMITS } from "./limits.ts";
import { plainTypes } from "./plain-types.ts";
import { chainOf } from "./references.ts";

/** What a place that an expression reads holds; `dyn` where that is not known. */
export type ValueType = "string" | "double" | "bool" | "list" | "map" | "dyn";

const TYPES: readonly ValueType[] = ["string", "double", "bool", "list", "map", "dyn"];
const OPTIONAL = "__optional";

let environment: Environment | undefined;

/** Made on first use: a run checks no types. */
function typed(): Environment {
  if (environment !== undefined) return environment;
  environment = newEnvironment(true, { ...PARSE_LIMITS, maxAstNodes: 10_000, maxDepth: 200 });
  for (const type of TYPES) environment.registerVariable(`__${type}`, type === "map" ? "map<string, dyn>" : type);
  environment.registerVariable(OPTIONAL, "optional<dyn>");
  return environment;
}

/** What an expression gives, or why its operands and arguments do not fit. */
export type TypeCheck = { readonly type: string } | { readonly problem: string };

const kept = new Map<string, TypeCheck>();
const KEPT = 2_000;

/**
 * Checks an expression against the types of what it reads, before it runs.
 * @param typeOf the type of a place, as `["inputs", "n"]`
 */
export function checkTypes(compiled: CompiledExpression, typeOf: (path: readonly string[]) => ValueType): TypeCheck {
  const text = write(compiled.ast, typedStyle(typeOf), new Set());
  let check = kept.get(text);
  if (check === undefined) {
    check = checkText(text);
    if (kept.size >= KEPT) kept.clear();
    kept.set(text, check);
  }
  return check;
}

function checkText(text: string): TypeCheck {
  const { valid, type, error } = typed().check(text);
  if (valid) return { type: type ?? "dyn" };
  const words = plainTypes(error?.summary ?? "the types do not fit");
  return { problem: words };
}

/** Every place that is read becomes a variable of its type. */
function typedStyle(typeOf: (path: readonly string[]) => ValueType): Style {
  return {
    measured: (text) => text,
    // A JSON number may be one of whole numbers, which the language's types do not know.
    charged: (text, operator) => (operator === "in" ? `dyn(${text})` : text),
    method: () => undefined,
    instead(node: ASTNode, bound: ReadonlySet<string>): string | undefined {
      if (node.op === "call" && node.args[0] === "has") return "true";
      const chain = chainOf(node);
      if (chain === undefined || bound.has(chain.path[0] ?? "")) return undefined;
      if (chain.optional) return OPTIONAL;
      return BUILT_IN.has(chain.path[0] ?? "") ? undefined : `__${typeOf(chain.path)}`;
    },
  };
}

/** Names of the language itself: they look like variables and are none. */
export const BUILT_IN: ReadonlySet<string> = new Set([
  "google",
  "optional",
  "int",
  "uint",
  "double",
  "string",
  "bool",
  "bytes",
  "list",
  "map",
  "type",
  "null_type",
]);
