// Builds what is published: `pnpm build` (all servers) or `pnpm build terraform`. Skips a server whose sources did not change;
// `--force` builds it anyway. The result starts without node_modules. `--countable FOLDER` is for `npm run coverage`: it builds
// bundles of which V8 can tell what ran, and puts them with their source maps into that folder too; the next build replaces them.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { addStarter, bundleServer, copyInto, hasWorker } from "./build/bundle.ts";
import { buildPaths, findLeaks } from "./build/leaks.ts";
import { filesIn, licencePage, packagesOf } from "./build/licences.ts";
import { cleanInlineMap, sourcesOf } from "./build/source-map.ts";
import { recordOpening } from "./build/opening.ts";
import { newestChange, sourceHash } from "./build/source-hash.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** In bytes; a cold `npx` should take a second or two. */
const LARGEST_PACKAGE = 5_000_000;

interface BuildFacts {
  readonly server: string;
  readonly version: string;
  /** ISO time of the last change of its sources: by it the newest of several worker builds is known. */
  readonly built_at: string;
  hash: string;
}

/** Everything that can change a server's bundles. */
function inputsOf(server: string): string[] {
  const packages = readdirSync(join(ROOT, "packages")).flatMap((name) => [`packages/${name}/src`, `packages/${name}/package.json`]);
  const runtime = "packages/orchestration/worker-runtime";
  const own = [`servers/${server}/src`, `servers/${server}/package.json`];
  return [...packages, runtime, ...own, ...contentsOf(server), "pnpm-lock.yaml", "tooling/build.ts", "tooling/build"].filter((input) =>
    existsSync(join(ROOT, input)),
  );
}

/** Folders that a server's package carries as they are, by its manifest's `contents`; relative to the root. */
function contentsOf(server: string): string[] {
  const folder = join(ROOT, "servers", server);
  const { contents = [] } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { contents?: string[] };
  return contents.map((path) => relative(ROOT, join(folder, path))).filter((path) => existsSync(join(ROOT, path)));
}

function factsOf(server: string): BuildFacts {
  const inputs = inputsOf(server);
  const manifest = JSON.parse(readFileSync(join(ROOT, "servers", server, "package.json"), "utf8")) as { version: string };
  return { server, version: manifest.version, built_at: changedAt(inputs), hash: sourceHash(ROOT, inputs).slice(0, 12) };
}

/** Time of the commit that last touched the sources; with changes that are not committed, or without git, of the newest file. */
function changedAt(inputs: readonly string[]): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", ["-C", ROOT, ...args, "--", ...inputs], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const committed = git("log", "-1", "--format=%ct");
    if (committed !== "" && git("status", "--porcelain") === "") return new Date(Number(committed) * 1000).toISOString();
  } catch {
    // not a clone: sources from an archive
  }
  return new Date(Math.floor(newestChange(ROOT, inputs) / 1000) * 1000).toISOString();
}

function isBuilt(dist: string, facts: BuildFacts): boolean {
  try {
    const built = JSON.parse(readFileSync(join(dist, "build.json"), "utf8")) as BuildFacts;
    return built.hash === facts.hash && existsSync(join(dist, "bin.js")) && existsSync(join(dist, "main.cjs"));
  } catch {
    return false;
  }
}

/** Builds one server unless nothing changed since it was built. */
async function buildServer(server: string, force: boolean, maps: string | undefined): Promise<void> {
  const started = performance.now();
  const dist = join(ROOT, "servers", server, "dist");
  const facts = factsOf(server);
  // Another build by its hash, so that neither is taken for the other.
  if (maps !== undefined) facts.hash = createHash("sha256").update(`countable ${facts.hash}`).digest("hex").slice(0, 12);
  if (!force && isBuilt(dist, facts)) return say(`${server}: up to date (${facts.hash})`);
  const out = `${dist}.partial-${process.pid}`;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  try {
    const made = await bundleServer(ROOT, server, out, maps !== undefined);
    const workflowSources = await addWorker(server, out);
    if (maps !== undefined) keepMaps(out, join(maps, server));
    writeFileSync(join(out, "THIRD-PARTY-LICENCES.txt"), licencePage(packagesOf(ROOT, [...filesIn(made.values()), ...workflowSources])));
    for (const path of contentsOf(server)) cpSync(join(ROOT, path), join(out, basename(path)), { recursive: true });
    await addContents(server, out);
    addStarter(ROOT, out, maps !== undefined);
    chmodSync(join(out, "bin.js"), 0o755);
    writeFileSync(join(out, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
    await recordOpening(out, await toolsOf(server));
    writeFileSync(join(out, "build.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
    const leaks = findLeaks(out, buildPaths(ROOT));
    if (leaks.length > 0)
      throw new Error(`the build tells where it was made:\n${leaks.map((leak) => `  ${leak.file}: …${leak.context}…`).join("\n")}`);
    const packed = packedSize(out);
    if (packed > LARGEST_PACKAGE)
      throw new Error(`packed it would be ${megabytes(packed)}; at most ${megabytes(LARGEST_PACKAGE)} may be published`);
    replace(dist, out);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  say(
    `${server}: built ${facts.hash} in ${((performance.now() - started) / 1000).toFixed(1)} s, ${sizes(dist)}; packed ${megabytes(packedSize(dist))}`,
  );
}

/** Keeps what a coverage run needs: each bundle with its map. The maps leave dist, which is otherwise as ever. */
function keepMaps(out: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(out).filter((file) => file.endsWith(".map"))) {
    renameSync(join(out, name), join(folder, name));
    copyInto(folder, join(out, basename(name, ".map")));
  }
  // Its map is in it.
  if (existsSync(join(out, "workflow-bundle.js"))) copyInto(folder, join(out, "workflow-bundle.js"));
}

/** The workflow bundle, and the lock file from which `setup` installs the worker's runtime. Returns the sources of the bundle. */
async function addWorker(server: string, out: string): Promise<string[]> {
  let sources: string[] = [];
  const workflow = join(ROOT, "servers", server, "src/worker/workflow.ts");
  const runtime = join(ROOT, "packages/orchestration/worker-runtime");
  if (existsSync(workflow)) {
    const { bundleWorkflows } = await import("@platform-ops/orchestration/worker");
    const outFile = join(out, "workflow-bundle.js");
    const preload = join(ROOT, "servers", server, "src/worker/preloaded.ts");
    await bundleWorkflows({ workflowsPath: workflow, outFile, root: ROOT, ...(existsSync(preload) ? { preloadPath: preload } : {}) });
    const bundle = cleanInlineMap(readFileSync(outFile, "utf8"), "workflow-bundle.js", ROOT);
    writeFileSync(outFile, bundle);
    sources = sourcesOf(bundle);
  }
  if (!hasWorker(ROOT, server)) return sources;
  mkdirSync(join(out, "runtime"));
  for (const name of ["package.json", "package-lock.json"]) copyInto(join(out, "runtime"), join(runtime, name));
  return sources;
}

async function toolsOf(server: string): Promise<readonly { name: string; toolset: string }[]> {
  const { tools } = (await import(pathToFileURL(join(ROOT, "servers", server, "src/tools/index.ts")).href)) as {
    tools: readonly { name: string; toolset: string }[];
  };
  return tools;
}

/** What a server itself makes of the folders that its package carries, where it has `src/contents.ts`. */
async function addContents(server: string, out: string): Promise<void> {
  const made = join(ROOT, "servers", server, "src/contents.ts");
  if (!existsSync(made)) return;
  const { addContents: add } = (await import(pathToFileURL(made).href)) as { addContents(dist: string): Promise<void> };
  await add(out);
}

/** Puts the new folder in the place of the old one; a reader sees one or the other, but for a moment none. */
function replace(dist: string, out: string): void {
  const old = `${dist}.old-${process.pid}`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(out, dist);
  rmSync(old, { recursive: true, force: true });
}

/** About what `npm pack` makes of it, in bytes: the files compressed one by one. */
function packedSize(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile());
  return files.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

function sizes(dist: string): string {
  const files = readdirSync(dist).filter((name) => statSync(join(dist, name)).isFile());
  const kilobytes = (name: string): number => Math.round(statSync(join(dist, name)).size / 1024);
  return files
    .filter((name) => kilobytes(name) >= 10)
    .map((name) => `${name} ${kilobytes(name)} KB`)
    .join(", ");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const args = process.argv.slice(2);
const maps = args.includes("--countable") ? args.splice(args.indexOf("--countable"), 2)[1] : undefined;
const all = readdirSync(join(ROOT, "servers")).filter((name) => existsSync(join(ROOT, "servers", name, "src/bin.ts")));
const chosen = args.filter((arg) => !arg.startsWith("-"));
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No such server: ${unknown.join(", ")}. There are: ${all.join(", ")}\n`);
  process.exitCode = 2;
} else {
  try {
    for (const server of chosen.length > 0 ? chosen : all) await buildServer(server, args.includes("--force"), maps);
  } catch (error) {
    // esbuild has printed its own errors with their places.
    process.stderr.write(`not built: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
