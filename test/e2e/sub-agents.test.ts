import type { Orchestration } from "@platform-ops/orchestration/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Agent, ToolAnswer } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// Several agents on one run, each by its role, with the tools that sub-agents have; and what holds for many runs, and for long ones.

const FAN_OUT = `
schema: meta-workflow/v1
id: fan-out
name: Fan out
version: 1.0.0
status: active
inputs: { files: array }
tasks:
  review:
    inputs: { file: string }
    instructions: Review \${{ inputs.file }}
steps:
  - id: both
    type: parallel
    branches:
      reviews:
        - { id: reviews, type: foreach, items: inputs.files, as: file, task: review, agent: "@reviewer", max_parallel: 50, on_item_error: collect }
      note: [{ id: note, type: delegate, role: writer, instructions: Write the release note }]
output: { reviews: "\${{ steps.reviews.output }}", note: "\${{ steps.note.output }}" }
`;
const TWO_STEPS = `
schema: meta-workflow/v1
id: two-steps
name: Two steps
version: 1.0.0
status: active
initial_state: { seen: nothing }
steps:
  - id: look
    type: prompt
    role: looker
    instructions: Look
    lease: 10m
    result: { type: object, required: [seen], properties: { seen: { type: string } } }
    accept: [{ check: "result.seen != 'fog'", say: "fog is nothing to see" }]
  - { id: keep, type: set_state, updates: { seen: "\${{ steps.look.output.seen }}" } }
  - { id: write, type: delegate, role: writer, instructions: "Write about \${{ state.seen }}" }
output: \${{ steps.write.output }}
`;
const REPEATED = `
schema: meta-workflow/v1
id: repeated
name: Repeated
version: 1.0.0
status: active
initial_state: { rounds: 0 }
steps:
  - id: rounds
    type: loop
    while: state.rounds < 37
    max: 50
    steps:
      - { id: work, type: prompt, instructions: "Round \${{ state.rounds }}" }
      - { id: count, type: set_state, updates: { rounds: "\${{ state.rounds + 1 }}" } }
  - { id: last, type: prompt, instructions: "Tell of \${{ state.rounds }} rounds" }
output: { rounds: "\${{ state.rounds }}", told: "\${{ steps.last.output }}" }
`;

let runbooks: Runbooks;
let temporal: Orchestration;
let lead: Agent;

beforeAll(async () => {
  runbooks = await openRunbooks({ definitions: { "fan-out.yaml": FAN_OUT, "two-steps.yaml": TWO_STEPS, "repeated.yaml": REPEATED } });
  lead = await runbooks.agent();
  temporal = await runbooks.temporal();
});
afterAll(() => runbooks?.close());

describe("the tools of sub-agents", () => {
  const workflow_id = "by-steps";
  const step = (role: string): Promise<ToolAnswer> => lead.call("get_next_step", { workflow_id, agent: role, role });

  test("get_next_step, submit_step_result and get_workflow_state tell a run from its first step to its end", async () => {
    await lead.call("start_workflow", { workflow_name: "two-steps", workflow_id, agent: "lead", role: "lead" });
    const first = await step("looker");
    expect(first.data).toMatchObject({
      status: "pending_step",
      step: { step_id: "look#1", type: "prompt", parameters: { prompt: "Look" }, timeout: 600 },
      final_result: null,
      error: null,
    });
    expect((await step("writer")).data).toMatchObject({
      status: "waiting",
      step: null,
      waiting_for: [{ role: "looker", holder: "looker" }],
    });
    expect((await lead.call("get_workflow_state", { workflow_id })).data).toMatchObject({
      status: "pending_action",
      current_step: "look",
      state: { seen: "nothing" },
      completed_steps: [],
      remaining_steps: ["look", "keep", "write"],
    });
    const submit = (step_id: string, result: unknown, by = "looker"): Promise<ToolAnswer> =>
      lead.call("submit_step_result", { workflow_id, step_id, result, agent: by, role: by });
    const shapeless = await submit("look", "much");
    expect(shapeless.data).toMatchObject({ error: { code: "schema_invalid" } });
    const refused = await submit("look", { seen: "fog" });
    expect(refused.data).toMatchObject({ status: "error", message: expect.stringContaining("fog is nothing to see") });
    expect(refused.isError).toBe(true);
    // What another was given is not taken, neither by name nor by id.
    for (const of of ["look", "look#1"]) expect((await submit(of, { seen: "mine" }, "writer")).isError).toBe(true);
    const again = await step("looker");
    expect(again.data["step"]).toMatchObject({ step_id: "look#1", retry_count: 1, last_failure: ["fog is nothing to see"] });
    const sent = await submit("look", { seen: "much" });
    expect(sent.data).toMatchObject({ status: "accepted", message: "Accepted.", receipt: { action_id: "look#1", replayed: false } });
    expect((await submit("look", { seen: "much" })).data).toMatchObject({
      status: "accepted",
      message: "It was accepted before.",
      receipt: { action_id: "look#1", replayed: true },
    });
    expect((await submit("look", { seen: "more" })).data["error"]).toMatchObject({ code: "attempt_conflict" });
    expect((await lead.call("get_workflow_state", { workflow_id })).data).toMatchObject({
      current_step: "write",
      state: { seen: "much" },
      completed_steps: ["look", "keep"],
      remaining_steps: ["write"],
    });
    const second = await step("writer");
    expect(second.data).toMatchObject({ status: "pending_step", step: { type: "delegate", parameters: { prompt: "Write about much" } } });
    expect((await submit(second.data["step"].step_id, "a page", "writer")).data).toMatchObject({
      status: "accepted",
      workflow_status: "completed",
    });
    expect((await step("writer")).data).toMatchObject({ status: "complete", step: null, final_result: "a page", error: null });
    expect((await submit("write#1", "a page", "writer")).data).toMatchObject({ status: "accepted", receipt: { replayed: true } });
    expect((await lead.call("get_workflow_state", { workflow_id })).data).toMatchObject({
      status: "completed",
      current_step: null,
      state: { seen: "much" },
      completed_steps: ["look", "keep", "write"],
      remaining_steps: [],
    });
  });

  test("one that failed is told as an error", async () => {
    await lead.call("start_workflow", { workflow_name: "two-steps", workflow_id: "failing", agent: "looker" });
    await lead.call("submit_result", { workflow_id: "failing", outcome: "failed", result: null, note: "it is dark", agent: "looker" });
    expect((await lead.call("get_next_step", { workflow_id: "failing" })).data).toMatchObject({
      status: "error",
      step: null,
      error: { code: "agent_failed", message: "it is dark" },
      outcome: "failed",
    });
    expect((await lead.call("get_workflow_state", { workflow_id: "failing" })).data).toMatchObject({
      status: "failed",
      current_step: null,
      completed_steps: [],
    });
  });
});

test("12 items are shared by agents of a role, ten open at once; results in order, and failures among them", async () => {
  const workflow_id = "shared";
  const files = Array.from({ length: 12 }, (_, at) => `f${at}`);
  const start = await lead.call("start_workflow", {
    workflow_name: "fan-out",
    inputs: { files },
    workflow_id,
    agent: "lead",
    role: "lead",
  });
  // Nothing is evicted: the other items and the note open as room is made. None of it is for whoever started the run.
  expect(start.data["action"]).toBeUndefined();
  expect(start.data["waiting_for"].filter((one: { kind: string }) => one.kind === "agent")).toHaveLength(10);
  const done: string[] = [];
  const given = new Map<string, string>();
  const reviewer = async (name: string): Promise<void> => {
    for (;;) {
      const { data } = await lead.call("get_next_step", { workflow_id, agent: name, role: "reviewer" });
      if (data["status"] !== "pending_step") return;
      const { step_id, context, role } = data["step"];
      expect(role).toBe("reviewer");
      const file = context.find((one: { name: string }) => one.name === "file").value as string;
      expect(given.get(step_id) ?? name).toBe(name);
      given.set(step_id, name);
      done.push(file);
      const told =
        file === "f3"
          ? await lead.call("submit_result", {
              workflow_id,
              action_id: step_id,
              attempt_id: data["step"].attempt.id,
              outcome: "failed",
              result: null,
              note: "it is binary",
              agent: name,
              role: "nobody",
            })
          : await lead.call("submit_step_result", { workflow_id, step_id, result: `${file} is fine`, agent: name, role: "reviewer" });
      expect(told.isError).toBe(false);
      if (file !== "f3") {
        const resent = await lead.call("submit_step_result", { workflow_id, step_id, result: `${file} is fine`, agent: name });
        expect(resent.data).toMatchObject({ status: "accepted", receipt: { action_id: step_id, replayed: true } });
      }
    }
  };
  const names = ["ann", "bob", "cid"];
  const first = new Set<string>();
  for (const name of names)
    first.add((await lead.call("get_next_step", { workflow_id, agent: name, role: "reviewer" })).data["step"]?.step_id);
  expect([...first]).toEqual(["both/reviews/reviews[0]#1", "both/reviews/reviews[1]#1", "both/reviews/reviews[2]#1"]);
  await Promise.all(names.map(reviewer));
  expect(done.toSorted()).toEqual(files.toSorted());
  const note = await lead.call("next_action", { workflow_id, agent: "wil", role: "writer" });
  expect(note.data["action"]).toMatchObject({ step_id: "note", type: "delegate", role: "writer" });
  expect(note.data["other_actions"]).toBeUndefined();
  const end = await lead.call("submit_result", { workflow_id, result: "noted", agent: "wil" });
  expect(end.data).toMatchObject({ status: "completed", result: { note: "noted" } });
  expect(end.data["result"].reviews).toEqual(
    files.map((file) =>
      file === "f3"
        ? { status: "failed", output: null, error: { code: "agent_failed", message: "it is binary" } }
        : { status: "done", output: `${file} is fine` },
    ),
  );
});

test("without a run's id the open actions of all runs come, each role's to its agents; one run too many is refused, none is given up", async () => {
  for (const workflow_id of ["many-1", "many-2"])
    await lead.call("start_workflow", { workflow_name: "two-steps", workflow_id, agent: "lead", role: "lead" });
  await until(async () => {
    const { runs } = (await lead.call("list_runs", { open: true })).data as { runs: { workflow_id: string }[] };
    return runs.filter((run) => run.workflow_id.startsWith("many-")).length === 2;
  }, "both runs in the list");
  const narrow = await runbooks.agent({ env: { MAX_PENDING_ACTIONS: "2" } });
  const start = { workflow_name: "two-steps", workflow_id: "many-3", agent: "lead", role: "lead" };
  const refused = await narrow.call("start_workflow", start);
  expect(refused.data["error"]).toMatchObject({ code: "limit_reached", message: expect.stringContaining("max_pending_actions allows 2") });
  expect((await lead.call("get_workflow_status", { workflow_id: "many-3" })).data["error"].code).toBe("not_found");

  const next = (by: string, wait_seconds = 0): Promise<ToolAnswer> => narrow.call("next_action", { agent: by, role: by, wait_seconds });
  expect((await next("writer")).data).toMatchObject({ status: "none" });
  const seen = new Set<string>();
  for (let round = 0; round < 2; round += 1) {
    const { data } = await next("looker", 20);
    expect(data["action"]).toMatchObject({ step_id: "look", role: "looker" });
    seen.add(data["workflow_id"]);
    const { workflow_id } = data as { workflow_id: string };
    expect((await narrow.call("submit_result", { workflow_id, result: { seen: "much" }, agent: "looker", role: "looker" })).isError).toBe(
      false,
    );
  }
  expect([...seen].toSorted()).toEqual(["many-1", "many-2"]);
  const { data } = await next("writer", 20);
  expect(data["action"]).toMatchObject({ step_id: "write", role: "writer" });
  await narrow.call("submit_result", { workflow_id: data["workflow_id"], result: "a page", agent: "writer" });
  const started = await until(async () => {
    const answer = await narrow.call("start_workflow", start);
    return answer.isError ? undefined : answer;
  }, "room for another run");
  expect(started.data).toMatchObject({ workflow_id: "many-3", waiting_for: [{ role: "looker" }] });
});

test("a run keeps no more than it can carry on: a result that is too much is refused, and a short one is taken in its place", async () => {
  const workflow_id = "full";
  const files = Array.from({ length: 9 }, (_, at) => `f${at}`);
  await lead.call("start_workflow", { workflow_name: "fan-out", inputs: { files }, workflow_id, agent: "lead", role: "lead" });
  const submit = (step_id: string, result: string): Promise<ToolAnswer> =>
    lead.call("submit_step_result", { workflow_id, step_id, result, agent: "ann", role: "reviewer" });
  const codes: unknown[] = [];
  for (const file of files) {
    const { step } = (await lead.call("get_next_step", { workflow_id, agent: "ann", role: "reviewer" })).data as {
      step: { step_id: string };
    };
    const long = await submit(step.step_id, file.repeat(62_500));
    codes.push(long.data["error"]?.code ?? long.data["status"]);
    if (long.isError) expect((await submit(step.step_id, "see the file")).data).toMatchObject({ status: "accepted" });
  }
  expect(codes).toEqual([...Array.from({ length: 7 }, () => "accepted"), "too_large", "too_large"]);
  const end = await lead.call("submit_result", { workflow_id, result: "noted", agent: "wil" });
  expect(end.data["status"]).toBe("completed");
  expect(end.data["result"].reviews.at(-1)).toEqual({ status: "done", output: "see the file" });
});

test("a run whose history has grown long is carried on by another, with its action, its lease and its receipts", async () => {
  const workflow_id = "long";
  const bulk = "x".repeat(125_000);
  const started = async (): Promise<string | undefined> => {
    const history = (await temporal.history(workflow_id)) as { events: { workflowExecutionStartedEventAttributes?: any }[] };
    return history.events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  };
  let answer = await lead.call("start_workflow", { workflow_name: "repeated", workflow_id });
  let last: Record<string, unknown> = {};
  for (let round = 0; round < 37; round += 1) {
    if (answer.data["action"] === undefined) answer = await lead.call("next_action", { workflow_id, wait_seconds: 20 });
    expect(answer.data["action"], answer.text.slice(0, 2_000)).toMatchObject({ step_id: "work", instructions: `Round ${round}` });
    const { action_id, attempt } = answer.data["action"];
    last = { workflow_id, action_id, attempt_id: attempt.id, result: `${round} ${bulk}` };
    answer = await lead.call("submit_result", last);
  }
  expect(await started()).toBeDefined();
  expect(answer.data["action"]).toMatchObject({ step_id: "last", instructions: "Tell of 37 rounds" });
  expect((await lead.call("submit_result", last)).data).toMatchObject({ receipt: { replayed: true } });
  const end = await lead.call("submit_result", { workflow_id, action_id: "last#1", result: "all" });
  expect(end.data).toMatchObject({ status: "completed", result: { rounds: 37, told: "all" } });
});
