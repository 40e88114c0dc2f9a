import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REPOSITORY, type Agent } from "../support/mcp-client.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// A run that failed is taken up again from a step: on a real Temporal, with a platform that counts what really happened.

const DEPLOY = `
schema: meta-workflow/v1
id: deploy
name: Deploy
version: 1.0.0
status: active
inputs: { service: string }
initial_state: { rounds: 0 }
locks: ["deploy:\${{ inputs.service }}"]
steps:
  - { id: plan, type: prompt, instructions: plan, output_to: plan }
  - { id: count, type: set_state, updates: { rounds: "\${{ state.rounds + 1 }}" } }
  - { id: apply, type: mcp_call, capability: deploy.apply, effects: write, idempotent: false, args: { plan_id: p-1 } }
  - { id: smoke, type: prompt, instructions: smoke }
  - { id: note, type: prompt, instructions: note }
output: { plan: "\${{ state.plan }}", rounds: "\${{ state.rounds }}", smoke: "\${{ steps.smoke.output }}" }
`;

let runbooks: Runbooks;
let agent: Agent;
beforeAll(async () => {
  const command = [process.execPath, join(REPOSITORY, "test/support/counting-platform.mjs"), "effects-of-runs", "0"];
  runbooks = await openRunbooks({
    definitions: { "deploy.yaml": DEPLOY },
    settings: { bindings: "bindings.yaml", servers: { platform: { command, cwd: "project" } } },
    files: {
      "bindings.yaml": JSON.stringify({ schema: "bindings/v1", capabilities: { "deploy.apply": { server: "platform", tool: "apply" } } }),
    },
  });
  await mkdir(join(runbooks.home.project, "effects-of-runs"));
  agent = await runbooks.agent();
});
afterAll(() => runbooks?.close());

const workflow_id = "one";
const retry = (step?: string) => agent.call("control_run", { workflow_id, command: "retry_from", step, reason: "mended" });
const submit = (result: unknown, more: Record<string, unknown> = {}) => agent.call("submit_result", { workflow_id, result, ...more });
const effects = async () => {
  const text = await readFile(join(runbooks.home.project, "effects-of-runs/effects"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
};

test("a failed run goes on from its step under its id: nothing that was done is done again, and who asked is on record", async () => {
  await agent.call("start_workflow", { workflow_name: "deploy", workflow_id, inputs: { service: "shop" } });
  const open = await retry("smoke");
  expect(open.data["error"], open.text).toMatchObject({ code: "conflict" });
  expect((await submit("the plan")).data["action"]).toMatchObject({ step_id: "smoke" });
  expect(await effects()).toHaveLength(1);
  const failed = await submit("the page is blank", { outcome: "failed" });
  expect(failed.data, failed.text).toMatchObject({ status: "failed", run_error: { path: "smoke" } });

  for (const wrong of [undefined, "note", "smoke#1", "nonsense"]) {
    const refused = await retry(wrong);
    expect(refused.data["error"], refused.text).toMatchObject({ code: "invalid_input" });
    expect(refused.text).toContain("plan, count, apply, smoke");
  }
  const again = await retry("smoke");
  expect(again.data, again.text).toMatchObject({ status: "pending_action", action: { step_id: "smoke", effect_key: expect.any(String) } });
  expect((await submit("all well")).data["action"]).toMatchObject({ step_id: "note" });
  // It fails once more, and is taken up once more.
  expect((await submit("no words", { outcome: "failed" })).data["status"]).toBe("failed");
  expect((await retry("note")).data["action"]).toMatchObject({ step_id: "note" });
  const completed = await submit("noted");
  expect(completed.data, completed.text).toMatchObject({
    status: "completed",
    result: { plan: "the plan", rounds: 1, smoke: "all well" },
  });
  expect(await effects()).toHaveLength(1);

  const over = await retry("note");
  expect(over.data["error"], over.text).toMatchObject({ code: "conflict" });
  const { data } = await agent.call("list_runs");
  expect(data["runs"].filter((run: { workflow_id: string }) => run.workflow_id === workflow_id)).toHaveLength(1);
  const page = await runbooks.home.run(["audit", workflow_id]);
  expect(page).toMatch(/retry_from smoke by agent:.*mended/);
});
