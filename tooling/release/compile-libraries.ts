import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { run } from "../setup/program.mjs";
import { publishedLibraries } from "./packages.mjs";

/**
 * Compiles what the servers share to ECMAScript modules and declarations, one file per source file, into `out`/<library>/dist.
 * Only what can be reached from a public subpath is there. Returns by library which packages its files import.
 * @throws ProgramFailed with the compiler's messages
 */
export async function compileLibraries(root: string, out: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const libraries = publishedLibraries(root).map(({ library, manifest }) => ({ library, entries: entriesOf(manifest.exports) }));
  const raw = join(out, "raw");
  const files = libraries.flatMap(({ library, entries }) => entries.map((entry) => join(root, "packages", library, "src", `${entry}.ts`)));
  await mkdir(raw, { recursive: true });
  const options = {
    noEmit: false,
    noEmitOnError: true,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    rootDir: join(root, "packages"),
    outDir: raw,
    typeRoots: [join(root, "node_modules/@types")],
  };
  const config = join(out, "tsconfig.json");
  await writeFile(config, JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions: options, files }));
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], { cwd: root });
  const imported = new Map<string, Set<string>>();
  for (const { library, entries } of libraries)
    imported.set(library, await keepReachable(join(raw, library, "src"), entries, join(out, library, "dist")));
  return imported;
}

/** The source files of the public subpaths, without their ending: `./dist/run/index.js` → `run/index`. */
function entriesOf(exports: Readonly<Record<string, string | { readonly default?: string }>>): string[] {
  return Object.values(exports).flatMap((target) => {
    const code = typeof target === "string" ? undefined : target.default;
    return code === undefined ? [] : [code.replace(/^\.\/dist\//, "").replace(/\.js$/, "")];
  });
}

/** Copies what the entries reach, modules and declarations each for themselves; returns the packages that they name. */
async function keepReachable(from: string, entries: readonly string[], to: string): Promise<Set<string>> {
  const there = new Set((await readdir(from, { recursive: true })).map((name) => name.replaceAll("\\", "/")));
  const packages = new Set<string>();
  for (const ending of [".js", ".d.ts"]) {
    const open = entries.map((entry) => `${entry}${ending}`);
    const seen = new Set(open);
    for (const file of open) {
      const text = withJsEndings(await readFile(join(from, file), "utf8"));
      await mkdir(dirname(join(to, file)), { recursive: true });
      await writeFile(join(to, file), text);
      for (const specifier of specifiersIn(text)) {
        if (!specifier.startsWith(".")) {
          packages.add(packageOf(specifier));
          continue;
        }
        const next = posix.join(posix.dirname(file), specifier.replace(/\.js$/, ending));
        if (!there.has(next)) throw new Error(`${file} imports ${specifier}, which is not there`);
        if (!seen.has(next)) open.push(next);
        seen.add(next);
      }
    }
  }
  return packages;
}

/** The compiler leaves the endings of what declarations import as they are in source. */
export function withJsEndings(text: string): string {
  return text.replace(/((?:\bfrom |\bimport |\bimport\()")(\.{1,2}\/[^"\n]*)\.ts"/g, '$1$2.js"');
}

/** What a compiled file imports by whichever way, and which files beside it it names as a place. */
export function specifiersIn(text: string): string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  const found = code.matchAll(/(?:\bfrom |\bimport |\bimport\()"([^"\n]+)"|\bnew URL\("([^"\n]+\.js)"/g);
  return [...found].map(([, imported, named]) => imported ?? named ?? "");
}

/** The package of a specifier; empty for Node's own. */
function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return "";
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
