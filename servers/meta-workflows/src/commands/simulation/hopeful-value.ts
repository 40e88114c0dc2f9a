import type { Json } from "@platform-ops/meta-workflow-registry/definition";

const FIELD = /\bprobe((?:\.[A-Za-z_]\w*)+)(?:\s*(==|>=|>)\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false))?/g;

/** What a look at the world shows where the simplest comparisons of an expression hold: `probe.state == 'up' && probe.ok` → {state: "up", ok: true}. */
export function hopefulValue(expressions: readonly string[]): Json {
  const value: { [name: string]: Json } = {};
  for (const expression of expressions) {
    for (const { 1: path = "", 3: literal, index } of expression.matchAll(FIELD)) {
      const isDenied = /!\s*$/.test(expression.slice(Math.max(0, index - 10), index));
      put(value, path.slice(1).split("."), literal === undefined ? !isDenied : literalOf(literal));
    }
  }
  return value;
}

function literalOf(text: string): Json {
  return /^['"]/.test(text) ? text.slice(1, -1) : (JSON.parse(text) as Json);
}

function put(into: { [name: string]: Json }, [name = "", ...rest]: readonly string[], value: Json): void {
  if (["__proto__", "constructor", "prototype"].includes(name)) return;
  if (rest.length === 0) {
    if (!Object.hasOwn(into, name) || typeof into[name] === "boolean") into[name] = value;
    return;
  }
  const below = Object.hasOwn(into, name) && typeof into[name] === "object" && into[name] !== null ? into[name] : {};
  into[name] = below;
  put(below as { [name: string]: Json }, rest, value);
}
