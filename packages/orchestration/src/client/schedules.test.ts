import { OpsError } from "@platform-ops/errors";
import type { ScheduleClient } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import { foreignPayload } from "../codec/foreign.ts";
import type { NewSchedule } from "../contract/schedules.ts";
import { temporalSchedules } from "./schedules.ts";

const summary = (scheduleId: string, more: object = {}) => ({
  scheduleId,
  state: { paused: false },
  info: { nextActionTimes: [], recentActions: [] },
  ...more,
});
const NEW: NewSchedule = {
  server: "meta-workflows",
  name: "nightly",
  run: { type: "MetaWorkflow", taskQueue: "q", args: [], memo: {}, attributes: { kind: "x" } },
  when: { cron: "0 6 * * 1-5", time_zone: "Europe/Berlin" },
  catch_up_ms: 60_000,
  now: false,
  about: { workflow: "staged" },
};

/** Schedules over a client that holds these; `fail` is what each of its requests throws. */
function open({ held = [] as object[], fail }: { held?: object[]; fail?: unknown } = {}) {
  const calls: unknown[][] = [];
  const act = async (...call: unknown[]): Promise<void> => {
    calls.push(call);
    if (fail !== undefined) throw fail;
  };
  const client = {
    async *list() {
      yield* held;
    },
    create: (options: unknown) => act("create", options),
    getHandle: (id: string) => ({
      pause: (note: string) => act("pause", id, note),
      unpause: (note: string) => act("unpause", id, note),
      delete: () => act("delete", id),
    }),
  } as unknown as ScheduleClient;
  const startOptions = async ({ id }: { id: string }) => ({ workflowId: id, taskQueue: "q", args: [], memo: {}, workflowTaskTimeout: 1 });
  return { calls, schedules: temporalSchedules({ client, ask: (request) => request(), startOptions }) };
}
const named = (name: string, cause?: string) =>
  Object.assign(new Error("theirs"), { name }, cause === undefined ? {} : { cause: Object.assign(new Error("inner"), { name: cause }) });

describe("a schedule", () => {
  it("bears its server's name, begins runs of its own, leaves a run out while one is open", async () => {
    const { calls, schedules } = open();
    await schedules.create(NEW);
    expect(calls[0]?.[1]).toMatchObject({
      scheduleId: "meta-workflows/nightly",
      spec: { cronExpressions: ["0 6 * * 1-5"], timezone: "Europe/Berlin" },
      action: { type: "startWorkflow", workflowType: "MetaWorkflow", workflowId: expect.stringContaining("nightly") },
      policies: { overlap: "SKIP", catchupWindow: 60_000 },
      state: { triggerImmediately: false },
    });
    await schedules.create({ ...NEW, when: { every_ms: 5_000 }, now: true });
    expect(calls[1]?.[1]).toMatchObject({ spec: { intervals: [{ every: 5_000 }] }, state: { triggerImmediately: true } });
    await schedules.create({ ...NEW, when: { cron: "0 6 * * *" } });
    expect(calls[2]?.[1]).toMatchObject({ spec: { cronExpressions: ["0 6 * * *"] } });
    expect(calls[2]?.[1]).not.toHaveProperty("spec.timezone");
  });

  it("is not made where there are a hundred of that server already; those of others do not count", async () => {
    const held = Array.from({ length: 100 }, (_, at) => summary(`meta-workflows/s${at}`));
    const { calls, schedules } = open({ held });
    await expect(schedules.create(NEW)).rejects.toMatchObject({ code: "limit_reached" });
    expect(calls).toEqual([]);
    await open({ held: held.map((_, at) => summary(`other/s${at}`)) }).schedules.create(NEW);
  });

  it.each([
    ["a name that is taken", new OpsError("already_exists", "x"), "already_exists"],
    ["a name that is taken, in the SDK's words", named("ScheduleAlreadyRunning"), "already_exists"],
    ["times that Temporal refuses", new OpsError("invalid_input", "x"), "invalid_input"],
    ["times that the SDK refuses, wrapped", named("Error", "TypeError"), "invalid_input"],
    ["anything else, as it was", new OpsError("temporal_unavailable", "x"), "temporal_unavailable"],
  ])("tells %s", async (_, fail, code) => {
    await expect(open({ fail }).schedules.create(NEW)).rejects.toMatchObject({ code });
  });

  it("is paused, resumed and deleted by its name; one that nobody knows is not found, whoever says so", async () => {
    const { calls, schedules } = open();
    await schedules.pause("meta-workflows", "nightly", "why");
    await schedules.resume("meta-workflows", "nightly", "on");
    await schedules.delete("meta-workflows", "nightly");
    expect(calls).toEqual([
      ["pause", "meta-workflows/nightly", "why"],
      ["unpause", "meta-workflows/nightly", "on"],
      ["delete", "meta-workflows/nightly"],
    ]);
    for (const fail of [named("ScheduleNotFoundError"), named("ServiceError", "ScheduleNotFoundError"), new OpsError("not_found", "x")])
      await expect(open({ fail }).schedules.delete("meta-workflows", "no\nsuch")).rejects.toMatchObject({
        code: "not_found",
        message: 'No schedule is called "no\\nsuch".',
      });
    await expect(open({ fail: named("Other") }).schedules.pause("s", "n", "")).rejects.toThrow("theirs");
  });
});

describe("the list", () => {
  it("has this server's schedules by name, their next five times and the runs they began", async () => {
    const times = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2026, 0, day + 1)));
    const recentActions = [{ action: { workflow: { workflowId: "scheduled-b-1" } } }];
    const held = [
      summary("meta-workflows/b", {
        memo: { about: { workflow: "staged" } },
        state: { paused: true },
        info: { nextActionTimes: times, recentActions },
      }),
      summary("meta-workflows/a"),
      summary("terraform/c"),
    ];
    expect(await open({ held }).schedules.list("meta-workflows")).toEqual([
      { name: "a", paused: false, about: {}, next: [], runs: [] },
      {
        name: "b",
        paused: true,
        about: { workflow: "staged" },
        next: times.slice(0, 5).map((time) => time.toISOString()),
        runs: ["scheduled-b-1"],
      },
    ]);
  });

  it("shows nothing of a memo that was not sealed by us", async () => {
    const forged = [foreignPayload("altered"), "text", null].map((about, at) => summary(`s/${at}`, { memo: { about } }));
    expect((await open({ held: forged }).schedules.list("s")).map(({ about }) => about)).toEqual([{}, {}, {}]);
  });
});
