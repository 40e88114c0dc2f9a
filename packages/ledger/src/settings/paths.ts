import { isAbsolute, join, resolve } from "node:path";

/** `~/` is the home folder; what is relative lies beside `base`. */
export function absolutePath(path: string, base: string, home: string): string {
  const expanded = fromHome(path, home);
  return isAbsolute(expanded) ? resolve(expanded) : resolve(base, expanded);
}

/** A path or glob whose `~/` is the home folder. */
export function fromHome(path: string, home: string): string {
  return path === "~" ? home : path.startsWith("~/") ? join(home, path.slice(2)) : path;
}
