import type { ASTNode } from "@marcbachmann/cel-js";
import { UnsignedInt } from "./cel-classes.ts";

// An expression is evaluated from a text written anew from its tree, in which calls that could run away report to the meter:
// `a + b` becomes `__m(a + b)`, a turn of a macro `x.map(v, __m(…))`, an operand of a comparison `__c(a)`. The author's text is
// what is parsed, type-checked and quoted in problems; this one is only run.

/** Passes a value after measuring it. */
export const MEASURED = "__m";
/** Passes a value after charging for a look at all of it. */
export const CHARGED = "__c";

export const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** Methods of the library whose cost or growth has no bound; functions of ours stand in for them when an expression runs. */
export const BOUNDED_METHODS: Readonly<Record<string, string>> = {
  contains: "__contains",
  indexOf: "__index_of",
  lastIndexOf: "__last_index_of",
  split: "__split",
  join: "__join",
};

/** The text of an expression with its meter in it. */
export function meteredSource(node: ASTNode): string {
  switch (node.op) {
    case "value":
      return literal(node.args);
    case "id":
      return node.args;
    case ".":
    case ".?":
      return `${postfix(node.args[0])}${node.op}${node.args[1]}`;
    case "[]":
      return `${postfix(node.args[0])}[${meteredSource(node.args[1])}]`;
    case "[?]":
      return `${postfix(node.args[0])}[?${meteredSource(node.args[1])}]`;
    case "call":
      return measured(`${node.args[0]}(${node.args[1].map((argument) => meteredSource(argument)).join(", ")})`);
    case "rcall":
      return measured(methodCall(...node.args));
    case "list":
      return measured(`[${node.args.map((item) => meteredSource(item)).join(", ")}]`);
    case "map":
      return measured(`{${node.args.map(([key, value]) => `${meteredSource(key)}: ${meteredSource(value)}`).join(", ")}}`);
    case "?:":
      return `(${meteredSource(node.args[0])} ? ${meteredSource(node.args[1])} : ${meteredSource(node.args[2])})`;
    case "!_":
    case "-_":
      return `(${node.op[0]}${postfix(node.args)})`;
    case "==":
    case "!=":
    case "in":
      return `(${charged(node.args[0])} ${node.op} ${charged(node.args[1])})`;
    case "+":
      return measured(`${meteredSource(node.args[0])} + ${meteredSource(node.args[1])}`);
    default:
      return `(${meteredSource(node.args[0])} ${node.op} ${meteredSource(node.args[1])})`;
  }
}

function methodCall(name: string, receiver: ASTNode, args: readonly ASTNode[]): string {
  const written = args.map((argument) => meteredSource(argument));
  if (MACROS.has(name)) {
    const turns = written.map((text, index) => (index === 0 ? text : measured(text)));
    return `${CHARGED}(${meteredSource(receiver)}).${name}(${turns.join(", ")})`;
  }
  const stand = Object.hasOwn(BOUNDED_METHODS, name) ? BOUNDED_METHODS[name] : undefined;
  if (stand !== undefined) return `${stand}(${[meteredSource(receiver), ...written].join(", ")})`;
  return `${postfix(receiver)}.${name}(${written.join(", ")})`;
}

const measured = (text: string): string => `${MEASURED}(${text})`;
const charged = (node: ASTNode): string => (node.op === "value" ? meteredSource(node) : `${CHARGED}(${meteredSource(node)})`);

/** A number or an operator needs parentheses before a dot or a bracket. */
function postfix(node: ASTNode): string {
  const text = meteredSource(node);
  return node.op === "value" ? `(${text})` : text;
}

function literal(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`;
  if (value instanceof Uint8Array) return `b"${Array.from(value, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
  if (value instanceof UnsignedInt) return `${value.valueOf()}u`;
  return String(value);
}
