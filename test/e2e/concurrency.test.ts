import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client, Connection } from "@temporalio/client";
import { afterEach, expect, test } from "vitest";
import { AUTO_CONFIG, effects, openGate, writeProject } from "../support/home.ts";
import type { Agent, ToolAnswer } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";

// Two that want the same workspace: another run, or a person with a terminal.

const execute = promisify(execFile);
let session: Session;
afterEach(() => session.remove());

/** Ends a run from outside, as an operator would in Temporal's own page: nothing of ours gets to clean up. */
async function terminate(home: string, id: string): Promise<void> {
  const { temporal } = JSON.parse(await readFile(join(home, "supervisor", "state.json"), "utf8")) as { temporal: { port: number } };
  const connection = await Connection.connect({ address: `127.0.0.1:${temporal.port}` });
  await new Client({ connection }).workflow.getHandle(id).terminate("the test ends it");
  await connection.close();
}

const isIn = (data: Record<string, any>, name: string, phase: string): boolean =>
  phases({ data, text: "", isError: false })[name] === phase;

test("a second run waits for a held workspace, names the holder, and goes on when the first has ended", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a", gated: true }, { name: "b" }]);
  const agent = await connect();
  const first = await startRun(agent, { config_path: "infra.yaml", only: ["a"] });
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  const second = await startRun(agent);
  const held = await statusWhen(agent, second, (data) => isIn(data, "a", "held") && isIn(data, "b", "applied"));
  expect(workspace(held, "a").because).toBe(`held by the run ${first}`);
  expect(held.text).toContain(first);
  await openGate(home.project, "a");
  const done = await ended(agent, second);
  expect(phases(done), done.text).toEqual({ a: "unchanged", b: "applied" });
  expect((await ended(agent, first)).data["phase"]).toBe("completed");
  expect(await effects(home.project, "a")).toBe(1);
});

test("a holder that was terminated is seen, and what it held is taken over", async () => {
  session = await openSession("");
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }]);
  const agent = await connect();
  const first = await startRun(agent);
  await statusWhen(agent, first, (data) => data["phase"] === "awaiting_approval");
  const second = await startRun(agent);
  const blocked = await statusWhen(agent, second, (data) => data["phase"] === "blocked");
  expect(workspace(blocked, "a")).toMatchObject({ phase: "held", because: `held by the run ${first}`, held_by: first });
  expect(blocked.data["next"]).toMatchObject([{ tool: "get_workflow_status", arguments: { workflow_id: first } }]);
  await terminate(home.home, first);
  const free = await statusWhen(agent, second, (data) => data["phase"] === "awaiting_approval");
  expect(free.data["approval"].workspaces).toEqual(["a"]);
  await agent.call("request_approval", { workflow_id: second });
  expect(phases(await ended(agent, second))).toEqual({ a: "applied" });
  expect(await effects(home.project, "a")).toBe(1);
});

test("two runs that each hold what the other wants next do not wait for each other for ever", async () => {
  session = await openSession("");
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b" }]);
  const agent = await connect();
  const [first, second] = [
    await startRun(agent, { config_path: "infra.yaml", only: ["a"] }),
    await startRun(agent, { config_path: "infra.yaml", only: ["b"] }),
  ];
  for (const id of [first, second]) await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  const [third, fourth] = [await startRun(agent), await startRun(agent)];
  for (const id of [third, fourth]) await statusWhen(agent, id, (data) => data["phase"] === "blocked");
  const approveAll = async (id: string): Promise<ToolAnswer> => {
    for (;;) {
      const status = await agent.call("get_workflow_status", { workflow_id: id, wait_seconds: 1 });
      if (status.data["open"] === false) return status;
      if (status.data["phase"] === "awaiting_approval") await agent.call("request_approval", { workflow_id: id });
    }
  };
  const all = await Promise.all([first, second, third, fourth].map(approveAll));
  expect(
    all.map((status) => status.data["phase"]),
    all.map((status) => status.text).join("\n"),
  ).toEqual(["completed", "completed", "completed", "completed"]);
  expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
});

async function audit(home: string): Promise<string> {
  const folder = join(home, "audit");
  return (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")))).join("");
}

async function waiting(agent: Agent, id: string, other?: string): Promise<string> {
  const status = await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval" && data["approval"]?.id !== other);
  return status.data["approval"].id as string;
}

test("a plan whose state moved while it waited is refused, made anew and asked for anew; the old approval does not count", async () => {
  session = await openSession("");
  const { home, connect } = session;
  const version = (n: number) => `resource "terraform_data" "size" { input = ${n} }`;
  await writeProject(home.project, [{ name: "a", more: version(1) }]);
  const agent = await connect();
  const id = await startRun(agent);
  const first = await waiting(agent, id);
  // By hand, with the same folder: the state's serial moves on, and what was planned is done already in part.
  await execute("terraform", ["init"], { cwd: join(home.project, "a") });
  await execute("terraform", ["apply", "-auto-approve", "-target=terraform_data.size"], { cwd: join(home.project, "a") });
  expect(await effects(home.project, "a")).toBe(0);
  const answered = await agent.call("request_approval", { workflow_id: id });
  expect(answered.data["status"], answered.text).toBe("approved");

  const second = await waiting(agent, id, first);
  expect(second).not.toBe(first);
  expect(await effects(home.project, "a"), "nothing may be applied by the old approval").toBe(0);
  const plan = await agent.call("get_plan", { workflow_id: id });
  expect(
    (plan.data["changes"] as { kind: string; address: string }[]).filter((line) => line.kind === "resource").map((line) => line.address),
  ).toEqual(["terraform_data.it"]);
  await agent.call("request_approval", { workflow_id: id });
  const done = await ended(agent, id);
  expect(phases(done), done.text).toEqual({ a: "applied" });
  expect(await effects(home.project, "a")).toBe(1);
  expect(await audit(home.home)).toContain(second);
});
