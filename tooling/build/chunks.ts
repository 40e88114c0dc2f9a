import { basename, isAbsolute, join } from "node:path";
import type { Plugin } from "esbuild";

const SCOPE = "@platform-ops/";

/** Source files of a server that are loaded on need: what reads its settings, the whole of it, and what only authors of runbooks use. */
const LAZY_FILES = /\/(?:read-config|whole-start|authoring)\.ts$/;

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
