import { afterAll, beforeAll, expect, test } from "vitest";
import type { Orchestration } from "@platform-ops/orchestration/client";
import { startBin } from "../support/bin.ts";
import { META_WORKFLOWS_BIN, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { kill, until } from "../support/processes.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// What a run keeps when it is carried on by another execution on a real Temporal, and when its worker is killed.

const BRANCHES = ["a", "b", "c", "d", "e", "f"];
const branch = (name: string): string => `
      ${name}:
        - id: rounds_${name}
          type: loop
          while: state.${name} < inputs.rounds
          max: 12
          steps:
            - { id: work_${name}, type: prompt, instructions: "Round \${{ state.${name} }}" }
            - { id: count_${name}, type: set_state, updates: { ${name}: "\${{ state.${name} + 1.0 }}" } }`;
/** Six agents' work at once, in rounds; the history grows by what they send, and little of it is kept. */
const LONG = `
schema: meta-workflow/v1
id: long
name: Long
version: 1.0.0
status: active
inputs: { rounds: { type: integer, default: 12 } }
initial_state: { ${BRANCHES.map((name) => `${name}: 0`).join(", ")} }
steps:
  - id: all
    type: parallel
    branches: ${BRANCHES.map(branch).join("")}
  - { id: deployed, type: wait, event: deployed }
  - { id: checked, type: wait, event: "checked-\${{ steps.deployed.output.version }}" }
  - { id: last, type: prompt, instructions: "Tell of \${{ steps.deployed.output.version }}, \${{ steps.checked.output }}" }
`;
const BULK = "x".repeat(125_000);

const GREEDY = `
schema: meta-workflow/v1
id: greedy
name: Greedy
version: 1.0.0
status: active
inputs: { text: string }
initial_state: { all: ["\${{ inputs.text }}"] }
steps:
  - id: grow
    type: loop
    while: "true"
    max: 100
    on_error: continue
    steps: [{ id: twice, type: set_state, updates: { all: "\${{ state.all + state.all }}" } }]
  - { id: ask, type: prompt, instructions: "It is \${{ steps.grow.error.code }}: \${{ steps.grow.error.message }}" }
output: { all: "\${{ state.all }}" }
`;

let books: Runbooks;
let lead: Agent;
let temporal: Orchestration;
beforeAll(async () => {
  books = await openRunbooks({ definitions: { "long.yaml": LONG, "greedy.yaml": GREEDY } });
  lead = await books.agent({ clientName: "lead" });
  temporal = await books.temporal();
}, 60_000);
afterAll(() => books?.close());

const isCarriedOn = async (id: string): Promise<boolean> => {
  const history = (await temporal.history(id)) as { events: { workflowExecutionStartedEventAttributes?: any }[] };
  return Boolean(history.events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId);
};
const openOf = (answer: ToolAnswer): { action_id: string; attempt_id: string }[] =>
  [answer.data["action"], ...(answer.data["other_actions"] ?? [])]
    .filter((one) => one !== undefined)
    .map(({ action_id, attempt }) => ({ action_id, attempt_id: attempt.id }));

/** Answers rounds with as much as a result may hold; gives what is open then. */
async function rounds(workflow_id: string, count: number, left = 6): Promise<{ action_id: string; attempt_id: string }[]> {
  for (let sent = 0; sent < count;) {
    const open = openOf(await lead.call("next_action", { workflow_id, wait_seconds: 20 }));
    for (const one of open.slice(0, count - sent)) {
      const answer = await lead.call("submit_result", { workflow_id, ...one, result: `${sent} ${BULK}` });
      expect(answer.isError, answer.text.slice(0, 500)).toBe(false);
      sent += 1;
    }
  }
  return left === 0 ? [] : openOf(await lead.call("next_action", { workflow_id, wait_seconds: 20 }));
}

test("a run that is paused stays so, by whom it was, when it is carried on and its worker is killed; then it goes on", async () => {
  const workflow_id = "paused";
  await lead.call("start_workflow", { workflow_name: "long", workflow_id });
  const open = await rounds(workflow_id, 29);
  expect(open).toHaveLength(6);
  const paused = await lead.call("control_run", { workflow_id, command: "pause", reason: "a change is going on" });
  const pause = { by: expect.stringContaining("lead"), reason: "a change is going on" };
  expect(paused.data).toMatchObject({ status: "running", paused: true, pause });
  expect(await isCarriedOn(workflow_id)).toBe(false);
  for (const one of open) {
    const taken = await lead.call("submit_result", { workflow_id, ...one, result: BULK });
    expect(taken.data, taken.text.slice(0, 500)).toMatchObject({ paused: true, receipt: { replayed: false } });
    expect(taken.data["action"]).toBeUndefined();
  }
  await until(() => isCarriedOn(workflow_id), "the run to be carried on");
  await kill(books.home.home, "worker");
  expect((await lead.call("next_action", { workflow_id, wait_seconds: 1 })).data["action"]).toBeUndefined();
  expect((await lead.call("get_workflow_status", { workflow_id })).data).toMatchObject({ status: "running", paused: true, pause });
  await lead.call("control_run", { workflow_id, command: "resume" });
  const next = await lead.call("next_action", { workflow_id, wait_seconds: 20 });
  expect(openOf(next)).toHaveLength(6);
  expect(next.data["paused"]).toBeUndefined();
});

test("a definition that doubles what it keeps is told at its step; the run goes on, and ends with what it has", async () => {
  const workflow_id = "greedy";
  const text = "é".repeat(450);
  const start = await lead.call("start_workflow", { workflow_name: "greedy", workflow_id, inputs: { text } });
  expect(start.data["action"], start.text.slice(0, 1_000)).toMatchObject({ step_id: "ask" });
  expect(start.data["action"].instructions).toMatch(/^It is too_large: .*at grow\[\d+\]\/twice takes .*\d+ bytes/);
  const end = await lead.call("submit_result", { workflow_id, result: "seen" });
  expect(end.data["status"]).toBe("completed");
  const { all } = end.data["result"] as { all: string[] };
  expect(all.length).toBeGreaterThan(0);
  expect(all[0]?.slice(0, 50)).toBe(text.slice(0, 50));
});

test("an event that came early is kept when the run is carried on; one that is waited for is told by the command line", async () => {
  const workflow_id = "told";
  await lead.call("start_workflow", { workflow_name: "long", workflow_id, inputs: { rounds: 6 } });
  const early = await lead.call("control_run", { workflow_id, command: "event", event: "deployed", value: { version: 2 } });
  expect(early.isError, early.text).toBe(false);
  const huge = await lead.call("control_run", { workflow_id, command: "event", event: "deployed", value: "x".repeat(40_000) });
  expect(huge.data["error"]).toMatchObject({ code: "too_large" });
  await rounds(workflow_id, 36, 0);
  expect(await isCarriedOn(workflow_id)).toBe(true);
  expect((await lead.call("next_action", { workflow_id, wait_seconds: 5 })).data).toMatchObject({
    status: "running",
    waiting_for: [{ kind: "event", title: "checked-2" }],
  });
  const told = await startBin(["event", workflow_id, "checked-2", '"well"'], {
    bin: META_WORKFLOWS_BIN,
    cwd: books.home.project,
    env: books.home.env,
  }).ended;
  expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining("checked-2 was told") });
  const next = await lead.call("next_action", { workflow_id, wait_seconds: 20 });
  expect(next.data["action"]).toMatchObject({ step_id: "last", instructions: "Tell of 2, well" });
});
