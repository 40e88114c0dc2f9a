import { OpsError } from "@platform-ops/errors";
import { beforeEach, describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { WORKFLOW_TYPE, type RunInput } from "../worker/run-contract.ts";
import { retryRun, type RetryRequest } from "./retry-run.ts";

const step = (id: string) => ({ id, type: "prompt", accept: [], on_error: { then: "fail" } });
const done = { status: "done", started_at: 1, ended_at: 2 };
const failed = {
  status: "failed",
  error: { code: "X", message: "no" },
  then: { stop: { code: "X", message: "no", path: "second" } },
  started_at: 1,
  ended_at: 2,
};
const carried = () => ({
  started_at: 1,
  journal: {
    steps: { first: done, second: failed } as Record<string, unknown>,
    visible: {},
    scopes: { "": { inputs: {}, state: {} } },
    began: {},
    marks: {},
    undo: [],
    actions: 4,
  } as Record<string, unknown>,
  book: { actions: { old: {} }, receipts: [], closed: true } as Record<string, unknown>,
  timeline: [{ at: 1, path: "second", what: "failed" }],
  paused: true,
  pause: { by: "ann", since: "then" },
  approvals: { x: { id: "apr" } },
  simulated: false,
});
let ended: { closure: unknown; carried: ReturnType<typeof carried> | undefined };
let started: { args: [RunInput]; id: string }[];
let kept: Record<string, unknown>[];
let world: { end: object | undefined; open: number; start: () => void };

beforeEach(() => {
  const definition = {
    id: "staged",
    name: "Staged",
    version: "1",
    steps: [step("first"), step("second"), step("third")],
    finally: [],
    tasks: {},
  };
  ended = { closure: { root: "staged", digest: "cd", definitions: { staged: definition } }, carried: carried() };
  [started, kept] = [[], []];
  world = { end: { status: "failed" }, open: 0, start: () => undefined };
});

const deps = (): MetaWorkflowsDeps => {
  const memo = { meta_workflow: { workflow: "staged", status: "failed", end: world.end, open: [], waiting_for: [] } };
  const orchestration = {
    inUse: { mode: "local", address: "a", namespace: "default", build: "b" },
    describe: async (id: string) => ({
      workflow_id: id,
      type: WORKFLOW_TYPE,
      attributes: {},
      memo,
      status: world.end === undefined ? "RUNNING" : "FAILED",
      task_queue: "q",
    }),
    query: async () => ({ ...ended, inputs: {}, digest: "start", requester: "r", server_version: "1" }),
    countOpen: async () => world.open,
    result: async () => undefined,
    start: async (run: never) => {
      world.start();
      started.push(run);
    },
    update: async () => ({ status: "running", actions: [], waiting_for: [] }),
  };
  return {
    config: { settings: { meta_workflows: { max_pending_actions: 5 }, temporal: { workers: "local" } } },
    durable: { name: "meta-workflows", clusterQueue: "q", config: { settings: { temporal: {} } } },
    orchestration: async () => orchestration,
    ledger: async () => ({ directory: { id: "d1" }, audit: { append: async (entry: never) => void kept.push(entry) } }),
  } as unknown as MetaWorkflowsDeps;
};
const retry = (more: Partial<RetryRequest> = {}) =>
  retryRun(deps(), {
    workflow_id: "mw-1",
    step: "second",
    by: "agent:zed@ann",
    reason: "mended",
    agent: { id: "zed" },
    call: "c1",
    ...more,
  });

test("a run that failed goes on under its id: what was done stays, what hung on its end does not, and who asked is on record", async () => {
  expect(await retry()).toMatchObject({ status: "running" });
  expect(started).toHaveLength(1);
  const next = started[0]?.args[0].carried as unknown as ReturnType<typeof carried>;
  expect(started[0]?.id).toBe("mw-1");
  expect(next.journal["steps"]).toEqual({ first: done });
  expect(next.journal["actions"]).toBe(0);
  expect(next.book).toEqual({ actions: {}, receipts: [] });
  expect([next.paused, next.approvals]).toEqual([false, {}]);
  expect(next).not.toHaveProperty("pause");
  expect(next.timeline.at(-1)).toMatchObject({ what: "warned", text: "retry_from second by agent:zed@ann: mended" });
  expect(kept).toMatchObject([{ actor: "agent:zed@ann", what: "retry_from second", target: "mw-1", outcome: "taken_up", digest: "start" }]);
});

describe("nothing is begun and nothing is put on record", () => {
  const refused = async (code: string, more: Partial<RetryRequest> = {}): Promise<OpsError> => {
    const error = await retry(more).then(
      () => undefined,
      (thrown: OpsError) => thrown,
    );
    expect(error).toMatchObject({ code });
    expect([started, kept]).toEqual([[], []]);
    return error!;
  };

  test("of a run that is open, that came to a good end, or that was undone", async () => {
    world.end = undefined;
    expect((await refused("conflict")).hint).toContain("control_run cancel");
    for (const status of ["completed", "declined", "compensated", "compensation_failed"]) {
      world.end = { status };
      expect((await refused("conflict")).message).toContain(`has ended: ${status}`);
    }
    world.end = { status: "cancelled" };
    ended.carried!.journal["cancel"] = "compensate";
    expect((await refused("conflict")).message).toContain("cancelled, undone");
  });

  test("from a step that is not accepted, or from none; the accepted ones are told", async () => {
    for (const [asked, said] of [
      [undefined, "retry_from needs step."],
      ["third", 'from "third"'],
      ["__proto__", "cannot be taken up"],
    ] as const) {
      const error = await refused("invalid_input", { step: asked });
      expect(error.message).toContain(said);
      expect(error.details["accepted"]).toContain("second");
    }
  });

  test("where too many runs are open", async () => {
    world.open = 5;
    expect((await refused("limit_reached")).message).toContain("max_pending_actions allows 5");
  });

  test("where somebody else was faster, and where the run tells nothing of its steps", async () => {
    world.start = () => {
      throw new OpsError("already_exists", "taken");
    };
    expect((await refused("conflict")).message).toContain("by somebody else");
    world.start = () => {
      throw new OpsError("temporal_unavailable", "away");
    };
    await refused("temporal_unavailable");
    ended.carried = undefined;
    await refused("unexpected");
  });
});
