import { readFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import type { Plugin } from "esbuild";

const SCOPE = "@platform-ops/";

/** Source files of a server that are loaded on need: what reads its settings, the whole of it, and what only authors of runbooks use. */
const LAZY_FILES = /\/(?:read-config|whole-start|authoring)\.ts$/;

/** Source files whose functions bring much with them, a parser of YAML, and are not called by most starts. */
const LATE_FILES = /\/parse-yaml\.ts$/;

/**
 * The file that carries what is loaded on first need: `@platform-ops/orchestration/client` → `orchestration-client.cjs`,
 * `/…/whole-start.ts` → `whole-start.cjs`.
 */
export function chunkName(specifier: string): string {
  if (isAbsolute(specifier)) return `${basename(specifier, ".ts")}.cjs`;
  return `${specifier.slice(SCOPE.length).replaceAll("/", "-")}.cjs`;
}

/**
 * Every `import()` of a workspace entry, or of one of the lazy files of a server, becomes a `require` of a chunk of its own,
 * so that what it brings is neither read nor compiled before the first call that needs it. The entries met are added to `wanted`.
 */
export function lazyWorkspaceEntries(wanted: Set<string>): Plugin {
  return {
    name: "lazy-workspace-entries",
    setup(build) {
      build.onResolve({ filter: LAZY_FILES }, (args) => {
        if (args.kind !== "dynamic-import") return undefined;
        const path = join(args.resolveDir, basename(args.path));
        wanted.add(path);
        return { path: `./${chunkName(path)}`, external: true };
      });
      build.onResolve({ filter: /^@platform-ops\// }, (args) => {
        if (args.kind !== "dynamic-import") return undefined;
        wanted.add(args.path);
        return { path: `./${chunkName(args.path)}`, external: true };
      });
    },
  };
}

/**
 * What imports one of the late files gets functions that load its chunk when the first of them is called. So a part that is
 * called without waiting, unlike an `import()`, need not be read by a start that does not call it; and V8's cache of the part is
 * made by a start that does.
 */
export function lateFunctions(wanted: Set<string>): Plugin {
  return {
    name: "late-functions",
    setup(build) {
      build.onResolve({ filter: LATE_FILES }, (args) => {
        // The chunk itself is made of the file.
        if (isAbsolute(args.path)) return undefined;
        const path = join(args.resolveDir, args.path);
        wanted.add(path);
        return { path, namespace: "late" };
      });
      build.onResolve({ filter: /.*/, namespace: "late" }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: "late" }, ({ path }) => {
        const names = [...readFileSync(path, "utf8").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
        const chunk = JSON.stringify(`./${chunkName(path)}`);
        return { contents: names.map((name) => `export const ${name} = (...given) => require(${chunk}).${name}(...given);`).join("\n") };
      });
    },
  };
}

/** An entry written as a script with top-level `await`: CommonJS has none, so what follows the imports goes into an async function. */
export function wrapTopLevelAwait(source: string): string {
  const lines = source.split("\n");
  let inside = false;
  const isHead = (line: string): boolean => {
    const is = inside || /^(import\b|#!|\/\/|\s*$)/.test(line);
    // An import of many names goes over several lines, up to its semicolon.
    if (inside || /^import\b/.test(line)) inside = !line.trimEnd().endsWith(";");
    return is;
  };
  const first = lines.findIndex((line) => !isHead(line));
  if (first < 0 || !/^(?![\s/]).*\bawait\b/m.test(source) || /^export\b/m.test(source)) return source;
  return [...lines.slice(0, first), "void (async () => {", ...lines.slice(first), "})();", ""].join("\n");
}
