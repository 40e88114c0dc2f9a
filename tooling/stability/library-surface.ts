import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";
import { publishedLibraries } from "../release/packages.mjs";

/** What may be imported of a library: by subpath the names, and whether each is a value or only a type. */
export type LibrarySurface = Readonly<Record<string, Readonly<Record<string, "value" | "type">>>>;

/** The public names of all libraries, as their sources say. */
export function librarySurfaces(root: string): Readonly<Record<string, LibrarySurface>> {
  return Object.fromEntries(
    publishedLibraries(root).map(({ folder, manifest }) => {
      const entries = Object.entries(manifest.exports as Record<string, string | Record<string, string>>);
      const subpaths = entries.flatMap(([subpath, target]) =>
        typeof target === "string" || target["default"] === undefined
          ? []
          : [[subpath, sorted(exportedNames(join(folder, target["platform-ops-source"] ?? "")))] as const],
      );
      return [manifest.name as string, Object.fromEntries(subpaths)];
    }),
  );
}

/** The names that a source file exports, those of files that it hands on whole included. */
export function exportedNames(file: string): Map<string, "value" | "type"> {
  const { module, errors } = parseSync(file, readFileSync(file, "utf8"));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const names = new Map<string, "value" | "type">();
  for (const { entries } of module.staticExports)
    for (const { exportName, isType, moduleRequest } of entries) {
      if (exportName.name !== null && exportName.name !== undefined) names.set(exportName.name, isType ? "type" : "value");
      else if (moduleRequest !== null && moduleRequest !== undefined)
        for (const [name, kind] of exportedNames(join(dirname(file), moduleRequest.value))) names.set(name, isType ? "type" : kind);
    }
  return names;
}

function sorted<T>(names: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
}
