import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { startBin } from "../support/bin.ts";
import { effects, newHome, writeProject, type TestHome } from "../support/home.ts";
import { startAgent, type Agent, type FormAnswer, type ToolAnswer } from "../support/mcp-client.ts";
import { ended, statusWhen } from "../support/run.ts";

// Who may say yes, tried through the front door and past it. Every refusal must leave its line in the audit.

const run = promisify(execFile);
const homes: TestHome[] = [];
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close().catch(() => undefined)));
  for (const home of homes.splice(0)) await home.remove();
});

async function waitingRun(
  config: string,
  person?: (message: string) => FormAnswer,
): Promise<{ home: TestHome; agent: Agent; id: string; status: ToolAnswer }> {
  const home = await newHome({ config });
  homes.push(home);
  await writeProject(home.project, [{ name: "a" }]);
  const agent = await startAgent({ roots: [home.project], home: home.home, env: home.env, ...(person ? { person } : {}) });
  agents.push(agent);
  const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  const status = await statusWhen(agent, data["workflow_id"], (now) => now["phase"] === "awaiting_approval");
  return { home, agent, id: data["workflow_id"] as string, status };
}

async function audit(home: TestHome): Promise<string> {
  const folder = join(home.home, "audit");
  return (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")))).join("");
}

test("a rejected form applies nothing, and the run says so", async () => {
  const { home, agent, id } = await waitingRun("", () => ({ action: "accept", content: { decision: "reject", reason: "not today" } }));
  expect((await agent.call("request_approval", { workflow_id: id })).data["status"]).toBe("rejected");
  const status = await ended(agent, id);
  expect(status.data["status"]).toBe("WORKFLOW_EXECUTION_STATUS_FAILED");
  expect(status.data["phase"]).toBe("rejected");
  expect(await effects(home.project, "a")).toBe(0);
});

test.each<[string, FormAnswer]>([
  ["declined", { action: "decline" }],
  ["cancelled", { action: "cancel" }],
  ["accepted without content", { action: "accept", content: {} }],
])("a form that is %s leaves the request open", async (_name, answer) => {
  const { home, agent, id } = await waitingRun("", () => answer);
  const asked = await agent.call("request_approval", { workflow_id: id });
  expect(asked.data["status"], asked.text).toBe("open");
  expect(asked.data["ways"][0]).toBe("by form: call request_approval again");
  const status = await agent.call("get_workflow_status", { workflow_id: id });
  expect(status.data["phase"]).toBe("awaiting_approval");
  expect(status.data["next"]).toContainEqual({ tool: "request_approval", arguments: { workflow_id: id }, why: "asks the person by form" });
  expect(await effects(home.project, "a")).toBe(0);
});

test("no tool argument, flag or variable approves", async () => {
  const { home, agent, id, status } = await waitingRun("");
  const approval = status.data["approval"].id as string;
  // A client without forms is told of none.
  expect(status.text).not.toMatch(/by form|request_approval/);
  const asked = await agent.call("request_approval", { workflow_id: id });
  expect(asked.data["ways"]).toEqual([expect.stringContaining(`at a terminal: `)]);
  for (const args of [
    { workflow_id: id, approve: true },
    { workflow_id: id, decision: "approve" },
    { workflow_id: id, inputResponses: { decision: { action: "accept", content: { decision: "approve" } } } },
  ]) {
    const refused = await agent.call("request_approval", args);
    expect(refused.isError, refused.text).toBe(true);
  }
  // Without a terminal the command refuses; and no variable opens the `auto` channel.
  await expect(home.run(["approve", approval])).rejects.toThrow(/terminal/i);
  await expect(home.run(["approve", approval], { PLATFORM_OPS_APPROVALS_AUTO: "true" })).rejects.toThrow();
  expect((await agent.call("get_workflow_status", { workflow_id: id })).data["phase"]).toBe("awaiting_approval");
  expect(await effects(home.project, "a")).toBe(0);
});

test("a protected environment takes a signature, and only that", async () => {
  const keys = await newHome();
  homes.push(keys);
  const key = join(keys.project, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key]);
  const stranger = join(keys.project, "stranger");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "eve", "-f", stranger]);
  const signers = join(keys.project, "allowed_signers");
  await writeFile(signers, `ada ${await readFile(`${key}.pub`, "utf8")}`);
  const config = `environments: [{ name: production, match: { config_paths: ["**"] }, protected: true, channels: [signed] }]\napprovals: { signed: { allowed_signers: ${signers}, required: 1 } }\n`;
  const { home, agent, id, status } = await waitingRun(config, () => ({ action: "accept", content: { decision: "approve" } }));
  const approval = status.data["approval"].id as string;
  expect((await agent.call("request_approval", { workflow_id: id })).data["status"]).toBe("open");
  await expect(home.run(["approve", approval, "--key", stranger])).rejects.toThrow();
  expect(await effects(home.project, "a")).toBe(0);
  await home.run(["approve", approval, "--key", key]);
  const done = await ended(agent, id);
  expect(done.data["phase"], done.text).toBe("completed");
  expect(await effects(home.project, "a")).toBe(1);
  expect(await audit(home)).toContain("approval_refused");
});

test("a worker that decides by another operator's file than its client plans nothing; one of the client's own does, also by a flag", async () => {
  const home = await newHome();
  homes.push(home);
  await writeProject(home.project, [{ name: "a" }]);
  const file = join(home.project, "strict.yaml");
  await writeFile(file, 'environments: [{ name: production, match: { config_paths: ["**"] }, channels: [cli] }]\n');
  const at = { cwd: home.project, env: home.env };
  const words = ["run", "--root", home.project, "--plan"];
  // Starts a worker that knows of no file.
  expect((await startBin(words, at).ended).code).toBe(0);
  const refused = await startBin([...words, "--config", "strict.yaml"], at).ended;
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`this server's is ${file}.`);
  expect(refused.stderr).toContain("supervisor stop");
  await home.run(["supervisor", "stop"]);
  const planned = await startBin([...words, "--config", "strict.yaml"], at).ended;
  expect(planned.code, planned.stdout).toBe(0);
  expect(planned.stdout).toMatch(/Environment: production\nApproval: apr_\w+ for a, until .*, by cli\n/);
});

test("plan, yes, apply asks once", async () => {
  const home = await newHome();
  homes.push(home);
  await writeProject(home.project, [{ name: "a" }]);
  let asked = 0;
  const agent = await startAgent({
    roots: [home.project],
    home: home.home,
    person: () => {
      asked += 1;
      return { action: "accept", content: { decision: "approve" } };
    },
  });
  agents.push(agent);
  const plan = await agent.call("execute_workflow", {
    config_path: "infra.yaml",
    config: { workspaces: [{ name: "a", operations: ["init", "validate", "plan"] }] },
  });
  const planned = await ended(agent, plan.data["workflow_id"]);
  expect(planned.data["workspaces"][0].phase, planned.text).toBe("planned");
  expect(await effects(home.project, "a")).toBe(0);
  const yes = await agent.call("request_approval", { workflow_id: plan.data["workflow_id"] });
  expect(yes.data["status"], yes.text).toBe("approved");
  const apply = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  const done = await ended(agent, apply.data["workflow_id"]);
  expect(done.data["phase"], done.text).toBe("completed");
  expect(asked).toBe(1);
  expect(await effects(home.project, "a")).toBe(1);
});
