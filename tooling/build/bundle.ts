import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bundleOptions } from "@platform-ops/mcp-kit/bundling";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { chunkName, lateFunctions, lazyWorkspaceEntries, wrapTopLevelAwait } from "./chunks.ts";

/** What only a worker needs is installed beside its build, because it holds native code: never bundled. */
const WORKER_RUNTIME = [
  ...["activity", "client", "common", "core-bridge", "nexus", "proto", "worker", "workflow"].flatMap((name) => [
    `@temporalio/${name}`,
    `@temporalio/${name}/*`,
  ]),
  "protobufjs",
  "protobufjs/*",
];

/** Bundles that a client waits for. */
const HURRIED = new Set(["main.cjs", "read-config.cjs", "whole-start.cjs", "parse-yaml.cjs"]);

/** One file to make: its source and its name in dist. */
interface Part {
  readonly from: string;
  readonly to: string;
  readonly external?: readonly string[];
}

/**
 * Makes the bundles of one server in `out`: main.cjs, its chunks, and where it has a worker also worker.cjs and supervisor.cjs.
 * Returns what went into each. With `countable` each has a source map beside it, and its statements are those of the sources:
 * short names, but no `if` made into a `?:`.
 */
export async function bundleServer(root: string, server: string, out: string, countable = false): Promise<Map<string, Metafile>> {
  const source = join(root, "servers", server, "src");
  const made = new Map<string, Metafile>();
  const wanted = new Set<string>();
  const parts: Part[] = [
    { from: join(source, "bin.ts"), to: "main.cjs" },
    { from: join(source, "worker/main.ts"), to: "worker.cjs", external: WORKER_RUNTIME },
    { from: join(root, "packages/orchestration/src/supervisor.ts"), to: "supervisor.cjs" },
  ].filter((part) => part.to === "main.cjs" || hasWorker(root, server));
  for (const part of parts) made.set(part.to, await bundle(root, part, out, wanted, countable));
  // A chunk may want further chunks; the set grows while it is walked.
  for (const specifier of wanted) made.set(chunkName(specifier), await bundleChunk(root, specifier, out, wanted, server, countable));
  return made;
}

/** Whether a server has durable work: a worker, which a supervisor keeps alive. */
export function hasWorker(root: string, server: string): boolean {
  return existsSync(join(root, "servers", server, "src/worker/main.ts"));
}

async function bundleChunk(
  root: string,
  specifier: string,
  out: string,
  wanted: Set<string>,
  server: string,
  countable: boolean,
): Promise<Metafile> {
  const to = chunkName(specifier);
  const stdin = { contents: `export * from ${JSON.stringify(specifier)};`, resolveDir: join(root, "servers", server), sourcefile: to };
  return run({ ...options(root, out, to, wanted, countable), stdin });
}

function bundle(root: string, part: Part, out: string, wanted: Set<string>, countable: boolean): Promise<Metafile> {
  const common = options(root, out, part.to, wanted, countable);
  return run({
    ...common,
    entryPoints: [part.from],
    external: [...(part.external ?? [])],
    plugins: [...(common.plugins ?? []), asScript(part.from)],
  });
}

async function run(build_options: BuildOptions): Promise<Metafile> {
  const result = await build({ ...build_options, metafile: true });
  return result.metafile as Metafile;
}

/**
 * CommonJS, because Node 20 can keep V8's code cache only for scripts (docs/decisions): measured, an ES module starts no faster.
 * No source maps and no paths: the same sources give the same bytes wherever they are built.
 */
function options(root: string, out: string, to: string, wanted: Set<string>, countable: boolean): BuildOptions {
  return {
    absWorkingDir: root,
    outfile: join(out, to),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifyWhitespace: true,
    minifyIdentifiers: true,
    minifySyntax: !countable,
    ...(countable ? { sourcemap: "external" as const } : {}),
    // Every kept name is a call at start; only the server itself is in a hurry. Nothing of ours goes by the name of a function or class.
    keepNames: !HURRIED.has(to),
    legalComments: "none",
    charset: "ascii",
    logLevel: "warning",
    conditions: ["platform-ops-source", "node", "module"],
    mainFields: ["module", "main"],
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__moduleUrl", "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
    banner: { js: 'const __moduleUrl=require("node:url").pathToFileURL(__filename).href;' },
    alias: bundleOptions.alias,
    plugins: [withoutNativeCode, lazyWorkspaceEntries(wanted), lateFunctions(wanted), ...(bundleOptions.plugins as unknown as Plugin[])],
  };
}

/**
 * A bundle runs on every platform, so it holds no native code. ssh2 asks for two such modules within `try`, and does without them
 * in JavaScript: its ciphers are Node's own in any case but one.
 */
const withoutNativeCode: Plugin = {
  name: "without native code",
  setup(current) {
    current.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, namespace: "native" }));
    current.onLoad({ filter: /.*/, namespace: "native" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is native code, which is not bundled`)});`,
    }));
  },
};

const asScript = (entry: string): Plugin => ({
  name: "entry as script",
  setup(current) {
    current.onLoad({ filter: /\.ts$/ }, ({ path }) =>
      path === entry ? { contents: wrapTopLevelAwait(readFileSync(path, "utf8").replace(/^#!.*/, "")), loader: "ts" } : undefined,
    );
  },
});

/** The starter of the bundles, which knows the digest of each. With `countable` it keeps no code cache: of code out of one V8 counts functions only. */
export function addStarter(root: string, out: string, countable = false): void {
  const bundles = readdirSync(out).filter((name) => name.endsWith(".cjs"));
  const digests = Object.fromEntries(
    bundles.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(out, name)))
        .digest("hex")
        .slice(0, 16),
    ]),
  );
  const starter = readFileSync(join(root, "tooling/build/start.cjs"), "utf8");
  const started = starter.replace("const DIGESTS = {};", `const DIGESTS = ${JSON.stringify(digests)};`);
  writeFileSync(join(out, "bin.js"), countable ? started.replace("const KEEPS_CACHE = true", "const KEEPS_CACHE = false") : started);
}

/** Copies `from` to dist with its text unchanged; returns its name. */
export function copyInto(out: string, from: string, to: string = basename(from)): string {
  writeFileSync(join(out, to), readFileSync(from));
  return to;
}
