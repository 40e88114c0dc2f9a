import { relative } from "node:path";
import { isOpsError, toPlain, type PlainError } from "@platform-ops/errors";
import { filesMatching, WALK_LIMITS, type WalkLimits } from "./glob.ts";
import { loadInfra, type LoadedInfra } from "./load-infra.ts";
import { realRoots, requireRoots, searchBases, type ClientEntry } from "./paths.ts";

/** One configuration that a pattern found: loaded, or why not. */
export type ListedInfra =
  | { config_path: string; path: string; loaded: LoadedInfra }
  | { config_path: string; path: string; failure: PlainError };

export interface ListOptions {
  /** A glob, e.g. all `infra.yaml` one level down; relative to the working directory, where that is inside a root, and to each root. */
  pattern: string;
  roots: readonly string[];
  cwd: string;
  entry?: ClientEntry;
  limits?: WalkLimits;
}

/**
 * Loads every configuration that a glob finds under the roots, sorted by path. A bad one does not hide the others: its
 * failure stands in its place. `config_path` is relative to where it was found when nothing else has that name, else
 * absolute, so that it can be given back as it is. `truncated` when a limit ended the search.
 */
export async function listInfra(options: ListOptions): Promise<{ configs: ListedInfra[]; truncated: boolean }> {
  requireRoots(options.roots, options.entry);
  const roots = realRoots(options.roots);
  const found = new Map<string, string>();
  const holders = new Map<string, number>();
  let truncated = false;
  for (const base of searchBases(roots, options.cwd)) {
    const matching = await filesMatching(base, options.pattern, options.limits ?? WALK_LIMITS);
    truncated ||= matching.truncated;
    for (const path of matching.files) {
      if (found.has(path)) continue;
      const name = relative(base, path);
      found.set(path, name);
      holders.set(name, (holders.get(name) ?? 0) + 1);
    }
  }
  const configs: ListedInfra[] = [];
  for (const [path, name] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const config_path = holders.get(name) === 1 ? name : path;
    try {
      const loaded = await loadInfra({ config_path: path, roots, cwd: options.cwd });
      configs.push({ config_path, path, loaded: { ...loaded, written: { ...loaded.written, config_path } } });
    } catch (error) {
      if (!isOpsError(error)) throw error;
      configs.push({ config_path, path, failure: toPlain(error) });
    }
  }
  return { configs, truncated };
}
