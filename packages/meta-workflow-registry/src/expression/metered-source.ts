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

/** How an expression is written anew. */
export interface Style {
  /** Around what may grow or cost. */
  measured(text: string): string;
  /** Around what is looked at whole. */
  charged(text: string, operator: string): string;
  /** What stands for a call of a method, if not the method. */
  method(name: string): string | undefined;
  /** What stands for a node, if not the node itself. */
  instead?(node: ASTNode, bound: ReadonlySet<string>): string | undefined;
}

const METERED: Style = {
  measured: (text) => `${MEASURED}(${text})`,
  charged: (text) => `${CHARGED}(${text})`,
  method: (name) => (Object.hasOwn(BOUNDED_METHODS, name) ? BOUNDED_METHODS[name] : undefined),
};

/** The text of an expression with its meter in it. */
export function meteredSource(node: ASTNode): string {
  return write(node, METERED, new Set());
}

/** The text of an expression in a style; `bound` are variables of macros around it. */
export function write(node: ASTNode, style: Style, bound: ReadonlySet<string>): string {
  const text = style.instead?.(node, bound);
  if (text !== undefined) return text;
  const inner = (part: ASTNode): string => write(part, style, bound);
  switch (node.op) {
    case "value":
      return literal(node.args);
    case "id":
      return node.args;
    case ".":
    case ".?":
      return `${postfix(node.args[0], inner)}${node.op}${node.args[1]}`;
    case "[]":
      return `${postfix(node.args[0], inner)}[${inner(node.args[1])}]`;
    case "[?]":
      return `${postfix(node.args[0], inner)}[?${inner(node.args[1])}]`;
    case "call":
      return style.measured(`${node.args[0]}(${node.args[1].map(inner).join(", ")})`);
    case "rcall":
      return style.measured(methodCall(node.args, style, bound));
    case "list":
      return style.measured(`[${node.args.map(inner).join(", ")}]`);
    case "map":
      return style.measured(`{${node.args.map(([key, value]) => `${inner(key)}: ${inner(value)}`).join(", ")}}`);
    case "?:":
      return `(${inner(node.args[0])} ? ${inner(node.args[1])} : ${inner(node.args[2])})`;
    case "!_":
    case "-_":
      return `(${node.op[0]}${postfix(node.args, inner)})`;
    case "==":
    case "!=":
    case "in":
      return `(${node.args.map((part) => (part.op === "value" ? inner(part) : style.charged(inner(part), node.op))).join(` ${node.op} `)})`;
    case "+":
      return style.measured(`(${inner(node.args[0])} + ${inner(node.args[1])})`);
    default:
      return `(${inner(node.args[0])} ${node.op} ${inner(node.args[1])})`;
  }
}

function methodCall(
  [name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]],
  style: Style,
  bound: ReadonlySet<string>,
): string {
  const inner = (part: ASTNode): string => write(part, style, bound);
  const [variable, ...turns] = args;
  if (MACROS.has(name) && variable?.op === "id") {
    const within = new Set([...bound, variable.args]);
    const written = turns.map((turn) => style.measured(write(turn, style, within)));
    return `${postfix(receiver, (part) => style.charged(inner(part), "."))}.${name}(${[variable.args, ...written].join(", ")})`;
  }
  const stand = style.method(name);
  if (stand !== undefined) return `${stand}(${[receiver, ...args].map(inner).join(", ")})`;
  return `${postfix(receiver, inner)}.${name}(${args.map(inner).join(", ")})`;
}

/** A number or an operator needs parentheses before a dot or a bracket. */
function postfix(node: ASTNode, inner: (node: ASTNode) => string): string {
  return node.op === "value" ? `(${inner(node)})` : inner(node);
}

function literal(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`;
  if (value instanceof Uint8Array) return `b"${Array.from(value, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
  if (value instanceof UnsignedInt) return `${value.valueOf()}u`;
  return String(value);
}
