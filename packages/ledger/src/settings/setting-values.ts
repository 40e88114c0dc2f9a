import { lstatSync, realpathSync, statSync } from "node:fs";

/** Puts a value into a tree at a path. */
export function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const branch = path.slice(0, -1).reduce((at, key) => (at[key] ??= {}) as Record<string, unknown>, tree);
  branch[path.at(-1)!] = value;
}

/** The value of a tree at a path; undefined where there is none. */
export function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    tree,
  );
}

/** A text as a truth value; the text itself where it is none. */
export function booleanOf(text: string): boolean | string {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : text;
}

/** True for a folder that is there. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The real path of what is there, else the path. */
export function real(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}
