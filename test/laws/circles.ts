import { ownFile } from "./reach.ts";
import type { Source } from "./repository.ts";

/**
 * The circles in which files import each other, of values, of types, or late: each as the files along it, the first again at
 * the end. Of circles that share an arrow at least one is told.
 */
export function circles(sources: readonly Source[]): string[][] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const found: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || done.has(path)) return;
    const begins = trail.indexOf(path);
    if (begins >= 0) return void found.push([...trail.slice(begins), path]);
    trail.push(path);
    for (const { specifier } of source.imports) {
      const next = ownFile(path, specifier);
      if (next !== undefined) visit(next);
    }
    trail.pop();
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path);
  return found;
}
