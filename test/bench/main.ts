import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchDag, benchGrowth } from "./dag.ts";
import { benchNodes, benchSsh } from "./ssh.ts";
import { benchClients } from "./clients.ts";
import { benchDefinitions } from "./definitions.ts";
import { benchHttp } from "./http.ts";
import { benchLists } from "./lists.ts";
import { benchLongRuns } from "./long-runs.ts";
import { benchRunbook } from "./runbook.ts";
import { benchStarts } from "./start-up.ts";
import { benchTeleport } from "./teleport.ts";

// Prints ratios of figures taken in the same run, pair by pair. Never fails on time: machines differ.

const only = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
const scratch = await mkdtemp(join(tmpdir(), "platform-ops-bench-"));
try {
  if (wanted("start")) await benchStarts(scratch);
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
