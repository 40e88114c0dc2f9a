import { lstatSync, realpathSync, statSync, type Stats } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { printable } from "./printable.ts";

// Synchronous on purpose: each look takes microseconds on a local disk, and a configuration needs dozens of them, one
// after the other, within the millisecond that a warm `list_workflows` may take.

/** True when `path` is `root` or lies below it; both absolute and without symbolic links. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * The real path of something that may not exist yet: the deepest existing ancestor with its symbolic links followed,
 * and the rest appended. A symbolic link that leads nowhere is an error (`ENOENT` with the link's path): where it will
 * lead is not known. Throws the file system's own errors otherwise (`ELOOP`, `EACCES`, `ENOTDIR`).
 */
export function realpathOfDeepest(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const isDangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const parent = dirname(path);
    if (isDangling || parent === path) throw error;
    return join(realpathOfDeepest(parent), basename(path));
  }
}

/** What is at a path, links followed; undefined where nothing is, or nothing that may be looked at. */
export function entryAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function realpathOrNone(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** The roots that exist, real and without repetition or roots inside roots; order kept. */
export function realRoots(roots: readonly string[]): string[] {
  const real: string[] = [];
  for (const root of roots) {
    const path = realpathOrNone(root);
    if (path !== undefined && entryAt(path)?.isDirectory() === true && !real.includes(path)) real.push(path);
  }
  return real.filter((path) => !real.some((other) => other !== path && isInside(other, path)));
}

/** Where relative paths start: the roots, and the working directory first where it is inside one of them. All real. */
export function searchBases(roots: readonly string[], cwd: string): string[] {
  const here = realpathOrNone(cwd);
  const isHereAllowed = here !== undefined && roots.some((root) => isInside(root, here));
  return [...new Set([...(isHereAllowed ? [here] : []), ...roots])];
}

/** The outcome of `allow`: a real path inside a root, or why it is refused. */
export type Allowed = { path: string; root: string } | { refused: string };

/**
 * A path as written → the real path inside one of the (real) roots. `../` and symbolic links count by where they end,
 * so a path may go up and come back, and a link may point elsewhere inside a root; anything that ends outside is refused.
 */
export function allow(written: string, base: string, roots: readonly string[]): Allowed {
  const shown = printable(written);
  let path: string;
  try {
    path = realpathOfDeepest(resolve(base, written));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP") return { refused: `${shown} is a loop of symbolic links` };
    if (code === "ENOENT") return { refused: `${shown} goes through a symbolic link that leads nowhere` };
    if (code === "ENOTDIR") return { refused: `${shown} goes through a file as if it were a directory` };
    return { refused: `${shown} cannot be looked at (${code ?? "unknown reason"})` };
  }
  const root = roots.find((candidate) => isInside(candidate, path));
  if (root !== undefined) return { path, root };
  return { refused: `${shown} leads outside the allowed roots (${roots.map(printable).join(", ")})` };
}

/** The working directory where it is a project; none for `/`, the home folder or a folder above it, where desktop clients start servers. */
export function assumedRoots(cwd: string, home: string): string[] {
  const here = realpathOrNone(cwd) ?? resolve(cwd);
  return isInside(here, realpathOrNone(home) ?? resolve(home)) || dirname(here) === here ? [] : [here];
}

/** How the server was started, for the entry that a person pastes into the client's configuration. */
export interface ClientEntry {
  command: string;
  args: readonly string[];
}

/** What to do when no root is known: the client entry to paste, with a `--root`. */
export function rootlessHint(entry: ClientEntry): string {
  const pasted = { mcpServers: { terraform: { command: entry.command, args: [...entry.args, "--root", "/path/to/your/project"] } } };
  return [
    "The server was started in the root or home directory, so no project folder is assumed.",
    "Name the folder that holds infra.yaml (--root may be repeated) in the client's entry of this server, and restart it:",
    JSON.stringify(pasted, null, 2),
    "Or set terraform.roots in the operator's configuration file.",
  ].join("\n");
}

/** Throws `path_not_allowed` when there is no root at all. */
export function requireRoots(roots: readonly string[], entry: ClientEntry = { command: "terraform-mcp", args: [] }): void {
  if (roots.length > 0) return;
  throw new OpsError("path_not_allowed", "No root directory is allowed, so no configuration can be read.", { hint: rootlessHint(entry) });
}
