import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { withReadableMap } from "./source-map.ts";

/** A path of the building machine found in a built file. */
export interface Leak {
  readonly file: string;
  readonly path: string;
  readonly context: string;
}

/** Looks through every file below `folder` for the given absolute paths; what is shipped must not tell where it was built. */
export function findLeaks(folder: string, paths: readonly string[]): Leak[] {
  const leaks: Leak[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const text = readIfFile(join(folder, name));
    if (text === undefined) continue;
    for (const path of paths) {
      const at = text.indexOf(path);
      if (at >= 0) leaks.push({ file: name, path, context: text.slice(Math.max(0, at - 40), at + path.length + 60) });
    }
  }
  return leaks;
}

/** The folders that may not show up in a build made at `root`. A home folder as short as `/` would match by chance. */
export function buildPaths(root: string): string[] {
  return [...new Set([root, homedir()])].filter((path) => path.length > 4).map((path) => `${path}/`);
}

function readIfFile(path: string): string | undefined {
  try {
    return withReadableMap(readFileSync(path, "latin1"));
  } catch {
    return undefined;
  }
}
