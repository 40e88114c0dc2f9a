import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { META_WORKFLOWS_BIN, startAgent, type Agent, type ToolAnswer } from "../../test/support/mcp-client.ts";
import { kill, pidOf, until } from "../../test/support/processes.ts";
import { runBuilt } from "../run-built.ts";
import { answerAsAPerson } from "./person.ts";
import { call, heading, say, show } from "./screen.ts";

const ID = "incident-demo";

/** What the platform answers: there is none here, and every result says that it was simulated. */
const BINDINGS = {
  schema: "bindings/v1",
  capabilities: {
    "obs.health": { simulated: [{ output: { healthy: true, error_ratio: 0.002 } }] },
    "notify.page": { simulated: [{ output: { paged: "on call" } }] },
    "notify.status": { simulated: [{ output: { posted: true } }] },
    "ops.mitigate": { simulated: [{ output: { state: "done" } }] },
    "ops.mitigation_status": { simulated: [{ output: { state: "done" } }] },
  },
};

/** What the scripted agents submit, by step. */
const RESULTS: Readonly<Record<string, unknown>> = {
  assess: {
    impact: "No order has gone through since 09:00.",
    hypothesis: "The release of 08:58 broke the payment call.",
    mitigation: "roll_back",
    target: "1.9",
    why: "The errors began with the release.",
  },
  root_cause: { cause: "A field became mandatory that older clients do not send.", evidence: ["release 2.0, change 7", "log line 41"] },
  post_mortem: {
    summary: "Orders failed for an hour because a field became mandatory.",
    actions: [{ what: "Test releases with older clients", owner: "ana", ticket: "OPS-1" }],
  },
};

/**
 * An incident from the alert to its post-mortem: a scripted agent through a real client, everything killed half-way, and
 * another agent that finishes it.
 */
export async function runbookDemo(): Promise<void> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-demo-")));
  const home = join(folder, "home");
  const config = join(folder, "config.yaml");
  await mkdir(join(folder, "project"));
  await writeFile(join(folder, "bindings.yaml"), JSON.stringify(BINDINGS, null, 2));
  await writeFile(config, "meta_workflows: { bindings: bindings.yaml }\n", { mode: 0o600 });
  const env = { PLATFORM_OPS_HOME: home, PLATFORM_OPS_CONFIG: config };
  heading("Set-up of a fresh data directory");
  await runBuilt(META_WORKFLOWS_BIN, ["setup"], env, show);
  const connect = (clientName: string): Promise<Agent> =>
    startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home, cwd: join(folder, "project"), env, clientName, person: answerAsAPerson });
  try {
    const first = await connect("first-agent");
    await begin(first);
    await killEverything(first, home);
    const second = await connect("second-agent");
    try {
      await finish(second);
    } finally {
      await second.close();
    }
  } finally {
    await runBuilt(META_WORKFLOWS_BIN, ["supervisor", "stop"], env, () => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function begin(agent: Agent): Promise<void> {
  heading("1. Which runbook is it?");
  await ask(agent, "match_meta_workflow", { intent: "ALERT: nobody can check out" });
  heading("2. What would it do?");
  const inputs = { service: "shop", symptom: "Nobody can check out.", severity: "P1", recovered_for: "1s" };
  await ask(agent, "plan_meta_workflow", { workflow_name: "incident-response", inputs });
  heading("3. It begins: the first agent assesses");
  await ask(agent, "start_workflow", { workflow_name: "incident-response", workflow_id: ID, inputs });
  await submit(agent, await ask(agent, "next_action", { workflow_id: ID, wait_seconds: 20 }));
}

/** The client, the worker and Temporal: what a crash of the machine leaves of them. */
async function killEverything(agent: Agent, home: string): Promise<void> {
  heading("4. Everything is killed");
  process.kill(agent.pid, "SIGKILL");
  await kill(home, "worker");
  const old = await kill(home, "temporal");
  say("killed: the agent's server, the worker, Temporal");
  await until(async () => ((await pidOf(home, "temporal")) ?? old) !== old, "another Temporal");
}

async function finish(agent: Agent): Promise<void> {
  heading("5. Another agent finds the run and finishes it");
  await until(async () => ((await agent.call("get_workflow_status", { workflow_id: ID })).isError ? undefined : true), "an answer");
  await ask(agent, "list_runs", {});
  for (;;) {
    const next = await ask(agent, "next_action", { workflow_id: ID, wait_seconds: 30 });
    if (next.data["status"] === "completed") return;
    if (next.data["action"] !== undefined) await submit(agent, next);
    else if (JSON.stringify(next.data["waiting_for"] ?? []).includes('"approval"'))
      await ask(agent, "request_approval", { workflow_id: ID });
    else if (next.data["status"] !== "running") throw new Error(`the run ended as ${String(next.data["status"])}\n${next.text}`);
  }
}

async function submit(agent: Agent, next: ToolAnswer): Promise<void> {
  const { action_id, step_id, attempt } = next.data["action"] as { action_id: string; step_id: string; attempt: { id: string } };
  const result = RESULTS[step_id];
  if (result === undefined) throw new Error(`the demo has no answer for ${step_id}\n${next.text}`);
  await ask(agent, "submit_result", { workflow_id: ID, action_id, attempt_id: attempt.id, result });
}

async function ask(agent: Agent, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  call(name, args);
  const answer = await agent.call(name, args);
  if (answer.isError) throw new Error(`${name} failed: ${answer.text}`);
  show(answer.text);
  return answer;
}
