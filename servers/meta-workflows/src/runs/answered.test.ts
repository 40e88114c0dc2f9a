import { OpsError } from "@platform-ops/errors";
import type { Orchestration } from "@platform-ops/orchestration";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { answered, type Message, type Sending } from "./answered.ts";

const QUEUE = "mcp-workflows";
const never = (): Promise<never> => new Promise(() => undefined);

function depsWith(workers: "local" | "external"): MetaWorkflowsDeps {
  return { config: { settings: { temporal: { workers } } } } as unknown as MetaWorkflowsDeps;
}

function sending<T>(message: Message, isPolled: boolean | Error, send: () => Promise<T>): Sending<T> {
  const orchestration = {
    inUse: { mode: "cluster", address: "temporal.example:7233", namespace: "ops" },
    hasWorker: async (queue: string) => {
      if (isPolled instanceof Error) throw isPolled;
      return queue === QUEUE && isPolled;
    },
  } as unknown as Orchestration;
  return { message, id: "run-1", orchestration, queue: async () => QUEUE, send };
}

afterEach(() => void vi.useRealTimers());

describe("no worker polls", () => {
  test.each([
    ["start", /The run is started, .*nothing/, /start_workflow again/],
    ["submit", /The result was sent/, /same result, action_id and attempt_id/],
    ["control", /The command was sent/, /get_workflow_status/],
    ["next", /Nobody gave work out/, /next_action again/],
    ["look", /Nobody could be asked/, /call again/],
  ] as const)("%s says so in words of its own, with the command that starts one, before its time is over", async (message, said, next) => {
    vi.useFakeTimers();
    const failing = answered(depsWith("external"), sending(message, false, never)).then(
      () => undefined,
      (error: OpsError) => error,
    );
    await vi.advanceTimersByTimeAsync(2_000);
    const failure = await failing;
    expect(failure).toMatchObject({ code: "worker_missing", retryable: true });
    expect(failure?.message).toMatch(said);
    expect(failure?.message).toContain("mcp-workflows (namespace ops, temporal.example:7233)");
    expect(failure?.hint).toContain("meta-workflows-mcp worker");
    expect(failure?.hint).toMatch(next);
    expect(failure?.hint).toContain("run-1");
    expect(`${failure?.message} ${failure?.hint}`).not.toContain("decision");
  });

  test("where this machine keeps the worker, its time is waited for, and doctor says why none lives", async () => {
    const late = (): Promise<never> => Promise.reject(new OpsError("not_confirmed", "No answer."));
    await expect(answered(depsWith("local"), sending("start", false, late))).rejects.toMatchObject({
      code: "worker_missing",
      hint: expect.stringContaining("meta-workflows-mcp doctor"),
    });
  });
});

describe("a worker polls, or nobody knows", () => {
  test("an answer is an answer, and a refusal stays what it is", async () => {
    expect(
      await answered(
        depsWith("external"),
        sending("start", true, async () => 7),
      ),
    ).toBe(7);
    const refusal = new OpsError("stale_attempt", "No.");
    for (const workers of ["local", "external"] as const)
      await expect(
        answered(
          depsWith(workers),
          sending("submit", false, () => Promise.reject(refusal)),
        ),
      ).rejects.toBe(refusal);
  });

  test("no answer in time is told in the message's own words", async () => {
    const late = (): Promise<never> => Promise.reject(new OpsError("not_confirmed", "No answer."));
    await expect(answered(depsWith("external"), sending("submit", true, late))).rejects.toMatchObject({
      code: "not_confirmed",
      message: expect.stringContaining("The result was sent"),
      hint: expect.stringContaining("attempt_id"),
    });
  });

  test("where it cannot be found out, the failure stays what it was", async () => {
    const lost = new OpsError("temporal_unavailable", "Gone.");
    await expect(
      answered(
        depsWith("external"),
        sending("look", new Error("no answer"), () => Promise.reject(lost)),
      ),
    ).rejects.toBe(lost);
  });
});
