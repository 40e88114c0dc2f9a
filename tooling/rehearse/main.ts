// `npm run rehearse`: the whole release on this machine. Packs all servers, publishes them to a registry on loopback, and starts
// them by npx with nothing installed and nothing cached, on Node 20, 22 and 24. `--from FOLDER` takes a release that was packed,
// `--node 20,22` and `--server terraform,…` do less.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packRelease } from "../release/pack.ts";
import { ROOT } from "../setup.mjs";
import { JOBS } from "./jobs.ts";
import { entryFaults } from "./registry-entries.ts";
import { otherMakes } from "./makes.ts";
import { bringNode, MAJORS } from "./nodes.ts";
import { rehearse } from "./rehearsal.ts";

/** What a person waits for at most with an empty cache; clients give a server ten seconds or more. */
const COLD_MS = 3000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
const { values } = parseArgs({ options: { from: { type: "string" }, node: { type: "string" }, server: { type: "string" } } });
const folder = values.from === undefined ? await mkdtemp(join(tmpdir(), "platform-ops-release-")) : resolve(values.from);
try {
  if (values.from === undefined) await packRelease(ROOT, folder, say);
  const wrong = await entryFaults(folder);
  for (const fault of wrong) say(`the MCP registry would refuse ${fault}`);
  const majors = values.node?.split(",").map(Number) ?? MAJORS;
  const nodes = [];
  for (const major of majors) nodes.push(await bringNode(major));
  const results = await rehearse(folder, nodes, values.server?.split(",") ?? JOBS.map(({ server }) => server), say, otherMakes());
  const failed = results.filter(({ faults }) => faults.length > 0);
  const slow = results.filter(({ cold }) => (cold.listMs ?? 0) > COLD_MS);
  for (const { node, server, cold } of slow)
    say(`slow: ${server} on Node ${node.version} took ${Math.round(cold.listMs ?? 0)} ms, at most ${COLD_MS} wanted`);
  say(`${results.length - failed.length} passed, ${failed.length + wrong.length} failed`);
  process.exitCode = failed.length + wrong.length > 0 || results.length === 0 ? 1 : 0;
} finally {
  if (values.from === undefined) await rm(folder, { recursive: true, force: true });
}
