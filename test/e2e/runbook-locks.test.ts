import { afterAll, beforeAll, expect, test } from "vitest";
import type { Orchestration } from "@platform-ops/orchestration/client";
import type { Agent } from "../support/mcp-client.ts";
import { kill, until } from "../support/processes.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// Locks between runs on a real Temporal: what holds one is ended in every way, and the next one in the row has it then.

const definition = (id: string, locks: string, steps: string): string =>
  `schema: meta-workflow/v1\nid: ${id}\nname: ${id}\nversion: 1.0.0\nstatus: active\ninputs: { service: string }\nlocks: [${locks}]\nsteps:\n${steps}`;
const HOLDER = definition("holder", '"deploy:${{ inputs.service }}"', "  - { id: work, type: prompt, instructions: work }\n");
const LOCKED = (id: string, own: string, inner: string): string =>
  definition(
    id,
    `"${own}:\${{ inputs.service }}"`,
    `  - { id: begin, type: prompt, instructions: begin }
  - { id: call, type: workflow, workflow: ${inner}, inputs: { service: "\${{ inputs.service }}" } }\n`,
  );
const INNER = (id: string, lock: string): string =>
  definition(id, `"${lock}:\${{ inputs.service }}"`, `  - { id: ${lock}_work, type: prompt, instructions: ${lock} }\n`);

let runbooks: Runbooks;
let agent: Agent;
let temporal: Orchestration;
beforeAll(async () => {
  runbooks = await openRunbooks({
    definitions: {
      "holder.yaml": HOLDER,
      "a-then-b.yaml": LOCKED("a-then-b", "a", "inner-b"),
      "b-then-a.yaml": LOCKED("b-then-a", "b", "inner-a"),
      "inner-a.yaml": INNER("inner-a", "a"),
      "inner-b.yaml": INNER("inner-b", "b"),
    },
  });
  agent = await runbooks.agent();
  temporal = await runbooks.temporal();
});
afterAll(() => runbooks?.close());

const start = async (workflow_id: string, service: string, workflow_name = "holder") =>
  (await agent.call("start_workflow", { workflow_name, workflow_id, inputs: { service } })).data;
const status = async (workflow_id: string) => (await agent.call("get_workflow_status", { workflow_id })).data;
const holds = (id: string) => until(async () => (await status(id))["status"] === "pending_action", `${id} to hold the lock`);
const waits = (id: string, holder: string) =>
  until(
    async () => (await status(id))["waiting_for"]?.some((one: { holder?: string }) => one.holder === holder),
    `${id} to wait for ${holder}`,
  );
const submit = (workflow_id: string) => agent.call("submit_result", { workflow_id, result: "done" });

test("is waited for in order, whoever holds it is named, and each end of a holder passes it on", async () => {
  const runs = ["first", "second", "third", "fourth", "fifth"] as const;
  expect((await start("first", "shop"))["status"]).toBe("pending_action");
  // Another name is another lock.
  expect((await start("other", "mail"))["status"]).toBe("pending_action");
  for (const id of runs.slice(1)) {
    const begun = await start(id, "shop");
    expect(begun).toMatchObject({
      status: "running",
      waiting_for: [{ kind: "lock", title: "deploy:shop", holder: "first", since: expect.stringMatching(/^\d{4}-/) }],
    });
    await waits(id, "first");
  }
  // One that waits is cancelled: it leaves its place, and nobody waits for it.
  expect((await agent.call("control_run", { workflow_id: "third", command: "cancel" })).data["status"]).toBe("cancelled");

  // The holder ends.
  expect((await submit("first")).data["status"]).toBe("completed");
  await holds("second");
  await waits("fourth", "second");
  expect((await status("fifth"))["status"]).toBe("running");

  // Its worker is killed; it still holds the lock, then it is terminated by an operator.
  await kill(runbooks.home.home, "worker");
  await holds("second");
  expect((await status("fourth"))["status"]).toBe("running");
  await temporal.terminate("second", "a test");
  await holds("fourth");
  await waits("fifth", "fourth");

  // It is cancelled.
  await agent.call("control_run", { workflow_id: "fourth", command: "cancel" });
  await holds("fifth");
  await agent.call("control_run", { workflow_id: "fifth", command: "cancel" });
});

test("two runs that would wait for each other: the one that asked last fails, the other goes on", async () => {
  await start("ab", "x", "a-then-b");
  await start("ba", "x", "b-then-a");
  expect((await submit("ab")).data["waiting_for"]).toMatchObject([{ kind: "lock", title: "b:x", holder: "ba" }]);
  await submit("ba");
  const failed = await until(async () => {
    const told = await status("ba");
    return told["status"] === "failed" && told;
  }, "the run that asked last to fail");
  expect(failed["error"]).toMatchObject({ code: "locked", path: "call" });
  await holds("ab");
  expect((await submit("ab")).data["status"]).toBe("completed");
});
