import { readdir } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { isInside } from "./paths.ts";

/** Directories that never hold a configuration and may be huge. */
const SKIPPED = new Set(["node_modules", ".git", ".terraform", ".terragrunt-cache"]);

export interface WalkLimits {
  /** Levels below the root. */
  depth: number;
  /** Directories that are read. */
  directories: number;
  /** Files that are returned. */
  matches: number;
}

export const WALK_LIMITS: WalkLimits = { depth: 8, directories: 5000, matches: 100 };

/** True where a path segment matches a pattern of `*` (any run of characters) and `?` (any one). Linear: no backtracking into earlier stars. */
export function matchesSegment(pattern: string, segment: string): boolean {
  let p = 0;
  let s = 0;
  let star = -1;
  let starAt = 0;
  while (s < segment.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      starAt = s;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === segment[s])) {
      p++;
      s++;
    } else if (star >= 0) {
      p = star + 1;
      s = ++starAt;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** True for a configuration path that is a pattern: it holds `*`, `?` or `{a,b}`. */
export function isGlob(path: string): boolean {
  return /[*?]|\{[^{}]*,[^{}]*\}/.test(path);
}

/** `a/{b,c}/d` → `a/b/d`, `a/c/d`; at most 64 patterns, nested braces inside out. */
export function expandBraces(pattern: string): string[] {
  let patterns = [pattern];
  for (let round = 0; round < 6; round++) {
    const next = patterns.flatMap((one) => {
      const brace = /\{([^{}]*,[^{}]*)\}/.exec(one);
      if (brace === null) return [one];
      const [before, after] = [one.slice(0, brace.index), one.slice(brace.index + brace[0].length)];
      return brace[1]!.split(",").map((choice) => before + choice + after);
    });
    if (next.length === patterns.length || next.length > 64) break;
    patterns = next;
  }
  return [...new Set(patterns)].slice(0, 64);
}

/**
 * Files below a real root that match a pattern, sorted; `**` stands for any number of directories. Symbolic links to
 * directories are not followed, directories whose name begins with a dot only where the pattern names them, and
 * node_modules, .git and .terraform never. `truncated` when a limit ended the walk.
 */
export async function filesMatching(
  root: string,
  pattern: string,
  limits: WalkLimits = WALK_LIMITS,
): Promise<{ files: string[]; truncated: boolean }> {
  const walk = { files: new Set<string>(), directories: 0, truncated: false };
  for (const one of expandBraces(pattern)) {
    const local = isAbsolute(one) ? (isInside(root, one) ? relative(root, one) : undefined) : one;
    if (local === undefined) continue;
    const segments = local.split(sep).filter((segment) => segment !== "" && segment !== ".");
    if (segments.includes("..")) continue;
    await descend(root, segments, 0);
  }
  return { files: [...walk.files].sort(), truncated: walk.truncated };

  async function descend(directory: string, segments: string[], depth: number): Promise<void> {
    const [segment, ...rest] = segments;
    if (segment === undefined || walk.truncated) return;
    if (segment === "**") await descend(directory, rest, depth);
    if (depth > limits.depth) return;
    if (++walk.directories > limits.directories) {
      walk.truncated = true;
      return;
    }
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const isMatch =
        segment === "**"
          ? !entry.name.startsWith(".")
          : matchesSegment(segment, entry.name) && (segment.startsWith(".") || !entry.name.startsWith("."));
      if (!isMatch) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) {
        if (segment === "**") await descend(path, segments, depth + 1);
        else if (rest.length > 0) await descend(path, rest, depth + 1);
      } else if (rest.length === 0 && segment !== "**" && (entry.isFile() || entry.isSymbolicLink())) {
        if (walk.files.size >= limits.matches) walk.truncated = true;
        else walk.files.add(path);
      }
    }
  }
}
