import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openLedger, Redactor } from "@platform-ops/ledger";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import type { Orchestration } from "@platform-ops/orchestration/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestHome } from "../support/home.ts";
import type { Agent, ToolAnswer } from "../support/mcp-client.ts";
import { kill, pidOf, until } from "../support/processes.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// Runbooks as an agent meets them: the built server over stdio, a real Temporal, everything killed in between.

const TWO_STEPS = `
schema: meta-workflow/v1
id: two-steps
name: Two steps
version: 1.0.0
status: active
inputs: { service: string }
steps:
  - id: look
    type: prompt
    instructions: Look at \${{ inputs.service }}
    result: { type: object, required: [seen], properties: { seen: { type: string } } }
    output_to: seen
  - id: write
    type: prompt
    instructions: Write about \${{ state.seen.seen }}
    accept: [{ check: "size(string(result)) > 3", say: "it must be longer than three characters" }]
output: \${{ steps.write.output }}
`;
const GATED = `
schema: meta-workflow/v1
id: gated
name: Gated
version: 1.0.0
status: active
steps:
  - { id: draft, type: prompt, instructions: Write a plan }
  - id: go
    type: approval
    title: Shall it go on?
    subject: \${{ steps.draft.output }}
    bind: \${{ steps.draft.output }}
    wait_at_most: 1h
    on_timeout: reject
  - { id: act, type: prompt, instructions: Do it, guard: go }
`;
const SERVER_WORK = `
schema: meta-workflow/v1
id: server-work
name: Server work
version: 1.0.0
status: active
steps:
  - { id: tree, type: shell, argv: [git, --version], effects: read }
  - { id: plan, type: mcp_call, capability: deploy.plan, args: { service: shop }, effects: read }
  - { id: ours, type: mcp_call, server: terraform, tool: list_runs, args: { limit: 1 }, effects: read }
  - id: tell
    type: prompt
    instructions: Tell of plan \${{ steps.plan.output.plan_id }}
output: { told: "\${{ steps.tell.output }}", git: "\${{ steps.tree.status }}", ours: "\${{ steps.ours.status }}" }
`;
const BINDINGS = `
schema: bindings/v1
capabilities:
  deploy.plan: { simulated: [{ output: { plan_id: p-1 } }] }
`;
const BY_HAND = `# Our runbooks

## Workflow Registry

### Active Workflows

| ID | Name | Trigger | Status | Last Updated |
|---|---|---|---|---|
| MW-901 | Rotate the certificate | "Rotate the certificate" | Active | 2025-11-01 |

## Platform Operations Workflows

### MW-901: Rotate the certificate

**Steps:**

#### 1. Look at the old one

**Actions:**
- Read its end date

\`\`\`bash
openssl x509 -enddate -noout -in cert.pem
\`\`\`

#### 2. Ask for a new one

**Actions:**
- Open a ticket with \${{ secrets.token }} as it stands
`;

let runbooks: Runbooks;
let home: TestHome;
let temporal: Orchestration;
const agent = (clientName = "zed"): Promise<Agent> => runbooks.agent({ clientName });
/** What the audit says of a run's starts. */
const auditOf = async (id: string) => {
  const { audit } = await openLedger(home.home, temporaryPolicy(), new Redactor());
  return (await audit.read()).filter(({ kind, what, target }) => kind === "run" && what === "two-steps" && target === id);
};
const named = (answer: ToolAnswer) => ({ action_id: answer.data["action"].action_id, attempt_id: answer.data["action"].attempt.id });

beforeAll(async () => {
  runbooks = await openRunbooks({
    definitions: { "two-steps.yaml": TWO_STEPS, "gated.yaml": GATED, "server-work.yaml": SERVER_WORK },
    settings: { registry_path: "META-WORKFLOWS.md", bindings: "bindings.yaml", programs: ["git"], working_directories: ["project"] },
    files: { "bindings.yaml": BINDINGS, "META-WORKFLOWS.md": BY_HAND },
  });
  home = runbooks.home;
  await agent();
  temporal = await runbooks.temporal();
});
afterAll(() => runbooks?.close());

describe("a run", () => {
  test("from the first action to its end, with results that are refused and sent again", async () => {
    const one = await agent();
    const start = await one.call("start_workflow", { workflow_name: "two-steps", inputs: '{"service":"shop"}', workflow_id: "plain" });
    expect(start.data).toMatchObject({
      workflow_id: "plain",
      status: "pending_action",
      action: {
        type: "prompt",
        step_id: "look",
        action_id: "look#1",
        instructions: "Look at shop",
        retry_count: 0,
        timeout: 900,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        parameters: {},
        attempt: { number: 1 },
      },
    });
    expect((await one.call("submit_result", { workflow_id: "plain", result: { saw: 1 } })).data["error"]).toMatchObject({
      code: "schema_invalid",
      details: { class: "SCHEMA_INVALID", problems: ["`$.seen` is missing."] },
    });
    const second = await one.call("submit_result", { workflow_id: "plain", result: '{"seen":"much"}' });
    expect(second.data).toMatchObject({ status: "pending_action", action: { action_id: "write#1", instructions: "Write about much" } });
    // The answer was lost, and the same text is sent again, as another program writes it.
    const same = { workflow_id: "plain", result: ' { "seen" : "much" }\n', ...named(start) };
    expect((await one.call("submit_result", same)).data).toMatchObject({
      action: { action_id: "write#1" },
      receipt: { action_id: "look#1", replayed: true },
    });
    expect((await one.call("submit_result", { ...same, result: '{"seen":"little"}' })).data["error"]).toMatchObject({
      code: "attempt_conflict",
    });
    const refused = await one.call("submit_result", { workflow_id: "plain", result: "no" });
    expect(refused.isError).toBe(true);
    expect(refused.data).toMatchObject({ error: { code: "check_failed" }, action: { attempt: { number: 2 }, retry_count: 1 } });
    // It was presented anew: a result must say which attempt it is of.
    expect((await one.call("submit_result", { workflow_id: "plain", result: "a whole page" })).data["error"].code).toBe("action_ambiguous");
    const end = await one.call("submit_result", { workflow_id: "plain", result: "a whole page", ...named(refused) });
    expect(end.data).toMatchObject({ status: "completed", result: "a whole page" });
    const again = await one.call("submit_result", { workflow_id: "plain", result: "a whole page", ...named(refused) });
    expect(again.data).toMatchObject({ status: "completed", result: "a whole page", receipt: { action_id: "write#1", replayed: true } });
    expect((await one.call("submit_result", same)).data["receipt"]).toMatchObject({ action_id: "look#1", replayed: true });
    const another = await one.call("submit_result", { workflow_id: "plain", result: "something else", ...named(refused) });
    expect(another.data["error"]).toMatchObject({ code: "run_closed", details: { class: "RUN_CLOSED" } });
    expect((await one.call("get_workflow_status", { workflow_id: "plain" })).data).toMatchObject({
      status: "completed",
      pending_action: null,
      state: { seen: { seen: "much" } },
      result: "a whole page",
    });
  });

  test("started twice is one run; with other inputs it is refused, and another server's run is named", async () => {
    const one = await agent();
    const start = { workflow_name: "two-steps", inputs: { service: "shop" }, workflow_id: "twice" };
    const [first, second] = [await one.call("start_workflow", start), await one.call("start_workflow", start)];
    expect(second.data["action"]).toMatchObject({ action_id: "look#1", attempt: { id: first.data["action"].attempt.id } });
    expect((await one.call("health_check")).data).toMatchObject({
      status: "healthy",
      components: {
        temporal: { status: "healthy", connected: true, mock_mode: false, host: expect.stringMatching(/:\d+$/), namespace: "default" },
        workflows: { active_count: expect.any(Number) },
      },
      timestamp: expect.stringMatching(/^\d{4}-/),
      mock_mode: false,
    });
    const other = await one.call("start_workflow", { ...start, inputs: { service: "mail" } });
    expect(other.data["error"].code).toBe("already_exists");
    expect((await one.call("start_workflow", { ...start, workflow_id: "bad", inputs: { servce: "x" } })).data["error"]).toMatchObject({
      code: "invalid_input",
    });
    expect((await one.call("get_workflow_status", { workflow_id: "bad" })).data["error"].code).toBe("not_found");
    await temporal.start({
      type: "ParentWorkflow",
      id: "tf-1",
      args: [],
      memo: {},
      attributes: { kind: "terraform-run", server: "terraform" },
      taskQueue: "terraform@0123456789ab",
    });
    for (const [tool, more] of [
      ["get_workflow_status", {}],
      ["start_workflow", start],
    ] as const) {
      const answer = await one.call(tool, { ...more, workflow_id: "tf-1" });
      expect(answer.text).toContain("it belongs to the server terraform");
    }
    await temporal.terminate("tf-1", "test");
    // One line for each start, with what became of it.
    expect((await auditOf("twice")).map(({ outcome }) => outcome)).toEqual(["started", "started", "refused"]);
    expect(await auditOf("tf-1")).toMatchObject([{ outcome: "refused", code: "not_found" }]);
  });

  test("looking for work leaves no trace in the history", async () => {
    const one = await agent();
    await one.call("start_workflow", { workflow_name: "two-steps", inputs: { service: "shop" }, workflow_id: "watched" });
    const events = async (): Promise<number> => ((await temporal.history("watched")) as { events: unknown[] }).events.length;
    const before = await events();
    const own = await one.call("next_action", { workflow_id: "watched" });
    expect(own.data["action"].action_id).toBe("look#1");
    const others = await one.call("next_action", { workflow_id: "watched", agent: "somebody-else", wait_seconds: 1 });
    expect(others.data).toMatchObject({ status: "running", waiting_for: [{ kind: "agent", action_id: "look#1" }] });
    expect(await events()).toBe(before);
  });

  test("tells by its last answer how it stands, also while no worker lives: its memo is not written for that", async () => {
    const one = await agent();
    const id = "told";
    await one.call("start_workflow", { workflow_name: "two-steps", inputs: { service: "shop" }, workflow_id: id });
    expect((await one.call("submit_result", { workflow_id: id, result: { seen: "much" } })).isError).toBe(false);
    await kill(home.home, "worker");
    expect((await one.call("get_workflow_status", { workflow_id: id })).data).toMatchObject({
      status: "pending_action",
      current_step: "write",
      pending_action: { action_id: "write#1" },
      steps_done: 1,
    });
    const { runs } = (await one.call("list_runs", { open: true })).data as { runs: { workflow_id: string }[] };
    expect(runs.find(({ workflow_id }) => workflow_id === id)).toMatchObject({ status: "pending_action", current_step: "write" });
    const { events } = (await temporal.history(id)) as { events: { eventType: string }[] };
    expect(events.filter(({ eventType }) => eventType.includes("PROPERTIES_MODIFIED"))).toHaveLength(0);
    // What changes by itself, and the end, are told by the memo.
    const ended = await one.call("submit_result", { workflow_id: id, result: "a page" });
    expect(ended.data["status"]).toBe("completed");
    expect((await temporal.describe(id)).memo["meta_workflow"]).toMatchObject({ status: "completed", end: { status: "completed" } });
    expect((await one.call("get_workflow_status", { workflow_id: id })).data).toMatchObject({ status: "completed", steps_done: 2 });
  });

  test("goes on where it was when server, worker and Temporal were killed between two steps, and another agent takes over", async () => {
    const one = await agent("first");
    const start = await one.call("start_workflow", { workflow_name: "two-steps", inputs: { service: "shop" }, workflow_id: "killed" });
    process.kill(one.pid, "SIGKILL");
    await kill(home.home, "worker");
    const old = await kill(home.home, "temporal");
    await until(async () => ((await pidOf(home.home, "temporal")) ?? old) !== old, "another Temporal");
    const two = await agent("second");
    const waits = await until(async () => {
      const answer = await two.call("next_action", { workflow_id: "killed" });
      return answer.isError ? undefined : answer;
    }, "an answer after everything was killed");
    expect(waits.data).toMatchObject({ status: "running", waiting_for: [{ kind: "agent", holder: expect.stringContaining("first") }] });
    const taken = await two.call("control_run", {
      workflow_id: "killed",
      command: "release",
      action_id: "look#1",
      reason: "its agent is gone",
    });
    expect(taken.isError).toBe(false);
    const mine = await two.call("next_action", { workflow_id: "killed" });
    expect(mine.data["action"]).toMatchObject({ action_id: "look#1", attempt: { number: expect.any(Number) } });
    expect(mine.data["action"].attempt.id).not.toBe(start.data["action"].attempt.id);
    // The first agent comes back: its attempt is over, and what it did is not lost.
    const late = await two.call("submit_result", {
      workflow_id: "killed",
      result: { seen: "late" },
      ...named(start),
      agent: "first",
      note: "was away",
    });
    expect(late.data["error"]).toMatchObject({ code: "stale_attempt", details: { class: "STALE_ATTEMPT" } });
    const known = await two.call("next_action", { workflow_id: "killed" });
    expect(known.data["action"].late_result).toMatchObject({ note: "was away" });
    const second = await two.call("submit_result", { workflow_id: "killed", result: { seen: "much" }, ...named(mine) });
    expect(second.data).toMatchObject({ action: { action_id: "write#1" } });
    expect((await two.call("submit_result", { workflow_id: "killed", result: "a page" })).data["status"]).toBe("completed");
  });

  test("keeps the definition that it began with, whatever becomes of the file", async () => {
    const one = await agent();
    const file = join(dirname(home.configFile), "runbooks/changing.yaml");
    const text = TWO_STEPS.replaceAll("two-steps", "changing");
    const secondOf = async (workflow_id: string, change?: string): Promise<string> => {
      const start = await one.call("start_workflow", { workflow_name: "changing", inputs: { service: "shop" }, workflow_id });
      if (change !== undefined) await writeFile(file, change);
      const second = await one.call("submit_result", { workflow_id, result: { seen: "much" }, ...named(start) });
      return String(second.data["action"]?.instructions);
    };
    await writeFile(file, text);
    expect(await secondOf("before", text.replace("Write about", "Forget about"))).toBe("Write about much");
    expect(await secondOf("after")).toBe("Forget about much");
  });

  test("is paused, resumed and cancelled", async () => {
    const one = await agent();
    await one.call("start_workflow", { workflow_name: "two-steps", inputs: { service: "shop" }, workflow_id: "held" });
    const paused = await one.call("control_run", { workflow_id: "held", command: "pause" });
    expect(paused.data).toMatchObject({ status: "running", paused: true, pause: { by: expect.stringContaining("zed") } });
    expect((await one.call("next_action", { workflow_id: "held" })).data["action"]).toBeUndefined();
    const taken = await one.call("submit_result", { workflow_id: "held", result: { seen: "much" } });
    expect(taken.data).toMatchObject({ paused: true, receipt: { action_id: "look#1" } });
    expect((await one.call("get_workflow_status", { workflow_id: "held" })).data).toMatchObject({
      pending_action: null,
      pause: { by: expect.stringContaining("zed") },
    });
    await one.call("control_run", { workflow_id: "held", command: "resume" });
    expect((await one.call("next_action", { workflow_id: "held" })).data["action"].action_id).toBe("write#1");
    expect((await one.call("control_run", { workflow_id: "held", command: "cancel" })).data["status"]).toBe("cancelled");
    expect((await one.call("submit_result", { workflow_id: "held", result: "a page" })).data["error"].code).toBe("run_closed");
  });

  test("does the server's own steps itself, and says what was simulated; what is too large is kept elsewhere", async () => {
    const one = await agent();
    const start = await one.call("start_workflow", { workflow_name: "server-work", workflow_id: "worked" });
    expect(start.data).toMatchObject({ status: "pending_action", simulated: true, action: { instructions: "Tell of plan p-1" } });
    const huge = await one.call("submit_result", { workflow_id: "worked", result: "x".repeat(5_000_000) });
    expect(huge.data["error"]).toMatchObject({ code: "too_large" });
    const end = await one.call("submit_result", { workflow_id: "worked", result: "y".repeat(200_000) });
    expect(end.data).toMatchObject({
      status: "completed",
      simulated: true,
      result: { told: { artifact: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: 200_002, truncated: true }, git: "done", ours: "done" },
    });
  });

  test("waits for a person where its definition says so; no agent decides", async () => {
    const one = await agent();
    await one.call("start_workflow", { workflow_name: "gated", workflow_id: "gated-1" });
    const gate = await one.call("submit_result", { workflow_id: "gated-1", result: "delete nothing" });
    expect(gate.data).toMatchObject({ status: "running", waiting_for: [{ kind: "approval" }], next: { tool: "request_approval" } });
    const asked = await one.call("request_approval", { workflow_id: "gated-1" });
    expect(asked.data).toMatchObject({ status: "open" });
    expect((await one.call("submit_result", { workflow_id: "gated-1", result: "approved" })).isError).toBe(true);
    expect(await home.run(["show", asked.data["approval"]])).toContain("delete nothing");
    // A person decides, with the server's own command line or another's; the worker hands the decision over.
    const policy = temporaryPolicy([]);
    const { approvals } = await openLedger(home.home, policy, new Redactor());
    await approvals.decide({ id: asked.data["approval"], decision: "approved", channel: "cli", approver: "tty:ann" });
    const go = await until(async () => {
      const answer = await one.call("next_action", { workflow_id: "gated-1" });
      return answer.data["action"] === undefined ? undefined : answer;
    }, "the step behind the gate");
    expect(go.data["action"]).toMatchObject({ step_id: "act" });
    expect((await one.call("submit_result", { workflow_id: "gated-1", result: "done" })).data["status"]).toBe("completed");
  });

  test("of a registry that a team keeps by hand: an action per numbered step, its shell block for the client", async () => {
    const one = await agent();
    const list = await one.call("list_meta_workflows");
    expect(list.data["workflows"]).toContainEqual({
      id: "MW-901",
      name: "Rotate the certificate",
      trigger: "Rotate the certificate",
      status: "active",
    });
    const start = await one.call("start_workflow", { workflow_name: "MW-901", workflow_id: "by-hand" });
    expect(start.data["action"]).toMatchObject({ type: "shell", executor: "client_shell" });
    expect(JSON.stringify(start.data["action"].parameters)).toContain("openssl x509 -enddate");
    const first = await one.call("submit_result", { workflow_id: "by-hand", result: { exit_code: 0, stdout: "notAfter=…" } });
    expect(first.data["action"]).toMatchObject({ type: "prompt", title: "Look at the old one" });
    const second = await one.call("submit_result", { workflow_id: "by-hand", result: { summary: "it ends soon" } });
    expect(second.data["action"].instructions).toContain("$ {{ secrets.token }}");
    expect((await one.call("submit_result", { workflow_id: "by-hand", result: { summary: "asked" } })).data["status"]).toBe("completed");
  });
});
