import type { Json } from "../definition/definition.ts";

/** True where the value has what is wanted: objects may have more fields, lists must be as long. */
export function fits(value: Json | undefined, wanted: Json): boolean {
  return misfit(value, wanted) === undefined;
}

/** Where and how a value is not what is wanted; undefined where it fits. */
export function misfit(value: Json | undefined, wanted: Json, at = ""): string | undefined {
  if (value === undefined) return `${at === "" ? "/" : at} is absent, ${JSON.stringify(wanted)} was expected`;
  const differs = (): string => `${at === "" ? "/" : at} is ${shown(value)}, ${shown(wanted)} was expected`;
  if (Array.isArray(wanted)) {
    const list = value as readonly Json[];
    if (!Array.isArray(value) || list.length !== wanted.length) return differs();
    return wanted.map((one: Json, index) => misfit(list[index], one, `${at}/${index}`)).find((found) => found !== undefined);
  }
  if (typeof wanted !== "object" || wanted === null) return value === wanted ? undefined : differs();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return differs();
  const fields = value as { readonly [name: string]: Json };
  return Object.entries(wanted)
    .map(([name, one]) => misfit(Object.hasOwn(fields, name) ? fields[name] : undefined, one as Json, `${at}/${name}`))
    .find((found) => found !== undefined);
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
