import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startBin } from "../support/bin.ts";
import { writeProject, type TestHome, type TestWorkspace } from "../support/home.ts";
import type { Agent, ToolAnswer } from "../support/mcp-client.ts";
import { kill, until, type Part } from "../support/processes.ts";
import { openSession, phases, type Session } from "../support/run.ts";

// Real terraform destroys what it made: in the other order, after one approval of everything, and never more than was named.

/** Everything is approved by policy, deletion too: a run that destroys asks a person all the same. */
const GENEROUS = `
approvals:
  auto:
    - environments: ["*"]
      workspaces: ["*"]
      changes: [create, update, delete, replace, outputs, move, import, forget]
`;

const sessions: Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.remove();
});

interface Stage {
  readonly home: TestHome;
  readonly agent: Agent;
  /** What the person was asked. */
  readonly asked: string[];
}

async function stage(decision: "approve" | "reject" = "approve"): Promise<Stage> {
  const session = await openSession(GENEROUS);
  sessions.push(session);
  const asked: string[] = [];
  const agent = await session.connect({
    person: (message) => {
      asked.push(message);
      return { action: "accept", content: { decision } };
    },
  });
  return { home: session.home, agent, asked };
}

/** Its destruction adds its name to `destroyed`, after the seconds that it takes. */
function leavesTrace(project: string, { name, ...rest }: TestWorkspace, seconds = 0, more = ""): TestWorkspace {
  const end = `
resource "terraform_data" "end" {
  input = "${join(project, "destroyed")}"
  provisioner "local-exec" {
    when    = destroy
    command = "echo ${name}-begun >> '\${self.input}'; sleep ${seconds}; echo ${name} >> '\${self.input}'"
  }
}
${more}`;
  return { name, ...rest, more: end };
}

const trace = async (project: string): Promise<string[]> =>
  (await readFile(join(project, "destroyed"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
const destroyed = async (project: string): Promise<string[]> => (await trace(project)).filter((line) => !line.endsWith("-begun"));

async function follow(agent: Agent, workflow_id: string): Promise<ToolAnswer> {
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 20 });
    expect(status.isError, status.text).toBe(false);
    if (status.data["open"] !== true) return status;
    if (status.data["phase"] === "awaiting_approval") await agent.call("request_approval", { workflow_id });
  }
}

async function make(agent: Agent): Promise<void> {
  const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  expect((await follow(agent, data["workflow_id"])).data["phase"]).toBe("completed");
}

const resourcesOf = async (project: string, name: string): Promise<unknown[]> =>
  JSON.parse(await readFile(join(project, name, "terraform.tfstate"), "utf8"))["resources"];

describe("what was made is destroyed", () => {
  test("dependents first, after one approval of all of it; a second time there is nothing", async () => {
    const { home, agent, asked } = await stage();
    const names = ["network", "subnets", "service"];
    await writeProject(home.project, [
      leavesTrace(home.project, { name: "network" }),
      leavesTrace(home.project, { name: "subnets", needs: ["network"] }),
      leavesTrace(home.project, { name: "service", needs: ["subnets", "network"] }),
    ]);
    await make(agent);
    expect(asked).toEqual([]);

    const refused = await agent.call("destroy_workspaces", { only: ["network"] });
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain("only: subnets, service would be left without what network made.");

    const started = await agent.call("destroy_workspaces", { only: names });
    expect(started.text).toMatch(/^Workflow started successfully\./);
    const id = started.data["workflow_id"] as string;
    const done = await follow(agent, id);
    expect(done.data["phase"], done.text).toBe("completed");
    expect(done.text).toContain("Destroys: what these workspaces made, dependents first");
    expect(phases(done)).toEqual({ network: "applied", subnets: "applied", service: "applied" });
    expect(asked).toEqual([expect.stringContaining("Destroy 3 workspaces (network, subnets, service): 6 to destroy")]);
    expect(await destroyed(home.project)).toEqual(["service", "subnets", "network"]);
    for (const name of names) expect(await resourcesOf(home.project, name)).toEqual([]);

    const again = await follow(agent, (await agent.call("destroy_workspaces", { only: names })).data["workflow_id"]);
    expect(again.data["phase"]).toBe("completed");
    expect(phases(again)).toEqual({ network: "unchanged", subnets: "unchanged", service: "unchanged" });
    expect(asked).toHaveLength(1);
  });

  test("what may not be destroyed keeps what it stands on; with the cause mended the rest follows", async () => {
    const { home, agent, asked } = await stage();
    const keep = 'resource "terraform_data" "kept" {\n  lifecycle { prevent_destroy = true }\n}';
    const workspaces = (guard: string): TestWorkspace[] => [
      leavesTrace(home.project, { name: "network" }),
      leavesTrace(home.project, { name: "store", needs: ["network"] }, 0, guard),
      leavesTrace(home.project, { name: "web", needs: ["network"] }),
    ];
    await writeProject(home.project, workspaces(keep));
    await make(agent);
    const only = ["network", "store", "web"];
    const first = await follow(agent, (await agent.call("destroy_workspaces", { only })).data["workflow_id"]);
    expect(phases(first)).toEqual({ network: "skipped", store: "failed", web: "applied" });
    expect(first.text).toMatch(/prevent_destroy|cannot be destroyed/);
    expect(first.text).toContain("Next: destroy_workspaces (once the cause is mended)");
    expect(await destroyed(home.project)).toEqual(["web"]);

    await writeProject(home.project, workspaces(""));
    const second = await follow(agent, (await agent.call("destroy_workspaces", { only })).data["workflow_id"]);
    expect(phases(second), second.text).toEqual({ network: "applied", store: "applied", web: "unchanged" });
    expect(await destroyed(home.project)).toEqual(["web", "store", "network"]);
    expect(asked).toHaveLength(2);
  });

  test("one part by itself; rejected, nothing happens; only planned, it is shown and stays", async () => {
    const { home, agent } = await stage("reject");
    await writeProject(home.project, [
      leavesTrace(home.project, { name: "network" }),
      leavesTrace(home.project, { name: "web", needs: ["network"] }),
    ]);
    await make(agent);
    const rejected = await follow(agent, (await agent.call("destroy_workspaces", { only: ["web"] })).data["workflow_id"]);
    expect(rejected.data["phase"]).toBe("rejected");
    const at = { cwd: home.project, env: home.env };
    const shown = await startBin(["run", "--root", home.project, "--destroy", "--plan", "--only", "web"], at).ended;
    expect(shown.stdout).toContain("- web: planned, +0 ~0 -2");
    expect(await trace(home.project)).toEqual([]);
    const orphans = await startBin(["run", "--root", home.project, "--destroy", "--only", "network"], at).ended;
    expect(orphans.code).toBe(2);
    expect(orphans.stderr).toContain("web would be left without what network made");
  });
});

describe("in the middle of it", () => {
  test.each(["worker", "temporal"] as const satisfies readonly Part[])("%s killed: each is destroyed once, in order", async (part) => {
    const { home, agent } = await stage();
    await writeProject(home.project, [
      leavesTrace(home.project, { name: "network" }),
      leavesTrace(home.project, { name: "web", needs: ["network"] }, 3),
    ]);
    await make(agent);
    const { data } = await agent.call("destroy_workspaces", { only: ["network", "web"] });
    const ended = follow(agent, data["workflow_id"]);
    await until(async () => (await trace(home.project)).includes("web-begun"), "the destruction of web");
    await kill(home.home, part);
    const done = await ended;
    expect(done.data["phase"], done.text).toBe("completed");
    expect(await trace(home.project)).toEqual(["web-begun", "web", "network-begun", "network"]);
  });

  test("what others took from it is gone by other hands: said by name, and given by hand it is destroyed", async () => {
    const { home, agent } = await stage();
    await writeProject(home.project, [
      leavesTrace(home.project, { name: "network" }),
      leavesTrace(home.project, { name: "web", needs: ["network"] }),
    ]);
    await make(agent);
    await rm(join(home.project, "network/terraform.tfstate"));
    const first = await follow(agent, (await agent.call("destroy_workspaces", { only: ["network", "web"] })).data["workflow_id"]);
    expect(phases(first)).toMatchObject({ web: "failed" });
    expect(first.text).toContain('Output "id" of workspace "network" does not exist');
    const config = JSON.parse(await readFile(join(home.project, "infra.yaml"), "utf8"));
    config.workspaces[1].inputs = [];
    config.workspaces[1].extraVars = { from_network: "any" };
    await writeFile(join(home.project, "infra.yaml"), JSON.stringify(config));
    const second = await follow(agent, (await agent.call("destroy_workspaces", { only: ["network", "web"] })).data["workflow_id"]);
    expect(phases(second), second.text).toEqual({ network: "unchanged", web: "applied" });
  });
});
