import { afterAll, beforeAll, expect, test } from "vitest";
import type { Agent } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// Runbooks by the clock, on a real Temporal. No test waits for the clock: the first run begins at once.

const NIGHTLY = `
schema: meta-workflow/v1
id: nightly-look
name: Nightly look
version: 1.0.0
status: active
inputs: { service: string }
steps:
  - { id: look, type: prompt, instructions: "Look at \${{ inputs.service }}" }
`;

let runbooks: Runbooks;
let agent: Agent;
beforeAll(async () => {
  runbooks = await openRunbooks({ definitions: { "nightly-look.yaml": NIGHTLY } });
  agent = await runbooks.agent();
});
afterAll(() => runbooks?.close());
const schedule = (command: string, more: Record<string, unknown> = {}) => agent.call("schedule_meta_workflow", { command, ...more });
const nightly = { name: "nightly", workflow_name: "nightly-look", inputs: { service: "shop" }, cron: "0 3 * * *" };

test("a schedule begins ordinary runs; it is paused, resumed and deleted, and its runs stay", async () => {
  const created = await schedule("create", { ...nightly, now: true });
  expect(created.data, created.text).toEqual({ name: "nightly", status: "created" });
  expect((await schedule("create", nightly)).data["error"]).toMatchObject({ code: "already_exists" });
  const run = await until(async () => {
    const { data } = await agent.call("list_runs");
    return data["runs"].find(({ status }: { status: string }) => status === "pending_action");
  }, "the run that was begun at once");
  expect(run).toMatchObject({ workflow: "nightly-look", workflow_id: expect.stringMatching(/^scheduled@nightly-\d{4}-/) });
  const { workflow_id } = run as { workflow_id: string };
  const next = await agent.call("next_action", { workflow_id });
  expect(next.data["action"], next.text).toMatchObject({ step_id: "look", instructions: "Look at shop" });
  expect((await agent.call("submit_result", { workflow_id, result: "all is well" })).data["status"]).toBe("completed");

  const known = await until(async () => {
    const { data } = await schedule("list");
    return data["schedules"].find(({ runs }: { runs: string[] }) => runs.includes(workflow_id));
  }, "the schedule that knows its run");
  expect(known).toMatchObject({ name: "nightly", workflow: "nightly-look", when: "0 3 * * *", paused: false });
  expect(known.next[0]).toMatch(/T03:00:00/);
  for (const [command, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    expect((await schedule(command, { name: "nightly" })).data["status"]).toBe(`${command}d`);
    await until(async () => (await schedule("list")).data["schedules"][0]?.paused === paused, `a schedule that is ${command}d`);
  }
  expect((await schedule("delete", { name: "nightly" })).data["status"]).toBe("deleted");
  await until(async () => (await schedule("list")).data["schedules"].length === 0, "no schedule");
  expect((await agent.call("get_workflow_status", { workflow_id })).data["status"]).toBe("completed");
  expect((await schedule("pause", { name: "nightly" })).data["error"]).toMatchObject({ code: "not_found" });
});

test.each([
  [{ cron: undefined }, "create needs either cron or every"],
  [{ every: "1h" }, "create needs either cron or every"],
  [{ cron: "* * * * * *" }, "cron takes five fields"],
  [{ cron: "61 3 * * *" }, "Temporal cannot read these times"],
  [{ cron: "CRON_TZ=Nowhere/At-all 0 3 * * *" }, "Temporal cannot read these times"],
  [{ cron: undefined, every: "10s" }, "every is a time from 1m to 366d"],
  [{ cron: undefined, every: "999999d" }, "every is a time from 1m to 366d"],
  [{ inputs: { servce: "shop" } }, "The inputs of nightly-look do not fit"],
  [{ workflow_name: undefined }, "create needs workflow_name"],
  [{ name: "../x" }, "name"],
  [{ name: "--force" }, "name"],
])("%j is refused with the argument that is wrong", async (wrong, said) => {
  const answer = await schedule("create", { ...nightly, name: "wrong", ...wrong });
  expect(answer.isError).toBe(true);
  expect(answer.text).toContain(said);
  expect(answer.data["error"]).toMatchObject({ code: "invalid_input", hint: expect.stringMatching(/./) });
});
