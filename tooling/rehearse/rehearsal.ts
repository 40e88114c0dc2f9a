import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "../release/pack.ts";
import { publishedLibraries } from "../release/packages.mjs";
import { plainEnv } from "../release/tarball.ts";
import { ROOT } from "../setup.mjs";
import { run } from "../setup/program.mjs";
import { JOBS, type Job } from "./jobs.ts";
import type { Make, Session } from "./makes.ts";
import type { Node } from "./nodes.ts";
import { installedClosure, storeInstalled, type Installed } from "./installed.ts";
import { firstUse, type FirstUse } from "./library.ts";
import { exampleOf } from "./readme.ts";
import { startRegistry, type Registry } from "./registry.ts";
import { firstStart, type FirstStart } from "./start.ts";

/** One server on one Node. */
export interface Rehearsed extends FirstStart {
  readonly server: string;
  readonly node: Node;
  /** What is not as it should be; empty when it passed. */
  readonly faults: readonly string[];
}

/** One library on one Node. */
export interface RehearsedLibrary extends FirstUse {
  readonly library: string;
  readonly node: Node;
}

/** What of a release is rehearsed, and where. */
export interface RehearsalPlan {
  readonly nodes: readonly Node[];
  readonly servers: readonly string[];
  readonly libraries: readonly string[];
  /** Clients of other makes, which come too on the first Node. */
  readonly makes?: readonly (readonly [string, Make])[];
}

/**
 * Publishes a packed release to a registry of this machine, by the program that publishes the real one, then uses it on each
 * Node as somebody who has none of it. Everything that it starts has ended when it returns.
 * @param folder the release, with its release.json
 */
export async function rehearse(
  folder: string,
  plan: RehearsalPlan,
  say: (line: string) => void,
): Promise<{ readonly servers: readonly Rehearsed[]; readonly libraries: readonly RehearsedLibrary[] }> {
  const work = await mkdtemp(join(tmpdir(), "platform-ops-rehearsal-"));
  const registry = await startRegistry(join(work, "registry"));
  try {
    const whole = JSON.parse(await readFile(join(folder, "release.json"), "utf8")) as Release;
    const release = partOf(whole, plan);
    await publish(await folderOf(release, folder, join(work, "release")), join(work, "publisher"), registry.npmrc, say);
    // Servers first: as long as the registry has nothing else, nothing else can be needed.
    const servers = await rehearseServers(release, registry, plan, say);
    return { servers, libraries: await rehearseLibraries(release, registry, plan, say) };
  } finally {
    await registry.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** What of a release is needed for a plan; all of it where all is to be tried. */
function partOf(release: Release, { servers, libraries }: RehearsalPlan): Release {
  const wanted = new Set(libraries);
  // Each stands after those that it depends on.
  for (const { library, manifest } of publishedLibraries(ROOT).reverse())
    if (wanted.has(library))
      for (const name of Object.keys(manifest.dependencies ?? {}))
        if (name.startsWith("@platform-ops/")) wanted.add(name.slice("@platform-ops/".length));
  return {
    ...release,
    libraries: release.libraries.filter(({ library }) => wanted.has(library)),
    servers: release.servers.filter(({ server }) => servers.includes(server)),
  };
}

/** A folder that holds just this part, as if nothing else had been packed. */
async function folderOf(release: Release, from: string, to: string): Promise<string> {
  await mkdir(to);
  await writeFile(join(to, "release.json"), JSON.stringify(release));
  for (const { tarball } of [...release.libraries, ...release.servers]) await copyFile(join(from, tarball.file), join(to, tarball.file));
  return to;
}

async function rehearseServers(
  release: Release,
  { npmrc }: Registry,
  plan: RehearsalPlan,
  say: (line: string) => void,
): Promise<Rehearsed[]> {
  const results: Rehearsed[] = [];
  for (const node of plan.nodes)
    for (const packed of release.servers) {
      const job = JOBS.find(({ server }) => server === packed.server);
      if (job === undefined) throw new Error(`tooling/rehearse/jobs.ts has nothing to do with ${packed.server}`);
      const seen = await firstStart(npmrc, askedFor(packed), node, job, node === plan.nodes[0] ? plan.makes : []);
      const golden = JSON.parse(await readFile(join(ROOT, "servers", packed.server, "tools.snapshot.json"), "utf8")) as object[];
      const sessions = [
        ["", seen.cold] as const,
        ["again from the cache: ", seen.warm] as const,
        ...seen.others.map(([make, session]) => [`by ${make}: `, session] as const),
      ];
      const faults = [
        ...sessions.flatMap(([who, session]) => faultsOf(session, packed.version, golden, job).map((fault) => `${who}${fault}`)),
        ...(seen.alsoInstalled.length === 0 ? [] : [`it brought ${seen.alsoInstalled.join(", ")}`]),
      ];
      results.push({ ...seen, server: packed.server, node, faults });
      say(lineOf(results.at(-1)!));
    }
  return results;
}

async function rehearseLibraries(
  release: Release,
  registry: Registry,
  plan: RehearsalPlan,
  say: (line: string) => void,
): Promise<RehearsedLibrary[]> {
  const wanted = release.libraries.filter(({ library }) => plan.libraries.includes(library));
  if (wanted.length === 0) return [];
  const others = await neededBy(wanted.map(({ library }) => library));
  await storeInstalled(registry.storage, others);
  say(`the registry also has ${others.length} packages of others, as they are installed here`);
  const asked = (name: string): string => askedFor(release.libraries.find((one) => one.name === name) ?? { name, tag: "latest" });
  const results: RehearsedLibrary[] = [];
  for (const node of plan.nodes)
    for (const { library } of wanted) {
      results.push({ ...(await firstUse(registry.npmrc, library, node, asked)), library, node });
      say(libraryLine(results.at(-1)!));
    }
  return results;
}

/** What is installed here of what others wrote and somebody who installs these, by their READMEs, gets. */
async function neededBy(libraries: readonly string[]): Promise<Installed[]> {
  const found = new Map<string, Installed>();
  for (const library of libraries) {
    const readme = await readFile(join(ROOT, "packages", library, "README.md"), "utf8");
    const names = [
      ...exampleOf(readme)
        .installs.flat()
        .filter((name) => !name.startsWith("@platform-ops/")),
      "@types/node",
    ];
    const all = installedClosure(join(ROOT, "packages", library), [`@platform-ops/${library}`, ...names]);
    for (const one of all.filter(({ manifest }) => !manifest.name.startsWith("@platform-ops/"))) found.set(one.folder, one);
  }
  return [...found.values()];
}

/** A prerelease is asked for by its channel, as its users do. */
function askedFor({ name, tag }: { readonly name: string; readonly tag: string }): string {
  return tag === "latest" ? name : `${name}@${tag}`;
}

/** What is not as it should be in one session. */
function faultsOf({ version, tools, data }: Session, released: string, golden: readonly object[], job: Job): string[] {
  const names = (list: readonly object[]): string => list.map((tool) => (tool as { name: string }).name).join(" ");
  return [
    ...(version === undefined || version === released ? [] : [`it says that it is ${version}, not ${released}`]),
    ...(names(tools) === names(golden) ? [] : [`its tools are ${names(tools)}`]),
    ...(job.accepts(data) ? [] : [`${job.call.name} answered ${JSON.stringify(data).slice(0, 300)}`]),
  ];
}

/** Twice, because a release that broke off half-way is published by running it again. */
async function publish(folder: string, home: string, npmrc: string, say: (line: string) => void): Promise<void> {
  await mkdir(home);
  await writeFile(join(home, ".npmrc"), npmrc, { mode: 0o600 });
  const env = { ...plainEnv(), HOME: home, npm_config_cache: join(home, "npm-cache"), npm_config_userconfig: join(home, ".npmrc") };
  const registry = /^registry=(.*)$/m.exec(npmrc)?.[1] ?? "";
  for (const pattern of [/ published as /, / is published already$/]) {
    const args = [join(ROOT, "tooling/release/publish.mjs"), folder, "--registry", registry, "--without-provenance"];
    const said = (await run(process.execPath, args, { cwd: home, env })).trim().split("\n");
    for (const line of said) {
      if (!pattern.test(line)) throw new Error(`publishing said: ${line}`);
      if (/ as /.test(line)) say(line);
    }
  }
}

function lineOf({ node, server, cold, warm, others, faults }: Rehearsed): string {
  const seconds = ({ listMs = 0 }: Session): string => `${(listMs / 1000).toFixed(2)} s`;
  const times = `tools/list after ${seconds(cold)} cold, ${seconds(warm)} warm`;
  const also = others.length === 0 ? "" : `; also by ${others.map(([make]) => make).join(", ")}`;
  return `Node ${node.version}, npm ${node.npmVersion}: ${server}: ${cold.tools.length} tools, ${times}${also}${faults.map((fault) => `; ${fault}`).join("")}`;
}

function libraryLine({ node, library, installed, installMs, subpaths, faults }: RehearsedLibrary): string {
  const brought = `installed with ${installed - 1} others in ${(installMs / 1000).toFixed(1)} s`;
  const used = `${subpaths.length} ${subpaths.length === 1 ? "subpath" : "subpaths"}, and the example of its README`;
  return `Node ${node.version}, npm ${node.npmVersion}: ${library}: ${brought}; ${used}${faults.map((fault) => `; ${fault}`).join("")}`;
}
