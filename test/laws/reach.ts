import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageOf, resolveRelative, ROOT, type Import, type Source } from "./repository.ts";

/** An import met on a walk, and the files that led to it. */
export interface Met {
  readonly import: Import;
  readonly trail: readonly string[];
}

/**
 * Walks the value imports that run when `entry` is loaded, through our own packages too, and tells every one it meets.
 * Imports of types and dynamic imports are not followed: they load nothing.
 */
export function loadedBy(entry: string, sources: readonly Source[]): Met[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const met: Met[] = [];
  const seen = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    for (const one of source.imports) {
      if (one.kind !== "value") continue;
      const here = [...trail, path];
      met.push({ import: one, trail: here });
      const next = ownFile(path, one.specifier);
      if (next !== undefined) visit(next, here);
    }
  };
  visit(entry, []);
  return met;
}

/** The file of this repository that an import of the file at `path` leads to; nothing for one that is not ours. */
export function ownFile(path: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? resolveRelative(path, specifier) : workspaceEntry(specifier);
}

/** The source file of `@platform-ops/ledger/testing` and the like. */
function workspaceEntry(specifier: string): string | undefined {
  if (!specifier.startsWith("@platform-ops/")) return undefined;
  const name = packageOf(specifier);
  const room = `packages/${name.slice("@platform-ops/".length)}`;
  const manifest = join(ROOT, room, "package.json");
  if (!existsSync(manifest)) return undefined;
  const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { exports: Record<string, { "platform-ops-source": string }> };
  const entry = exports[`.${specifier.slice(name.length)}`]?.["platform-ops-source"];
  return entry === undefined ? undefined : `${room}/${entry.slice(2)}`;
}
