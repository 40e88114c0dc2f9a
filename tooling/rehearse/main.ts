// `npm run rehearse`: the whole release on this machine. Packs all of it, publishes it to a registry on loopback, starts the
// servers by npx with nothing installed and nothing cached, and installs what they share into empty folders, on Node 20, 22 and
// 24. `--from FOLDER` takes a release that was packed, `--node 20,22`, `--server terraform,…` and `--library mcp-kit,…` do less.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packRelease, type Release } from "../release/pack.ts";
import { publishedLibraries } from "../release/packages.mjs";
import { ROOT } from "../setup.mjs";
import { JOBS } from "./jobs.ts";
import { entryFaults } from "./registry-entries.ts";
import { otherMakes } from "./makes.ts";
import { bringNode, MAJORS } from "./nodes.ts";
import { rehearse } from "./rehearsal.ts";
import { typeFaults } from "./type-faults.ts";

/** What a person waits for at most with an empty cache; clients give a server ten seconds or more. */
const COLD_MS = 3000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
const { values } = parseArgs({
  options: { from: { type: "string" }, node: { type: "string" }, server: { type: "string" }, library: { type: "string" } },
});
const folder = values.from === undefined ? await mkdtemp(join(tmpdir(), "platform-ops-release-")) : resolve(values.from);
try {
  if (values.from === undefined) await packRelease(ROOT, folder, say);
  const majors = values.node?.split(",").map(Number) ?? MAJORS;
  const nodes = [];
  for (const major of majors) nodes.push(await bringNode(major));
  const all = values.server === undefined && values.library === undefined;
  const servers = all ? JOBS.map(({ server }) => server) : (values.server?.split(",") ?? []);
  const libraries = all ? publishedLibraries(ROOT).map(({ library }) => library) : (values.library?.split(",") ?? []);
  const wrong = servers.length === 0 ? [] : (await entryFaults(folder)).map((fault) => `the MCP registry would refuse ${fault}`);
  const release = JSON.parse(await readFile(join(folder, "release.json"), "utf8")) as Release;
  for (const packed of release.libraries.filter(({ library }) => libraries.includes(library)))
    wrong.push(...(await typeFaults(folder, packed)));
  for (const fault of wrong) say(fault);
  const rehearsed = await rehearse(folder, { nodes, servers, libraries, makes: otherMakes() }, say);
  const slow = rehearsed.servers.filter(({ cold }) => (cold.listMs ?? 0) > COLD_MS);
  for (const { node, server, cold } of slow)
    say(`slow: ${server} on Node ${node.version} took ${Math.round(cold.listMs ?? 0)} ms, at most ${COLD_MS} wanted`);
  const results = [...rehearsed.servers, ...rehearsed.libraries];
  const failed = results.filter(({ faults }) => faults.length > 0);
  say(`${results.length - failed.length} passed, ${failed.length + wrong.length} failed`);
  process.exitCode = failed.length + wrong.length > 0 || results.length === 0 ? 1 : 0;
} finally {
  if (values.from === undefined) await rm(folder, { recursive: true, force: true });
}
