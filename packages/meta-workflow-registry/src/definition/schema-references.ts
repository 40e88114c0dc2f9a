import type { Json, JsonSchema } from "./definition.ts";

/** Makes schemas stand alone: `#/schemas/<name>` becomes `#/$defs/<name>`, and what is referred to goes along. */
export function standAlone(schemas: Readonly<Record<string, JsonSchema>>): (schema: JsonSchema) => JsonSchema {
  const rewritten = new Map<string, { schema: JsonSchema; refers: ReadonlySet<string> }>();
  const named = (name: string): { schema: JsonSchema; refers: ReadonlySet<string> } | undefined => {
    if (!Object.hasOwn(schemas, name)) return undefined;
    let found = rewritten.get(name);
    if (found === undefined) {
      const refers = new Set<string>();
      found = { schema: rewrite(schemas[name] ?? {}, refers, schemas) as JsonSchema, refers };
      rewritten.set(name, found);
    }
    return found;
  };
  return (schema) => {
    const refers = new Set<string>();
    const own = rewrite(schema, refers, schemas) as JsonSchema;
    if (refers.size === 0) return own;
    const defs: Record<string, JsonSchema> = {};
    const queue = [...refers];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const found = named(name);
      if (found === undefined || Object.hasOwn(defs, name)) continue;
      defs[name] = found.schema;
      queue.push(...found.refers);
    }
    return { ...own, $defs: { ...(own.$defs as JsonSchema | undefined), ...defs } };
  };
}

function rewrite(value: Json, refers: Set<string>, schemas: Readonly<Record<string, JsonSchema>>): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => rewrite(item, refers, schemas));
  let isSame = true;
  const fields = Object.entries(value as JsonSchema).map(([key, part]): [string, Json] => {
    const name = key === "$ref" && typeof part === "string" ? /^#\/schemas\/([^/]+)$/u.exec(part)?.[1] : undefined;
    if (name === undefined || !Object.hasOwn(schemas, name)) {
      const written = rewrite(part, refers, schemas);
      if (written !== part) isSame = false;
      return [key, written];
    }
    isSame = false;
    refers.add(name);
    return [key, `#/$defs/${name}`];
  });
  return isSame ? value : Object.fromEntries(fields);
}
