import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";

/** A file of a folder of runbooks. */
export interface LibraryFile {
  readonly path: string;
  readonly text: string;
}

/** Larger ones are no definitions; their reader says so. */
const MOST_BYTES = 1_200_000;
const MOST_FILES = 2_000;
const DEPTH = 3;
const DEFINITION = /\.ya?ml$/i;
const NOT_DEFINITIONS = /\.test\.ya?ml$|^bindings\.ya?ml$/i;

/** Paths of the definitions below a folder, sorted; tests and hidden files are none. Links are not followed. */
export async function definitionFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (dir: string, depth: number): Promise<void> => {
    const entries = await readdir(dir, { withFileTypes: true }).catch((): Dirent[] => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith(".") || found.length >= MOST_FILES) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory() && depth < DEPTH && entry.name !== "tests" && entry.name !== "node_modules") await walk(path, depth + 1);
      else if (entry.isFile() && DEFINITION.test(entry.name) && !NOT_DEFINITIONS.test(entry.name)) found.push(path);
    }
  };
  await walk(folder, 0);
  return found;
}

/** What changes with a file; "none" where it is not there. */
export async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? `${path} none` : `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
}

/** The text of a file; undefined where it cannot be read. One that is far too large is read as its beginning. */
export async function readLibraryFile(path: string): Promise<LibraryFile | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : { path, text: bytes.subarray(0, MOST_BYTES).toString("utf8") };
}

/** The registry's name, in whatever folder. */
export const REGISTRY_FILE = "META-WORKFLOWS.md";

/** True for the file that holds a workflow in a folder of its own. */
export function isFolderForm(path: string): boolean {
  return /^workflow\.ya?ml$/i.test(basename(path));
}
