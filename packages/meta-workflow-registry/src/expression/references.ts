import type { ASTNode } from "@marcbachmann/cel-js";
import { ExpressionError } from "./expression-error.ts";
import { MACROS } from "./metered-source.ts";

/** What an expression reads: a variable, and the fields after it as far as they are written out. */
export interface Reference {
  readonly path: readonly string[];
  /** Asked with `has`, `.?` or `default`: it may be absent. */
  readonly optional: boolean;
  readonly start: number;
  readonly end: number;
}

const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  matches: "matches() takes time without bound. Use regex_match(text, pattern), or glob(text, pattern).",
  bind: "cel.bind() is not offered. Keep a value by a set_state step.",
};

/**
 * Every variable path that an expression reads, with its place; variables of macros are not among them.
 * @throws ExpressionError `expression_refused` for functions that may not be used.
 */
export function referencesOf(root: ASTNode, source: string): Reference[] {
  const found: Reference[] = [];
  const walk = (node: ASTNode, bound: ReadonlySet<string>, optional: boolean): void => {
    const chain = chainOf(node);
    if (chain !== undefined) {
      refuseName(chain.path[0] ?? "", node, source);
      if (!bound.has(chain.path[0] ?? "")) {
        found.push({ path: chain.path, optional: optional || chain.optional, start: node.start, end: node.end });
      }
      return;
    }
    for (const [part, inner, asked] of partsOf(node, bound, source, optional)) walk(part, inner, asked);
  };
  walk(root, new Set(), false);
  return found;
}

type Part = readonly [node: ASTNode, bound: ReadonlySet<string>, optional: boolean];

function partsOf(node: ASTNode, bound: ReadonlySet<string>, source: string, optional: boolean): Part[] {
  const plain = (nodes: readonly ASTNode[]): Part[] => nodes.map((part) => [part, bound, optional]);
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return plain([node.args[0]]);
    case "!_":
    case "-_":
      return plain([node.args]);
    case "list":
      return plain(node.args);
    case "map":
      return plain(node.args.flat());
    case "call": {
      const [name, args] = node.args;
      refuseName(name, node, source);
      const first = name === "has" || name === "default";
      return args.map((part, index) => [part, bound, optional || (first && index === 0)]);
    }
    case "rcall":
      return methodParts(node.args, node, bound, source, optional);
    default:
      return plain(node.args);
  }
}

function methodParts(
  [name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]],
  node: ASTNode,
  bound: ReadonlySet<string>,
  source: string,
  optional: boolean,
): Part[] {
  refuseName(name, node, source);
  const [variable, ...turns] = args;
  if (!MACROS.has(name) || variable?.op !== "id") return [receiver, ...args].map((part) => [part, bound, optional]);
  refuseName(variable.args, variable, source);
  const inner = new Set([...bound, variable.args]);
  return [[receiver, bound, optional], ...turns.map((part): Part => [part, inner, optional])];
}

function refuseName(name: string, node: ASTNode, source: string): void {
  const words = Object.hasOwn(REFUSED_FUNCTIONS, name) && node.op !== "id" && node.op !== "." ? REFUSED_FUNCTIONS[name] : undefined;
  if (words !== undefined) throw new ExpressionError("expression_refused", words, source, node);
  if (name.startsWith("__")) throw new ExpressionError("expression_refused", `Names that begin with "__" cannot be used.`, source, node);
  if (name === "cel") throw new ExpressionError("expression_refused", REFUSED_FUNCTIONS.bind ?? "", source, node);
}

/** @internal `a.b.c`, `a.?b`, `a["b"]` written out from a variable; undefined where anything else is in between. */
export function chainOf(node: ASTNode): { path: string[]; optional: boolean } | undefined {
  if (node.op === "id") return { path: [node.args], optional: false };
  if (node.op === "." || node.op === ".?") {
    const before = chainOf(node.args[0]);
    return before && { path: [...before.path, node.args[1]], optional: before.optional || node.op === ".?" };
  }
  if (node.op === "[]" || node.op === "[?]") {
    const [, key] = node.args;
    if (key.op !== "value" || typeof key.args !== "string") return undefined;
    const before = chainOf(node.args[0]);
    return before && { path: [...before.path, key.args], optional: before.optional || node.op === "[?]" };
  }
  return undefined;
}
