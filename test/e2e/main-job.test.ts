import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newHome, type TestHome } from "../support/home.ts";
import { REPOSITORY, startAgent, type Agent, type ToolAnswer } from "../support/mcp-client.ts";

// The whole job through a real client, the built server, real Temporal and real terraform.

let home: TestHome;
let agent: Agent;
const asked: string[] = [];

beforeAll(async () => {
  home = await newHome();
  await cp(join(REPOSITORY, "examples/three-tier"), home.project, { recursive: true });
  agent = await startAgent({
    roots: [home.project],
    home: home.home,
    person: (message) => {
      asked.push(message);
      return { action: "accept", content: { decision: "approve" } };
    },
  });
});

afterAll(async () => {
  await agent?.close();
  await home?.remove();
});

async function follow(workflow_id: string): Promise<ToolAnswer> {
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 30 });
    expect(status.isError, status.text).toBe(false);
    if (status.data["open"] !== true) return status;
    if (status.data["phase"] === "awaiting_approval") {
      const answer = await agent.call("request_approval", { workflow_id });
      expect(answer.isError, answer.text).toBe(false);
    }
  }
}

test("list, plan, approve, apply, outputs, again, drift", async () => {
  const listed = await agent.call("list_workflows", {});
  expect(listed.data["workflows"][0].configured_workspaces.map((w: { name: string }) => w.name)).toEqual([
    "network",
    "subnets",
    "cluster",
    "service",
  ]);

  const started = await agent.call("execute_workflow", { workflow_name: "ParentWorkflow", config_path: "infra.yaml" });
  expect(started.text).toMatch(/^Workflow started successfully\.\nWorkflowID: terraform-parent-workflow-[0-9a-z]{26}\nRunID: /);
  const id = started.data["workflow_id"] as string;
  const done = await follow(id);
  expect(done.text).toMatch(
    new RegExp(
      `^Workflow: ${id}\nStatus: WORKFLOW_EXECUTION_STATUS_COMPLETED\nStarted At: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\nFinished At: `,
    ),
  );
  expect(done.data["workspaces"].map((w: { phase: string }) => w.phase)).toEqual(["applied", "applied", "applied", "applied"]);
  expect(asked.length).toBeGreaterThanOrEqual(1);
  expect(JSON.parse(await readFile(join(home.project, "built/network.json"), "utf8"))).toBeTruthy();

  const outputs = await agent.call("get_outputs", { workflow_id: id });
  const output = (workspace: string, name: string) =>
    outputs.data["outputs"].find((o: { workspace: string; name: string }) => o.workspace === workspace && o.name === name);
  expect(output("network", "network_id").json).toMatch(/^"/);
  expect(output("cluster", "admin_token")).toMatchObject({ sensitive: true, json: '"(sensitive)"' });

  const before = asked.length;
  const again = await follow((await agent.call("execute_workflow", { config_path: "infra.yaml" })).data["workflow_id"]);
  expect(again.data["workspaces"].map((w: { phase: string }) => w.phase)).toEqual(["unchanged", "unchanged", "unchanged", "unchanged"]);
  expect(asked.length).toBe(before);
});

test("a closed run is still listed and told when Temporal has forgotten it", async () => {
  const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  const id = data["workflow_id"] as string;
  const done = await follow(id);
  await agent.close();
  await home.run(["supervisor", "stop"]);
  await rm(join(home.home, "temporal"), { recursive: true });
  agent = await startAgent({ roots: [home.project], home: home.home });
  const listed = await agent.call("list_runs", { limit: 1 });
  expect(listed.data["runs"], listed.text).toMatchObject([
    { workflow_id: id, phase: "completed", status: "WORKFLOW_EXECUTION_STATUS_COMPLETED" },
  ]);
  const older = await agent.call("list_runs", { limit: 10, cursor: listed.data["next_cursor"] });
  expect(older.data["runs"].length).toBeGreaterThan(0);
  expect(older.data["runs"].map((run: { workflow_id: string }) => run.workflow_id)).not.toContain(id);
  const status = await agent.call("get_workflow_status", { workflow_id: id });
  expect(status.data["workspaces"], status.text).toMatchObject(
    done.data["workspaces"].map(({ name, phase }: { name: string; phase: string }) => ({ name, phase })),
  );
});
