import type { Call } from "@platform-ops/mcp-kit";
import { OpsError } from "@platform-ops/errors";
import { describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { WORKFLOW_TYPE, type RunMemo } from "../worker/run-contract.ts";
import { get_workflow_status } from "./get_workflow_status.ts";

const MEMO: RunMemo = {
  workflow: "staged",
  name: "Staged",
  version: "1.2.0",
  digest: "d",
  started_with: "s",
  requester: "agent:zed@ann",
  status: "running",
  current_step: null,
  open: [],
  waiting_for: [],
  steps_done: 1,
};
const OPEN = { action_id: "a#1", step_id: "a", type: "prompt", title: "Look", executor: "agent", created_at: "then" } as const;

function depsWith(run: object, told?: RunMemo | OpsError): MetaWorkflowsDeps {
  const described = {
    workflow_id: "mw-1",
    type: WORKFLOW_TYPE,
    attributes: {},
    status: "RUNNING",
    started_at: "2026-01-05T10:00:00Z",
    needs_version: false,
    ...run,
  };
  return {
    orchestration: async () => ({
      describe: async () => described,
      lastAnswer: async (_: string, read: (answer: unknown) => unknown) => {
        if (told instanceof OpsError) throw told;
        return read({ told });
      },
    }),
    ledger: async () => ({ directory: { path: () => "/nowhere" }, artifacts: {} }),
  } as unknown as MetaWorkflowsDeps;
}
const status = async (run: object, told?: RunMemo | OpsError) => {
  const answer = await get_workflow_status.run({ workflow_id: "mw-1" }, depsWith(run, told), {} as Call);
  if (!("data" in answer)) throw new Error("it asked");
  return answer as { text: string; data: Record<string, unknown> };
};
const withMemo = (more: Partial<RunMemo>) => ({ memo: { meta_workflow: { ...MEMO, ...more } } });

describe("an open run", () => {
  test("has the source's six keys, and its open actions where there are several", async () => {
    const one = await status(withMemo({ status: "pending_action", current_step: "a", open: [OPEN], state: { seen: 1 } }));
    expect(one.data).toMatchObject({
      workflow_id: "mw-1",
      status: "pending_action",
      current_step: "a",
      pending_action: OPEN,
      state: { seen: 1 },
      error: null,
    });
    expect(one.data).not.toHaveProperty("open_actions");
    expect(one.text.split("\n")).toEqual([
      "mw-1: pending_action, Staged 1.2.0",
      "Current step: a",
      "Open: a#1 (prompt): Look",
      'Next: next_action {"workflow_id":"mw-1"}',
    ]);
    const two = await status(withMemo({ open: [OPEN, { ...OPEN, action_id: "b#1" }] }));
    expect(two.data["open_actions"]).toHaveLength(2);
  });

  test("that waits, is paused, simulates or was cut short says so in both forms", async () => {
    const pause = { by: "ann", since: "then" };
    const { text, data } = await status(
      withMemo({ paused: true, pause, simulated: true, truncated: true, waiting_for: [{ kind: "time", title: "noon" }] }),
    );
    expect(data).toMatchObject({ paused: true, pause, simulated: true, truncated: true, waiting_for: [{ kind: "time", title: "noon" }] });
    expect(text).toContain("It is paused by ann since then; open actions take results, and nothing else begins.");
    expect(text).toContain("Waits for time: noon");
    expect(text).toContain('Next: next_action {"workflow_id":"mw-1","wait_seconds":30}');
  });

  test("that the worker of today cannot carry on says which build it needs", async () => {
    const { text, data } = await status({ ...withMemo({}), needs_version: true });
    expect(text).toContain("it needs the build that began it");
    expect(data["needs_version"]).toBe(true);
  });

  test("is told by its last answer where that is newer; one that closed meanwhile by its memo", async () => {
    const telling = withMemo({ answers_tell: true, current_step: "old" });
    expect((await status(telling, { ...MEMO, current_step: "new" })).data["current_step"]).toBe("new");
    expect((await status(telling, new OpsError("not_found", "Gone."))).data["current_step"]).toBe("old");
    await expect(status(telling, new OpsError("setup_needed", "Away."))).rejects.toMatchObject({ code: "setup_needed" });
  });

  test("whose memo is another's or missing is shown by its id, with nothing made up", async () => {
    expect((await status({ memo: {} })).data).toMatchObject({ workflow: "mw-1", version: "", status: "running", pending_action: null });
  });
});

describe("a closed run", () => {
  test("shows no step and no action, but its outcome, and its error with the place", async () => {
    const end = { status: "failed", output: { a: 1 }, error: { code: "STEP_FAILED", message: "No.", path: "roll/out" } } as const;
    const { text, data } = await status({
      ...withMemo({ open: [OPEN], current_step: "a", end }),
      status: "FAILED",
      closed_at: "2026-01-05T11:00:00Z",
    });
    expect(data).toMatchObject({
      status: "failed",
      current_step: null,
      pending_action: null,
      error: end.error,
      outcome: "failed",
      result: { a: 1 },
      finished_at: "2026-01-05T11:00:00Z",
    });
    expect(text.split("\n")).toEqual(["mw-1: failed, Staged 1.2.0", 'Result: {"a":1}', "Error STEP_FAILED at roll/out: No."]);
  });

  test("that somebody declined is cancelled in the source's words, and declined in ours", async () => {
    const { text, data } = await status({ ...withMemo({ end: { status: "declined" } }), status: "COMPLETED" });
    expect(text).toBe("mw-1: cancelled (declined), Staged 1.2.0");
    expect(data).toMatchObject({ status: "cancelled", outcome: "declined", result: null });
  });

  test("that wrote no end is cancelled where Temporal ended it, else failed: never completed", async () => {
    for (const ended of ["CANCELED", "TERMINATED"])
      expect((await status({ ...withMemo({}), status: ended })).data["outcome"]).toBe("cancelled");
    for (const ended of ["FAILED", "TIMED_OUT", "COMPLETED"])
      expect((await status({ ...withMemo({}), status: ended })).data["outcome"]).toBe("failed");
    expect((await status({ ...withMemo({}), status: "CONTINUED_AS_NEW" })).data).not.toHaveProperty("outcome");
  });
});

test("a run of another server is not shown as ours; whose it is, is told", async () => {
  const failing = status({ type: "ParentWorkflow", attributes: { server: "terraform" }, memo: {} });
  await expect(failing).rejects.toMatchObject({ code: "not_found", hint: expect.stringContaining("terraform-temporal-mcp") });
});
