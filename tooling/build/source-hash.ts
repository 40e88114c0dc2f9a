import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Files below `folder` that can change what is built: no tests, no build output, sorted by path. */
export function sourceFiles(folder: string): string[] {
  const found: string[] = [];
  const walk = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "dist" || entry.name.startsWith(".")) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && !/\.test\.ts$|\.snap$/.test(entry.name)) found.push(path);
    }
  };
  if (statSync(folder).isDirectory()) walk(folder);
  else found.push(folder);
  return found.toSorted();
}

/** SHA-256 (hex) over the paths, relative to `root`, and the contents of all given files and folders. */
export function sourceHash(root: string, inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    for (const file of sourceFiles(join(root, input))) {
      const bytes = readFileSync(file);
      hash.update(`${relative(root, file).split(sep).join("/")}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest("hex");
}

/** Time of the newest change among the files, in milliseconds since 1970. */
export function newestChange(root: string, inputs: readonly string[]): number {
  return Math.max(...inputs.flatMap((input) => sourceFiles(join(root, input))).map((file) => statSync(file).mtimeMs));
}
