import type { Json } from "./definition.ts";

const ALONE = /^\$\{\{\s*secrets\.([a-z][a-z0-9_]*)\s*\}\}$/;

/**
 * The secret that a field stands for: `${{ secrets.name }}` and nothing besides. A secret is known by its place in the definition,
 * never by how a value looks: what an agent or a tool said may look like anything.
 */
export function secretNameIn(template: Json): string | undefined {
  return typeof template === "string" ? ALONE.exec(template)?.[1] : undefined;
}
