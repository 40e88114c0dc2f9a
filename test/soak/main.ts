import { setMaxListeners } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runBuilt } from "../../tooling/run-built.ts";
import { AUTO_CONFIG, newHome, writeProject, type TestHome } from "../support/home.ts";
import { startHttp, type HttpServerProcess } from "../support/http-server.ts";
import { META_WORKFLOWS_BIN, startAgent, TERRAFORM_BIN, type Agent } from "../support/mcp-client.ts";
import { processesOf, until } from "../support/processes.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";
import { brokenOff, comesAndGoes, httpReads, RUNBOOK, runbookRuns, terraformRuns, type Load } from "./load.ts";
import { COLLECTING, Watch } from "./watch.ts";

// Everything at once for a long time: `npm run soak [-- --minutes N]`, an hour unless said. Terraform runs and runbooks that
// are applied and finished, readers over HTTP in both protocol eras, servers that clients start and end. Ends with 1 where a
// process of ours grew by a tenth after its warm-up (plain resident memory, as anybody sees it from outside), where handles stay open, where a call failed, or where a process is left.

const { values } = parseArgs({ options: { minutes: { type: "string" } } });
const minutes = Number(values.minutes ?? 60);
if (!(minutes > 0)) throw new Error(`not a number of minutes: ${values.minutes}`);
const LOOK_EVERY_MS = Math.min(10_000, (minutes * 60_000) / 30);

const stop = new AbortController();
// Every load and every pause listens.
setMaxListeners(100, stop.signal);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const home = await newHome({
  config: `${AUTO_CONFIG}meta_workflows: { definitions_path: runbooks }\nhttp:\n  limits: { requests_per_second: 1000, burst: 1000 }\n`,
});
let failed = true;
try {
  failed = (await soak(home)).length > 0;
} finally {
  await home.remove();
}
process.exitCode = failed ? 1 : 0;

async function soak({ home: folder, project, env, configFile }: TestHome): Promise<string[]> {
  await runBuilt(META_WORKFLOWS_BIN, ["setup"], { ...env }, () => undefined);
  await mkdir(join(dirname(configFile), "runbooks"));
  await writeFile(join(dirname(configFile), "runbooks/look-after-it.yaml"), RUNBOOK, { mode: 0o600 });
  await writeProject(project, [{ name: "network" }, { name: "service", needs: ["network"] }]);

  const watch = new Watch(minutes);
  const open: { close(): Promise<unknown> }[] = [];
  const agentOf = async (bin: string, roots: readonly string[]): Promise<Agent> => {
    const agent = await startAgent({ bin, home: folder, env: { ...env, ...COLLECTING }, cwd: project, roots });
    open.push(agent);
    return agent;
  };
  const problems: string[] = [];
  try {
    const [terraform, runbooks] = [await agentOf(TERRAFORM_BIN, [project]), await agentOf(META_WORKFLOWS_BIN, [])];
    const loads: Load[] = [terraformRuns(terraform, project), runbookRuns(runbooks)];
    watch.add("terraform over stdio", terraform.pid, { collects: true });
    watch.add("meta-workflows over stdio", runbooks.pid, { collects: true });
    for (const published of PUBLISHED_BINS) {
      const args = published.bin === TERRAFORM_BIN ? ["--root", project] : [];
      const server: HttpServerProcess = await startHttp({ bin: published.bin, cwd: project, env: { ...env, ...COLLECTING }, args });
      open.push({ close: () => server.end() });
      watch.add(`${published.server} over http`, server.run.process.pid!, { collects: true });
      const token = await server.token();
      loads.push(httpReads(published, server.url, token, "legacy"), httpReads(published, server.url, token, "modern"));
      loads.push(brokenOff(published.server, server.url), comesAndGoes(published, { home: folder, project, env }));
    }
    problems.push(...(await underLoad(loads, watch, folder)));
    await watch.collect();
    for (const { line, problem } of watch.judged()) {
      console.log(`${problem === undefined ? "ok    " : "FAILED"} ${line}`);
      if (problem !== undefined) problems.push(problem);
    }
  } finally {
    await Promise.all(open.map((one) => one.close()));
  }
  await runBuilt(TERRAFORM_BIN, ["supervisor", "stop"], { ...env }, () => undefined);
  const left = await until(() => processesOf(folder).length === 0, "processes to end", 20).catch(() => processesOf(folder));
  if (left !== true) problems.push(`processes are left: ${left.join(", ")}`);
  console.log(problems.length === 0 ? "passed" : ["failed", ...problems].join("\n  "));
  return problems;
}

/** Runs all loads for the time that was asked for, and looks on. Resolves to what went wrong. */
async function underLoad(loads: readonly Load[], watch: Watch, folder: string): Promise<string[]> {
  const problems: string[] = [];
  const timer = setTimeout(() => stop.abort(), minutes * 60_000);
  const ended = stop.signal;
  const work = loads.map(async ({ name, run }) => {
    try {
      console.log(`       ${name}: ${await run(ended)} times`);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  });
  // The first runs bring Temporal and the workers.
  const parts = until(() => (problems.length > 0 ? [] : durableParts(folder)), "Temporal and both workers");
  for (const { name, pid, foreign } of await parts) watch.add(name, pid, { foreign });
  while (!ended.aborted && problems.length < 10) {
    try {
      watch.look();
    } catch (error) {
      problems.push(String(error));
      break;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
  }
  clearTimeout(timer);
  stop.abort();
  await Promise.all(work);
  return problems;
}

/** Supervisor, Temporal and workers, as the supervisor wrote them down; undefined until all are there. */
async function durableParts(folder: string): Promise<{ name: string; pid: number; foreign: boolean }[] | undefined> {
  const read = async (name: string): Promise<any> => JSON.parse(await readFile(join(folder, "supervisor", name), "utf8").catch(() => "{}"));
  const [lock, state] = [await read("lock"), await read("state.json")];
  const workers = ((state.workers ?? []) as { pid: number; spec: { server: string }; role: string }[]).filter(
    ({ role, pid }) => role === "current" && pid > 0,
  );
  if (lock.pid === undefined || state.temporal?.pid === undefined || workers.length < 2) return undefined;
  return [
    { name: "supervisor", pid: lock.pid, foreign: false },
    { name: "Temporal (told only)", pid: state.temporal.pid, foreign: true },
    ...workers.map(({ pid, spec }) => ({ name: `worker of ${spec.server}`, pid, foreign: false })),
  ];
}
