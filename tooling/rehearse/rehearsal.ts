import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "../release/pack.ts";
import { plainEnv } from "../release/tarball.ts";
import { ROOT } from "../setup.mjs";
import { run } from "../setup/program.mjs";
import { JOBS, type Job } from "./jobs.ts";
import type { Make, Session } from "./makes.ts";
import type { Node } from "./nodes.ts";
import { startRegistry } from "./registry.ts";
import { firstStart, type FirstStart } from "./start.ts";

/** One server on one Node. */
export interface Rehearsed extends FirstStart {
  readonly server: string;
  readonly node: Node;
  /** What is not as it should be; empty when it passed. */
  readonly faults: readonly string[];
}

/**
 * Publishes a packed release to a registry of this machine, by the program that publishes the real one, then uses it on each
 * Node as somebody who has none of it. Everything that it starts has ended when it returns.
 * @param folder the release, with its release.json
 * @param makes clients of other makes, which come too on the first Node
 */
export async function rehearse(
  folder: string,
  nodes: readonly Node[],
  servers: readonly string[],
  say: (line: string) => void,
  makes: readonly (readonly [string, Make])[] = [],
): Promise<Rehearsed[]> {
  const work = await mkdtemp(join(tmpdir(), "platform-ops-rehearsal-"));
  const registry = await startRegistry(join(work, "registry"));
  try {
    const { servers: released } = JSON.parse(await readFile(join(folder, "release.json"), "utf8")) as Release;
    await publish(folder, join(work, "publisher"), registry.npmrc, say);
    const results: Rehearsed[] = [];
    for (const node of nodes)
      for (const packed of released.filter(({ server }) => servers.includes(server))) {
        const job = JOBS.find(({ server }) => server === packed.server);
        if (job === undefined) throw new Error(`tooling/rehearse/jobs.ts has nothing to do with ${packed.server}`);
        // A prerelease is asked for by its channel, as its users do.
        const wanted = packed.tag === "latest" ? packed.name : `${packed.name}@${packed.tag}`;
        const seen = await firstStart(registry.npmrc, wanted, node, job, node === nodes[0] ? makes : []);
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
  } finally {
    await registry.stop();
    await rm(work, { recursive: true, force: true });
  }
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
