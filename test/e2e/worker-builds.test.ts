import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { bundleWorkflows } from "@platform-ops/orchestration/worker";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { effects, writeProject } from "../support/home.ts";
import { REPOSITORY, TERRAFORM_BIN, type Agent } from "../support/mcp-client.ts";
import { kill, lives, until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, type Session } from "../support/run.ts";

// A newer build of the server comes while a run of the older one awaits a person. Both are real: the newer one's workflow
// bundle is made from other code, or is the same code under another name.

interface WorkerBuild {
  readonly name: string;
  readonly bin: string;
}

let folder: string;
let older: WorkerBuild;
/** Its workflow begins with another command: it can replay nothing that the older one wrote. */
let changed: WorkerBuild;
/** The same code, built later. */
let same: WorkerBuild;
const sessions: Session[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "builds-"));
  const dist = dirname(TERRAFORM_BIN);
  const { server, version, hash } = JSON.parse(await readFile(join(dist, "build.json"), "utf8")) as Record<string, string>;
  older = { name: `${server}-${version}-${hash}`, bin: TERRAFORM_BIN };
  const newer = async (newHash: string): Promise<WorkerBuild> => {
    const to = join(folder, newHash);
    await cp(dist, to, { recursive: true });
    const facts = { server, version, built_at: "2100-01-01T00:00:00.000Z", hash: newHash };
    await writeFile(join(to, "build.json"), JSON.stringify(facts));
    return { name: `${server}-${version}-${newHash}`, bin: join(to, "bin.js") };
  };
  [changed, same] = await Promise.all([newer("c0ffee000000"), newer("5a3e00000000")]);
  await bundleWorkflows({
    workflowsPath: join(REPOSITORY, "servers/terraform/src/worker/fixture/changed-workflow.ts"),
    outFile: join(dirname(changed.bin), "workflow-bundle.js"),
  });
});
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.remove();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Kept {
  readonly build: string;
  readonly pid?: number;
  readonly open_runs: number | null;
}

async function workers({ home }: Session): Promise<{ build: string; kept: Kept[] }> {
  const status = JSON.parse(await home.run(["supervisor", "--json"])) as { workers: { build: string; kept: Kept[] }[] } | null;
  return status?.workers[0] ?? { build: "none", kept: [] };
}

/** A run of the older build that awaits approval, and a client of the newer one that has just come. */
async function waitingRun(newer: WorkerBuild): Promise<{ session: Session; old: Agent; young: Agent; id: string }> {
  const session = await openSession("");
  sessions.push(session);
  await writeProject(session.home.project, [{ name: "a" }, { name: "b" }]);
  const old = await session.connect();
  const id = await startRun(old, { config_path: "infra.yaml", only: ["a"] });
  await statusWhen(old, id, (data) => data["phase"] === "awaiting_approval");
  const young = await session.connect({ bin: newer.bin });
  return { session, old, young, id };
}

async function approved(agent: Agent, id: string): Promise<Record<string, string>> {
  await until(async () => !(await agent.call("request_approval", { workflow_id: id })).isError, "the approval");
  return phases(await ended(agent, id));
}

test("a build that alone can carry a run on is kept for it, through a death of the supervisor and of itself; new runs go to the new one", async () => {
  const { session, young, id } = await waitingRun(changed);
  const { home } = session;
  const second = await startRun(young, { config_path: "infra.yaml", only: ["b"] });
  const kept = async (): Promise<Kept | undefined> => {
    const [one] = (await workers(session)).kept;
    return one?.pid !== undefined && one.open_runs === 1 ? one : undefined;
  };
  const first = await until(kept, "the kept build");
  expect(first.build).toBe(older.name);
  expect((await workers(session)).build).toBe(changed.name);
  await statusWhen(young, second, (data) => data["phase"] === "awaiting_approval");

  await kill(home.home, "supervisor");
  process.kill(first.pid as number, "SIGKILL");
  await until(() => !lives(first.pid as number), "its end");
  // An older client brings the supervisor back; it does not bring the older build back to power.
  const again = await session.connect();
  await again.call("list_runs", {});
  const next = await until(kept, "the kept build again");
  expect(next).toMatchObject({ build: older.name });
  expect(next.pid).not.toBe(first.pid);
  expect((await workers(session)).build).toBe(changed.name);

  expect(await approved(again, id)).toEqual({ a: "applied" });
  await until(async () => (await workers(session)).kept.length === 0, "the end of the kept build");
  await until(() => !lives(next.pid as number), "the end of its process");
  expect(await approved(young, second)).toEqual({ b: "applied" });
  expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
});

test("what a newer build can carry on it takes over, and the older one ends", async () => {
  const { session, old, young, id } = await waitingRun(same);
  await startRun(young, { config_path: "infra.yaml", only: ["b"] });
  expect(await workers(session)).toMatchObject({ build: same.name, kept: [] });
  expect(await approved(old, id)).toEqual({ a: "applied" });
  expect(await workers(session)).toMatchObject({ build: same.name, kept: [] });
  // A client of the older build still sends its runs to that one's queue; the newer one serves them.
  const third = await startRun(old, { config_path: "infra.yaml", only: ["a"] });
  expect(phases(await ended(old, third))).toEqual({ a: "unchanged" });
});

test("where the build is gone from the disk the run says needs_version with the cure, and goes on once it is back", async () => {
  const { session, young, id } = await waitingRun(changed);
  const { home } = session;
  const builds = join(home.home, "workers");
  const away = join(folder, "away");
  expect(await readdir(builds)).toContain(older.name);
  await rename(join(builds, older.name), away);
  await startRun(young, { config_path: "infra.yaml", only: ["b"] });
  await young.call("request_approval", { workflow_id: id });
  const stuck = await statusWhen(young, id, (data) => data["phase"] === "needs_version");
  expect(stuck.text).toContain(older.name);
  expect(stuck.text).toContain("setup");
  expect((await workers(session)).kept).toEqual([]);
  await rename(away, join(builds, basename(older.name)));
  expect(await approved(young, id)).toEqual({ a: "applied" });
  expect(await effects(home.project, "a")).toBe(1);
});
