import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ROOT } from "../setup.mjs";
import { ProgramFailed, run } from "../setup/program.mjs";
import type { Job } from "./jobs.ts";
import { typescript1, typescript2 } from "./makes.ts";
import { pathOf, type Node } from "./nodes.ts";
import { exampleOf, type ReadmeExample } from "./readme.ts";

/** What somebody saw who built upon a published library. */
export interface FirstUse {
  /** Packages that its installation brought, itself included. */
  readonly installed: number;
  readonly installMs: number;
  /** Subpaths that were imported and type-checked. */
  readonly subpaths: readonly string[];
  readonly faults: readonly string[];
}

/** A program: imported, it would run. */
const PROGRAMS = new Set(["@platform-ops/orchestration/supervisor"]);

/** Files of a README that are servers, which real clients start. Which line of the SDK each speaks does not matter to a client. */
const SERVED: Readonly<Record<string, readonly string[]>> = { "mcp-kit": ["server.ts", "host.ts"] };
const SERVED_JOB: Job = {
  server: "warehouse",
  prepare: async () => ({ args: [], env: {} }),
  call: { name: "count_stock", arguments: { article: "bolt" } },
  accepts: (data) => isDeepStrictEqual(data, { article: "bolt", count: 12 }),
};

/**
 * Does what the README of a library says, in an empty folder with an empty npm cache: installs it, writes the files, checks their
 * types with plain tsc, runs them and compares what they print. Further imports every public subpath.
 */
export async function firstUse(
  npmrc: string,
  library: string,
  node: Node,
  wanted: (name: string) => string = (name) => name,
): Promise<FirstUse> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-builder-")));
  try {
    const example = exampleOf(await readFile(join(ROOT, "packages", library, "README.md"), "utf8"));
    const env = await newBuilder(folder, npmrc, node);
    const work = join(folder, "work");
    const began = performance.now();
    for (const names of example.installs) await install(work, env, node, names.map(wanted));
    const installMs = performance.now() - began;
    const installed = await countInstalled(join(work, "node_modules"));
    const subpaths = await subpathsOf(work, `@platform-ops/${library}`);
    await writeProgram(work, example, subpaths);
    const faults = [...(await compileFaults(work, env, node)), ...(await talkFaults(work, env, node, example))];
    for (const file of SERVED[library] ?? []) faults.push(...(await serveFaults(work, env, node, file)));
    return { installed, installMs, subpaths, faults };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function newBuilder(folder: string, npmrc: string, node: Node): Promise<Record<string, string>> {
  const [home, work] = [join(folder, "home"), join(folder, "work")];
  await Promise.all([mkdir(join(home, "prefix/lib"), { recursive: true }), mkdir(work)]);
  await writeFile(join(home, ".npmrc"), npmrc, { mode: 0o600 });
  await writeFile(join(work, "package.json"), '{ "private": true, "type": "module" }\n');
  const npm = { npm_config_cache: join(folder, "npm-cache"), npm_config_prefix: join(home, "prefix"), npm_config_update_notifier: "false" };
  return { PATH: pathOf(node), HOME: home, ...npm };
}

/** Scripts of others may not run, as in this repository; nothing of ours has one, and nothing of ours needs one. */
async function install(work: string, env: Record<string, string>, node: Node, names: readonly string[]): Promise<void> {
  const cli = join(dirname(node.npx), "npm-cli.js");
  await run(node.program, [cli, "install", "--ignore-scripts", "--no-audit", "--no-fund", ...names], { cwd: work, env });
}

async function countInstalled(modules: string): Promise<number> {
  const { packages } = JSON.parse(await readFile(join(modules, ".package-lock.json"), "utf8")) as { packages: object };
  return Object.keys(packages).length;
}

async function subpathsOf(work: string, name: string): Promise<string[]> {
  const { exports } = JSON.parse(await readFile(join(work, "node_modules", name, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  return Object.entries(exports).flatMap(([subpath, target]) => (typeof target === "string" ? [] : [`${name}${subpath.slice(1)}`]));
}

async function writeProgram(work: string, { files }: ReadmeExample, subpaths: readonly string[]): Promise<void> {
  for (const { path, text } of files) await writeFile(join(work, path), text, { mode: 0o600 });
  const imports = subpaths.map((subpath, at) => `import * as s${at} from ${JSON.stringify(subpath)};`);
  const types = subpaths.map((_, at) => `export type S${at} = typeof s${at};`);
  const loads = subpaths.filter((subpath) => !PROGRAMS.has(subpath)).map((subpath) => `await import(${JSON.stringify(subpath)});`);
  // Types of all, and at run time all that may be loaded: a namespace of which only the type is used is not imported.
  await writeFile(join(work, "every-type.ts"), [...imports.map((line) => line.replace("import", "import type")), ...types, ""].join("\n"));
  await writeFile(join(work, "every-subpath.ts"), [...loads, "export {};", ""].join("\n"));
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    strict: true,
    types: ["node"],
    rewriteRelativeImportExtensions: true,
    skipLibCheck: false,
  };
  await writeFile(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
}

async function compileFaults(work: string, env: Record<string, string>, node: Node): Promise<string[]> {
  await install(work, env, node, ["--save-dev", "@types/node"]);
  const faults = await faultsOf(
    "tsc",
    run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", work], { cwd: work, env }),
  );
  // Declarations of others are looked into, since ours name them; what is wrong within them is not ours.
  return faults.filter(
    (fault) => /(?:: |\| )(?!node_modules\/(?!@platform-ops\/))\S+\(\d+,\d+\): error TS/.test(fault) || !/error TS/.test(fault),
  );
}

async function talkFaults(work: string, env: Record<string, string>, node: Node, { talks }: ReadmeExample): Promise<string[]> {
  const faults = await faultsOf("every-subpath.ts", run(node.program, ["every-subpath.js"], { cwd: work, env }));
  for (const { command, shown } of talks) {
    const [program = "", ...args] = command.split(" ");
    const start = program === "node" ? [node.program, ...args.map((arg) => runnable(node, arg))] : [program, ...args];
    faults.push(
      ...(await faultsOf(
        command,
        run(start[0] ?? "", start.slice(1), { cwd: work, env }).then((said: string) => {
          if (said.trimEnd() !== shown) throw new Error(`it said ${JSON.stringify(said)}`);
        }),
      )),
    );
  }
  return faults;
}

/** From Node 24 on a README is followed to the letter; older lines run what tsc made of its files. */
function runnable({ version }: Node, file: string): string {
  return Number.parseInt(version, 10) >= 24 ? file : file.replace(/\.ts$/, ".js");
}

async function serveFaults(work: string, env: Record<string, string>, node: Node, file: string): Promise<string[]> {
  const start = { command: node.program, args: [runnable(node, file)], env, cwd: work };
  const faults: string[] = [];
  for (const [make, speak] of [
    ["TypeScript SDK 2", typescript2],
    ["TypeScript SDK 1", typescript1],
  ] as const)
    faults.push(
      ...(await faultsOf(
        `${file} by ${make}`,
        speak(start, SERVED_JOB).then(({ tools, data }) => {
          const tool = (tools as { name: string; annotations?: { readOnlyHint?: boolean } }[]).find(({ name }) => name === "count_stock");
          if (tool?.annotations?.readOnlyHint !== true) throw new Error(`its tools are ${JSON.stringify(tools).slice(0, 300)}`);
          if (!SERVED_JOB.accepts(data)) throw new Error(`it answered ${JSON.stringify(data).slice(0, 300)}`);
        }),
      )),
    );
  return faults;
}

async function faultsOf(what: string, attempt: Promise<unknown>): Promise<string[]> {
  try {
    await attempt;
    return [];
  } catch (error) {
    const tail = error instanceof ProgramFailed ? `: ${(error.output as string[]).slice(-8).join(" | ")}` : "";
    return [`${what}: ${error instanceof Error ? error.message : String(error)}${tail}`];
  }
}
