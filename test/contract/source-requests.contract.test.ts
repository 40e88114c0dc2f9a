import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { effects, newHome, writeProject, type TestHome } from "../support/home.ts";
import { startAgent, TERRAFORM_BIN, type Agent, type ServerProcess, type ToolAnswer } from "../support/mcp-client.ts";
import { PYTHON, runPython } from "../support/python.ts";
import { callOf, startWire } from "../support/wire.ts";

// Every request that the source document prints works as printed: same tools, same arguments, same words of the answer.
// Its paths lie under a folder of the test. Real Temporal, real terraform.

let home: TestHome;
const agents: Agent[] = [];

// What is under `unattended` is approved by policy; all else asks a person.
const CONFIG = `
environments:
  - name: unattended
    match: { config_paths: ["**/unattended/**"] }
    channels: [elicit, cli]
approvals:
  auto:
    - environments: [unattended]
      workspaces: ["*"]
      changes: [create, update, outputs]
`;

beforeAll(async () => {
  home = await newHome({ config: CONFIG });
});
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.close())));
afterAll(() => home?.remove());

/** A working folder with the configurations of the document's examples that a test names. */
async function folder(
  kind: "unattended" | "reviewed",
  configs: Readonly<Record<string, readonly { name: string; needs?: readonly string[] }[]>>,
): Promise<string> {
  await mkdir(join(home.project, kind), { recursive: true });
  const root = await mkdtemp(join(home.project, kind, "case-"));
  for (const [path, workspaces] of Object.entries(configs)) {
    await mkdir(join(root, path), { recursive: true });
    await writeProject(join(root, path), workspaces);
  }
  return root;
}

const CLUSTER = [{ name: "vpc" }, { name: "subnets", needs: ["vpc"] }, { name: "eks", needs: ["vpc", "subnets"] }];
const PLAN_ONLY = ["init", "validate", "plan"];
const ALL = ["init", "validate", "plan", "apply"];

async function start(root: string, more: Partial<ServerProcess> = {}): Promise<Agent> {
  const agent = await startAgent({ roots: [root], home: home.home, ...more, env: { ...home.env, ...more.env } });
  agents.push(agent);
  return agent;
}

async function begin(agent: Agent, args: Record<string, unknown>): Promise<string> {
  const { text, data, isError } = await agent.call("execute_workflow", args);
  expect(isError, text).toBe(false);
  expect(text).toMatch(/^Workflow started successfully\.\nWorkflowID: \S+\nRunID: [0-9a-f-]{36}\n/);
  const id = /^WorkflowID: (\S+)$/m.exec(text)![1]!;
  expect(id).toMatch(/^terraform-parent-workflow-[0-9a-z]{26}$/);
  expect(data["workflow_id"]).toBe(id);
  expect(text).toContain(`RunID: ${data["run_id"]}`);
  return id;
}

/** Polls as the document's agent does, with nothing but the id, until the run is closed or waits for a person. */
async function poll(agent: Agent, id: string): Promise<ToolAnswer> {
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id: id });
    expect(status.isError, status.text).toBe(false);
    if (!status.text.includes("WORKFLOW_EXECUTION_STATUS_RUNNING") || status.data["phase"] === "awaiting_approval") return status;
    // The document's agent polls; this wait is its pause.
    await agent.call("get_workflow_status", { workflow_id: id, wait_seconds: 2 });
  }
}

const phases = (status: ToolAnswer): Record<string, string> =>
  Object.fromEntries(status.data["workspaces"].map((w: { name: string; phase: string }) => [w.name, w.phase]));
const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;

describe("list_workflows", () => {
  test("config_path environments/production/infra.yaml answers in the shape of the example (000-013 to 000-017)", async () => {
    const root = await folder("unattended", { "environments/production": CLUSTER });
    const agent = await start(root);
    const { text, data, isError } = await agent.call("list_workflows", { config_path: "environments/production/infra.yaml" });
    expect(isError).toBe(false);
    const dir = (name: string): string => join(root, "environments/production", name);
    const workspace = (name: string, dependsOn: string[]) => ({ name, kind: "terraform", dir: dir(name), dependsOn, operations: ALL });
    expect(JSON.parse(text)).toMatchObject({
      config_path: "environments/production/infra.yaml",
      workspace_root: ".",
      workflows: [
        {
          name: "ParentWorkflow",
          description: "Orchestrates terraform operations across multiple workspaces with dependencies",
          configured_workspaces: [workspace("vpc", []), workspace("subnets", ["vpc"]), workspace("eks", ["vpc", "subnets"])],
          workspace_count: 3,
        },
      ],
    });
    // tfvars and taskQueue only where they are set.
    expect(Object.keys(data["workflows"][0].configured_workspaces[0])).toEqual(["name", "kind", "dir", "dependsOn", "operations"]);
  });

  test("without arguments it takes infra.yaml; tfvars and taskQueue are shown where set", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    await writeFile(join(root, "vpc/prod.tfvars"), "");
    await writeFile(
      join(root, "infra.yaml"),
      "workspaces:\n  - { name: vpc, dir: vpc, tfvars: vpc/prod.tfvars, taskQueue: terraform-task-queue }\n",
    );
    const { data, text } = await (await start(root)).call("list_workflows", {});
    expect(data["config_path"], text).toBe("infra.yaml");
    expect(data["workflows"][0].configured_workspaces[0]).toMatchObject({
      tfvars: join(root, "vpc/prod.tfvars"),
      taskQueue: "terraform-task-queue",
    });
  });

  test('config_path "*/infra.yaml" lists all environments (cost optimisation; 000-020)', async () => {
    const root = await folder("unattended", { staging: [{ name: "vpc" }], production: CLUSTER });
    const { data, isError } = await (await start(root)).call("list_workflows", { config_path: "*/infra.yaml" });
    expect(isError).toBe(false);
    const listed = data["configs"].map((c: any) => [c.config_path, c.workflows[0].workspace_count]);
    expect(listed).toEqual([
      ["production/infra.yaml", 3],
      ["staging/infra.yaml", 1],
    ]);
  });

  test("a missing file: the source's words, the schema of what would be accepted, and an error (000-018)", async () => {
    const { text, data, isError } = await (
      await start(await folder("unattended", {}))
    ).call("list_workflows", { config_path: "infra.yaml" });
    expect(isError).toBe(true);
    expect(text).toContain("Config file not found: infra.yaml. Using default schema.");
    const properties = data["error"].details.input_schema.workspaces.items.properties;
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(["name", "kind", "dir", "tfvars", "dependsOn", "taskQueue"]));
    expect(properties.kind.default).toBe("terraform");
  });

  test("a cycle and a missing dependency are `Invalid config: …` (000-019)", async () => {
    const root = await folder("unattended", {});
    await mkdir(join(root, "a"));
    await writeFile(join(root, "a/main.tf"), "");
    await writeFile(
      join(root, "infra.yaml"),
      "workspaces:\n  - { name: a, dir: a, dependsOn: [b] }\n  - { name: b, dir: a, dependsOn: [a, nowhere] }\n",
    );
    const { text, isError } = await (await start(root)).call("list_workflows", { config_path: "infra.yaml" });
    expect(isError).toBe(true);
    expect(text).toMatch(/Invalid config: /);
    expect(text).toMatch(/cycle/);
    expect(text).toMatch(/nowhere/);
  });
});

describe("execute_workflow and get_workflow_status", () => {
  test("conversational deployment: list, execute a file, poll to COMPLETED, report times (000-021 to 000-038)", async () => {
    const root = await folder("unattended", { production: CLUSTER });
    const agent = await start(root);
    const listed = await agent.call("list_workflows", { config_path: "production/infra.yaml" });
    expect(listed.data["workflows"][0].configured_workspaces[0].name).toBe("vpc");
    const id = await begin(agent, { workflow_name: "ParentWorkflow", config_path: "production/infra.yaml" });
    const running = await agent.call("get_workflow_status", { workflow_id: id });
    expect(running.text).toMatch(
      new RegExp(`^Workflow: ${id}\nStatus: WORKFLOW_EXECUTION_STATUS_RUNNING\nStarted At: ${TIME}\n(?!Finished At)`),
    );
    const done = await poll(agent, id);
    expect(done.text).toMatch(
      new RegExp(`^Workflow: ${id}\nStatus: WORKFLOW_EXECUTION_STATUS_COMPLETED\nStarted At: ${TIME}\nFinished At: ${TIME}\nDuration: `),
    );
    expect(phases(done)).toEqual({ vpc: "applied", subnets: "applied", eks: "applied" });
    expect(await effects(join(root, "production"), "eks")).toBe(1);
  });

  test("inline configuration with workspace_root and a relative dir", async () => {
    const root = await folder("unattended", {});
    await mkdir(join(root, "terraform/database"), { recursive: true });
    await writeFile(
      join(root, "terraform/database/main.tf"),
      'resource "terraform_data" "db" {}\noutput "id" { value = terraform_data.db.id }\n',
    );
    const agent = await start(root);
    const id = await begin(agent, {
      workflow_name: "ParentWorkflow",
      config: { workspace_root: root, workspaces: [{ name: "database", kind: "terraform", dir: "terraform/database", operations: ALL }] },
    });
    expect(phases(await poll(agent, id))).toEqual({ database: "applied" });
  });

  test("a failed run is WORKFLOW_EXECUTION_STATUS_FAILED with its times", async () => {
    const root = await folder("unattended", {});
    await mkdir(join(root, "app"));
    await writeFile(join(root, "app/main.tf"), 'resource "no_such_provider_thing" "x" {\n');
    await writeFile(join(root, "infra.yaml"), "workspaces: [{ name: app, dir: app }]\n");
    const agent = await start(root);
    const id = await begin(agent, { workflow_name: "ParentWorkflow", config_path: "infra.yaml" });
    const done = await poll(agent, id);
    expect(done.text).toMatch(
      new RegExp(`^Workflow: ${id}\nStatus: WORKFLOW_EXECUTION_STATUS_FAILED\nStarted At: ${TIME}\nFinished At: ${TIME}\n`),
    );
    expect(done.data["workspaces"][0].error.message).not.toBe("");
  });

  test("another workflow, no configuration, an unknown id: the source's words (000-022, 000-025, 000-037)", async () => {
    const agent = await start(await folder("unattended", { ".": [{ name: "vpc" }] }));
    const refused = async (name: string, args: Record<string, unknown>): Promise<string> => {
      const { text, isError } = await agent.call(name, args);
      expect(isError, text).toBe(true);
      return text;
    };
    expect(await refused("execute_workflow", { workflow_name: "ChildWorkflow", config_path: "infra.yaml" })).toContain(
      "Unsupported workflow: ChildWorkflow",
    );
    expect(await refused("execute_workflow", { workflow_name: "ParentWorkflow" })).toContain("Provide config_path or config");
    expect(await refused("execute_workflow", { workflow_name: "ParentWorkflow", config_path: "nowhere.yaml" })).toMatch(/nowhere\.yaml/);
    expect(await refused("execute_workflow", { workflow_name: "ParentWorkflow", config: { workspaces: "vpc" } })).toContain(
      "Invalid config format: ",
    );
    expect(await refused("execute_workflow", { workflow_name: "ParentWorkflow", config: { workspaces: [] } })).toContain("Invalid config");
    expect(await refused("get_workflow_status", { workflow_id: "terraform-parent-workflow-12345" })).toContain(
      "Could not find workflow with ID terraform-parent-workflow-12345",
    );
    expect(await refused("get_workflow_status", {})).toContain("workflow_id");
  });

  test("config_path wins when config is given too, and the answer says so (000-025)", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const agent = await start(root);
    const both = { config_path: "infra.yaml", config: { workspaces: [{ name: "other", dir: "vpc", operations: PLAN_ONLY }] } };
    const { text, data } = await agent.call("execute_workflow", both);
    expect(data["workspaces"], text).toEqual(["vpc"]);
    expect(text).toContain("config was ignored");
    await poll(agent, data["workflow_id"]);
  });
});

describe("patterns of the document", () => {
  test.each(["legacy", "modern"] as const)(
    "plan, review, apply: the person's yes carries from the plan to the apply (%s era)",
    async (era) => {
      const root = await folder("reviewed", { production: [{ name: "vpc" }] });
      const forms: string[] = [];
      const agent = await start(root, {
        era,
        person: (message) => {
          forms.push(message);
          return { action: "accept", content: { decision: "approve" } };
        },
      });
      const id = await begin(agent, { config: { workspaces: [{ name: "vpc", operations: PLAN_ONLY }] } });
      const planned = await poll(agent, id);
      expect(planned.data["status"]).toBe("WORKFLOW_EXECUTION_STATUS_COMPLETED");
      expect(phases(planned)).toEqual({ vpc: "planned" });
      expect(planned.data["workspaces"][0].counts.add).toBe(1);
      expect((await agent.call("get_plan", { workflow_id: id })).text).toContain("terraform_data.it");
      expect((await agent.call("request_approval", { workflow_id: id })).data["status"]).toBe("approved");
      expect(await effects(join(root, "production"), "vpc")).toBe(0);

      const applied = await poll(agent, await begin(agent, { config: { workspaces: [{ name: "vpc", operations: ALL }] } }));
      expect(phases(applied), applied.text).toEqual({ vpc: "applied" });
      expect(await effects(join(root, "production"), "vpc")).toBe(1);
      expect(forms).toHaveLength(1);
    },
  );

  test("remediation: one workspace inline by its name; what it depends on is read, not run; a person decides", async () => {
    const root = await folder("reviewed", { production: CLUSTER });
    const agent = await start(root, { person: () => ({ action: "accept", content: { decision: "approve" } }) });
    const whole = await begin(agent, { workflow_name: "ParentWorkflow", config_path: "production/infra.yaml" });
    for (let status = await poll(agent, whole); status.data["open"]; status = await poll(agent, whole))
      await agent.call("request_approval", { workflow_id: whole });

    const eks = (await agent.call("list_workflows", { config_path: "production/infra.yaml" })).data["workflows"][0]
      .configured_workspaces[2];
    expect(eks).toMatchObject({ name: "eks", dependsOn: ["vpc", "subnets"] });
    await writeFile(join(root, "production/eks/more.tf"), 'resource "terraform_data" "more" { input = var.from_vpc }\n');
    const id = await begin(agent, { workflow_name: "ParentWorkflow", config: { workspaces: [{ name: "eks", operations: ALL }] } });
    let status = await poll(agent, id);
    expect(status.data["phase"]).toBe("awaiting_approval");
    await agent.call("request_approval", { workflow_id: id });
    status = await poll(agent, id);
    expect(status.data["status"], status.text).toBe("WORKFLOW_EXECUTION_STATUS_COMPLETED");
    expect(phases(status)["eks"]).toBe("applied");
    expect([await effects(join(root, "production"), "vpc"), await effects(join(root, "production"), "eks")]).toEqual([1, 1]);
  });

  test("several environments: staging applied by its file, production planned inline; where both define a name, it must be said which", async () => {
    const root = await folder("unattended", { staging: [{ name: "vpc" }], production: CLUSTER });
    const agent = await start(root);
    expect(phases(await poll(agent, await begin(agent, { config_path: "staging/infra.yaml" })))).toEqual({ vpc: "applied" });

    const workspaces = [
      { name: "vpc", operations: PLAN_ONLY },
      { name: "subnets", operations: PLAN_ONLY },
    ];
    // Only production defines both: the printed request is unambiguous.
    const planned = await poll(agent, await begin(agent, { config: { workspaces } }));
    expect(phases(planned), planned.text).toMatchObject({ vpc: "planned" });
    expect(await effects(join(root, "production"), "vpc")).toBe(0);

    const { text, isError } = await agent.call("execute_workflow", { config: { workspaces: [workspaces[0]] } });
    expect(isError).toBe(true);
    expect(text).toContain(join(root, "staging/infra.yaml"));
    expect(text).toContain(join(root, "production/infra.yaml"));
    await poll(agent, await begin(agent, { config_path: "production/infra.yaml", config: { workspaces: [workspaces[0]] } }));
  });

  test("drift detection: all workspaces plan-only, changes read from counts", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const agent = await start(root);
    await poll(agent, await begin(agent, { config_path: "infra.yaml" }));
    const quiet = await poll(agent, await begin(agent, { config: { workspaces: [{ name: "vpc", operations: PLAN_ONLY }] } }));
    expect(phases(quiet)).toEqual({ vpc: "unchanged" });
    await writeFile(join(root, "vpc/drift.tf"), 'resource "terraform_data" "drift" {}\n');
    const drifted = await poll(agent, await begin(agent, { config: { workspaces: [{ name: "vpc", operations: PLAN_ONLY }] } }));
    expect(drifted.data["workspaces"][0]).toMatchObject({ phase: "planned", counts: { add: 1 } });
  });
});

describe("without an SDK", () => {
  test("the JSON-RPC request of the protocol overview, with nothing said before it", async () => {
    const root = await folder("unattended", { staging: [{ name: "vpc" }] });
    const wire = startWire({ home: home.home, cwd: root, env: home.env });
    wire.send({ method: "tools/call", params: { name: "list_workflows", arguments: { config_path: "staging/infra.yaml" } }, id: 1 });
    const answer = await wire.answer(1);
    expect(Object.keys(answer).sort()).toEqual(["id", "jsonrpc", "result"]);
    expect(JSON.parse(answer.result.content[0].text).workflows[0].workspace_count).toBe(1);
    wire.child.stdin.end();
    expect(await wire.end()).toMatchObject({ code: 0 });
  });

  test.skipIf(PYTHON === undefined)("the bare Python client lists and executes (needs python3 on PATH)", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const calls = [
      ["list_workflows", { config_path: "infra.yaml" }],
      ["execute_workflow", { workflow_name: "ParentWorkflow", config_path: "infra.yaml" }],
    ];
    const { answers, exit_code } = await runPython(
      PYTHON!,
      "bare_client.py",
      [JSON.stringify(calls), process.execPath, TERRAFORM_BIN, "--root", root],
      home.env,
    );
    expect(exit_code).toBe(0);
    expect(answers.map((answer: { id: number }) => answer.id)).toEqual([1, 2]);
    expect(JSON.parse(answers[0].result.content[0].text).workflows[0].name).toBe("ParentWorkflow");
    expect(answers[1].result.content[0].text).toMatch(/^Workflow started successfully\.\nWorkflowID: /);
    // The client is gone; its run is not.
    const agent = await start(root);
    expect(phases(await poll(agent, answers[1].result.structuredContent.workflow_id))).toEqual({ vpc: "applied" });
  });
});

describe("configuration examples and troubleshooting", () => {
  test("no arguments at all, as in the client entries: the working directory is the root", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const wire = startWire({ home: home.home, cwd: root, env: home.env, args: [] });
    wire.send(callOf(1, "list_workflows"));
    expect((await wire.answer(1)).result.isError ?? false).toBe(false);
    wire.child.stdin.end();
    await wire.end();
  });

  test("TEMPORAL_ADDRESS of the client entry is the Temporal in use; where none listens, the answer says what to do", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const agent = await start(root, { env: { TEMPORAL_ADDRESS: "127.0.0.1:9" } });
    const { text, data, isError } = await agent.call("get_workflow_status", { workflow_id: "terraform-parent-workflow-12345" });
    expect(isError).toBe(true);
    expect(data["error"].code).toBe("temporal_unavailable");
    expect(text).toContain("127.0.0.1:9");
  });

  test("TEMPORAL_DEBUG=1 gives more on stderr, and stdout stays the protocol's", async () => {
    const root = await folder("unattended", { ".": [{ name: "vpc" }] });
    const agent = await start(root, { env: { TEMPORAL_DEBUG: "1" } });
    const done = await poll(agent, await begin(agent, { config_path: "infra.yaml" }));
    expect(phases(done)).toEqual({ vpc: "applied" });
    const log = agent
      .stderr()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(log).toContainEqual(
      expect.objectContaining({ level: "debug", message: "tool call", tool: "execute_workflow", outcome: "done" }),
    );
    expect(log).toContainEqual(expect.objectContaining({ level: "debug", message: "temporal", mode: "local" }));
    // No argument's value is in a log.
    expect(agent.stderr()).not.toContain("infra.yaml");
  });

  test("every call is a line of the audit, with its arguments", async () => {
    const agent = await start(await folder("unattended", {}), { clientName: "auditor" });
    await agent.call("get_workflow_status", { workflow_id: "terraform-parent-workflow-12345" });
    const days = await readdir(join(home.home, "audit"));
    const text = (await Promise.all(days.map((day) => readFile(join(home.home, "audit", day), "utf8")))).join("");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const mine = lines.filter((line) => String(line["actor"]).startsWith("agent:auditor@"));
    expect(mine).toMatchObject([
      {
        kind: "tool_call",
        what: "get_workflow_status",
        arguments: { workflow_id: "terraform-parent-workflow-12345" },
        outcome: "refused",
        code: "not_found",
      },
    ]);
  });
});
