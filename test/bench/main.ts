import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newHome } from "../support/home.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { AUTO, benchDag, benchGrowth } from "./dag.ts";
import { benchNodes, benchSsh } from "./ssh.ts";
import { benchClients } from "./clients.ts";
import { benchDefinitions } from "./definitions.ts";
import { benchHttp } from "./http.ts";
import { benchLists } from "./lists.ts";
import { benchLongRuns } from "./long-runs.ts";
import { benchRunbook } from "./runbook.ts";
import { benchOtherStart, benchStartUp } from "./start-up.ts";
import { benchTeleport } from "./teleport.ts";

// Prints ratios of figures taken in the same run, pair by pair. Never fails on time: machines differ.

const only = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
const scratch = await mkdtemp(join(tmpdir(), "platform-ops-bench-"));
try {
  if (wanted("start")) {
    const home = await newHome();
    await cp(join(REPOSITORY, "examples/three-tier"), home.project, { recursive: true });
    const configFile = join(scratch, "config.yaml");
    await writeFile(configFile, AUTO);
    // What is known of a start is kept once its files have settled.
    await sleep(2_100);
    await benchStartUp(home.home, home.project, configFile);
    const cluster = join(scratch, "cluster.yaml");
    await writeFile(cluster, JSON.stringify({ remote: { clusters: { here: { transport: "local" } } } }));
    await sleep(2_100);
    await benchOtherStart({ server: "flux-teleport", firstCall: "list_environments", aim: "≤ 1.9, aim 1.0" }, home.home, cluster);
    const empty = join(scratch, "empty.yaml");
    await writeFile(empty, "meta_workflows: { max_pending_actions: 20 }\n");
    await sleep(2_100);
    await benchOtherStart({ server: "meta-workflows", firstCall: "list_meta_workflows", aim: "≤ 1.8, aim 1.0" }, home.home, empty);
    await home.remove();
  }
  if (wanted("dag")) await benchDag(scratch, 5);
  if (wanted("definitions")) await benchDefinitions();
  if (wanted("growth")) await benchGrowth();
  if (wanted("ssh")) await benchSsh(scratch);
  if (wanted("teleport")) await benchTeleport();
  if (wanted("lists")) await benchLists(scratch);
  if (wanted("http")) await benchHttp(scratch);
  if (wanted("runbook")) await benchRunbook(scratch);
  // Minutes: only where it is asked for.
  if (only.includes("long")) await benchLongRuns(scratch);
  if (wanted("clients")) await benchClients(scratch);
  if (wanted("nodes")) await benchNodes(scratch);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
