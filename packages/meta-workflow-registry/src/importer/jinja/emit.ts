import { asText, condition, fieldOf, literal, textLiteral, tight, type Cel } from "./cel.ts";
import { filtered } from "./filters.ts";
import { called } from "./functions.ts";
import { method } from "./methods.ts";
import type { Names } from "./names.ts";
import type { Node } from "./parse.ts";
import { Refused } from "./refused.ts";

/** A Jinja expression in CEL. @throws Refused where it has no counterpart */
export function celOf(node: Node, names: Names): Cel {
  switch (node.kind) {
    case "literal":
      return literalOf(node.value, node.float);
    case "name":
      return names.variable(node.name);
    case "field":
      return reached(celOf(node.of, names), node.of, node.name, names);
    case "item":
      return itemOf(node, names);
    case "slice":
      return sliceOf(node, names);
    case "call":
      return node.of.kind === "field" ? method(node.of, node.args, names, celOf) : called(node, names, celOf);
    case "filter":
      return filtered(node, names, celOf);
    case "test":
      return tested(node, names);
    case "not":
      return { source: `!(${condition(celOf(node.of, names))})`, bool: true, tight: true };
    case "minus":
      return { source: `-${tight(celOf(node.of, names))}` };
    case "binary":
      return binary(node, names);
    case "choice":
      return choice(celOf(node.if, names), celOf(node.then, names), node.else === undefined ? literalOf("") : celOf(node.else, names));
    case "list":
      return { source: `[${node.items.map((item) => celOf(item, names).source).join(", ")}]`, tight: true };
    case "map":
      return mapOf(node.entries, names);
  }
}

/** A literal value in CEL. */
export function literalOf(value: string | number | boolean | null, float = false): Cel {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Refused("The number is too large.");
  const source = typeof value === "number" && float && Number.isInteger(value) ? `${value}.0` : literal(value);
  return { source, literal: value, tight: true, text: typeof value === "string", bool: typeof value === "boolean" };
}

/** `if ? then : else` of any two types. */
export function choice(when: Cel, then: Cel, otherwise: Cel): Cel {
  const same = then.text === true && otherwise.text === true;
  const side = (cel: Cel): string => (same ? tight(cel) : `dyn(${cel.source})`);
  const asked = when.bool === true ? tight(when) : condition(when);
  return { source: `${asked} ? ${side(then)} : ${side(otherwise)}`, text: same, bool: then.bool === true && otherwise.bool === true };
}

function nameAllowed(name: string): void {
  if (name.startsWith("_")) throw new Refused(`\`${name}\`: names that begin with an underscore cannot be reached.`);
}

function reached(of: Cel, node: Node, name: string, names: Names): Cel {
  nameAllowed(name);
  const field = node.kind === "name" && node.name === "steps" ? names.stepId(name) : name;
  const source = fieldOf(tight(of), field);
  return { source, tight: true, bool: names.isBoolean(source) };
}

function itemOf(node: Extract<Node, { kind: "item" }>, names: Names): Cel {
  const key = celOf(node.key, names);
  const of = celOf(node.of, names);
  if (typeof key.literal === "string") return reached(of, node.of, key.literal, names);
  if (node.key.kind === "minus" && node.key.of.kind === "literal" && node.key.of.value === 1)
    return { source: `last(${of.source})`, tight: true };
  return { source: `${tight(of)}[${key.source}]`, tight: true };
}

function sliceOf(node: Extract<Node, { kind: "slice" }>, names: Names): Cel {
  const bound = (part: Node | undefined): number | undefined => {
    if (part === undefined) return undefined;
    const cel = celOf(part, names);
    if (typeof cel.literal !== "number" || !Number.isInteger(cel.literal))
      throw new Refused("A slice takes whole numbers that are written out.");
    return cel.literal;
  };
  const of = celOf(node.of, names);
  if (of.text === true) throw new Refused("A slice of a text is not translated.");
  names.told("A slice `[a:b]` works on lists only here.");
  return { source: `slice(${of.source}, ${bound(node.from) ?? 0}, ${bound(node.to) ?? 1_000_000})`, tight: true };
}

function tested(node: Extract<Node, { kind: "test" }>, names: Names): Cel {
  const of = celOf(node.of, names);
  const first = node.args.list[0];
  const is = (source: string): Cel => ({ source, bool: true });
  switch (node.name) {
    case "defined":
      return is(`default(${of.source}, null) != null`);
    case "undefined":
      return is(`default(${of.source}, null) == null`);
    case "none":
      return is(`${tight(of)} == null`);
    case "true":
    case "false":
      return is(`${tight(of)} == ${node.name}`);
    case "equalto":
    case "eq":
      if (first !== undefined) return is(`${tight(of)} == ${tight(celOf(first, names))}`);
      break;
    case "in":
      if (first !== undefined) return is(`${tight(of)} in ${tight(celOf(first, names))}`);
      break;
    case "even":
    case "odd":
      return is(`int(${of.source}) % 2 == ${node.name === "even" ? 0 : 1}`);
    default:
  }
  throw new Refused(`The test \`is ${node.name}\` has no counterpart.`);
}

function binary(node: Extract<Node, { kind: "binary" }>, names: Names): Cel {
  const [left, right] = [celOf(node.left, names), celOf(node.right, names)];
  const two = (op: string): string => `${tight(left)} ${op} ${tight(right)}`;
  switch (node.op) {
    case "and":
    case "or":
      return both(node.op, left, right);
    case "in":
    case "not in": {
      // In Jinja also a part of a text.
      const found = right.text === true ? `contains(${right.source}, ${left.source})` : two("in");
      return { source: node.op === "in" ? found : `!(${found})`, bool: true, tight: right.text === true || node.op !== "in" };
    }
    case "~":
      return { source: `${asText(left)} + ${asText(right)}`, text: true };
    case "/":
      return { source: `double(${left.source}) / ${tight(right)}` };
    case "//":
      return { source: `floor(double(${left.source}) / ${tight(right)})`, tight: true };
    case "+":
      return { source: two("+"), text: left.text === true && right.text === true };
    case "-":
    case "*":
    case "%":
      return { source: two(node.op) };
    default:
      return { source: two(node.op), bool: true };
  }
}

function both(op: "and" | "or", left: Cel, right: Cel): Cel {
  if (left.bool === true && right.bool === true)
    return { source: `${tight(left)} ${op === "and" ? "&&" : "||"} ${tight(right)}`, bool: true };
  // As in Python: the value that decided, not true or false.
  const asked = `(${condition(left)}) ${op === "and" ? "&&" : "||"} (${condition(right)})`;
  return { ...(op === "or" ? choice(left, left, right) : choice(left, right, left)), asked };
}

function mapOf(entries: readonly (readonly [Node, Node])[], names: Names): Cel {
  const fields = entries.map(([key, value]) => {
    const name = celOf(key, names);
    if (typeof name.literal !== "string") throw new Refused("Keys of a map must be texts that are written out.");
    return `${textLiteral(name.literal)}: ${celOf(value, names).source}`;
  });
  return { source: `{${fields.join(", ")}}`, tight: true };
}
