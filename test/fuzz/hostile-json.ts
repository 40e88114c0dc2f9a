import type { Random } from "../chaos/random.ts";
import type { ListedTool } from "../support/published-bins.ts";

// Arguments of calls and other JSON, from right to absurd.

type Schema = ListedTool["inputSchema"] & { readonly anyOf?: readonly Schema[] };

/** Texts that are more than a text somewhere. */
const TEXTS = [
  "",
  " ",
  "nowhere",
  "infra.yaml",
  "../../../../etc/passwd",
  "/dev/zero",
  "-oProxyCommand=true",
  "$(true)",
  "a\u0000b",
  "\ud800",
  "\u202eabc",
  "\u2028",
  "\ufeff",
  "<script>",
  "%s%n%x",
  "{{7*7}}",
  "__proto__",
  "constructor",
  "true",
  "null",
  "9".repeat(400),
] as const;

const NUMBERS = [0, -0, 1, -1, 0.1, 1e21, -1e308, 2 ** 53, 2 ** 31, 4_294_967_296] as const;

/** Any JSON value, at most a few levels deep. */
export function anyJson(random: Random, depth = 3): unknown {
  const kind = random.int(0, depth > 0 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick(NUMBERS);
  if (kind <= 5) return random.chance(0.1) ? "x".repeat(random.int(1, 20_000)) : random.pick(TEXTS);
  const size = random.int(0, 4);
  if (kind === 6) return Array.from({ length: size }, () => anyJson(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, () => [random.pick([...TEXTS, "name", "id", "toString"]), anyJson(random, depth - 1)]),
  );
}

/** Arguments that a schema describes, more or less. */
export function argumentsFor(random: Random, schema: Schema): unknown {
  if (random.chance(0.05)) return anyJson(random);
  const properties = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  const chosen = properties.filter(([name]) => random.chance(required.has(name) ? 0.9 : 0.3));
  const args = Object.fromEntries(
    chosen.map(([name, one]) => [name, random.chance(0.25) ? anyJson(random) : valueFor(random, one as Schema)]),
  );
  if (random.chance(0.15)) args[random.pick(["confirm", "approve", "constructor", "toString", "a b"])] = anyJson(random, 1);
  return args;
}

function valueFor(random: Random, schema: Schema): unknown {
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if (schema.anyOf !== undefined) return valueFor(random, random.pick(schema.anyOf));
  if (schema.type === "object") return argumentsFor(random, schema);
  if (schema.type === "array") return Array.from({ length: random.int(0, 3) }, () => valueFor(random, schema.items ?? {}));
  if (schema.type === "integer" || schema.type === "number") return random.chance(0.5) ? (schema.minimum ?? 1) : random.pick(NUMBERS);
  if (schema.type === "boolean") return random.chance(0.5);
  return random.pick(TEXTS);
}

/** `open` that many times, something, and `close` as often. */
export const nested = (open: string, inside: string, close: string, times: number): string =>
  open.repeat(times) + inside + close.repeat(times);
