import { OpsError } from "@platform-ops/errors";
import type { ActionBook, DeskAnswer, Receipt } from "@platform-ops/meta-workflow-registry/run";
import { expect, test } from "vitest";
import { cameOf, filterOf, handled, move, refuseStrange, submissionOf } from "./run-messages.ts";

const RECEIPT = { action_id: "a#1", attempt_id: "at-1", digest: "d", outcome: "done", at: 1, verdict: "accepted" } as unknown as Receipt;
const REFUSAL = { code: "STALE_ATTEMPT", message: "No.", retryable: false, do_next: "Stop." } as const;
const SHORT = { action_id: "a#1", attempt_id: "at-1", digest: "d" };
const came = (answer: object) => cameOf(answer as DeskAnswer);

test("a caller that named no agent stands for whoever holds the action", () => {
  const base = { agent: { id: "ann" }, outcome: "completed", result: 1 } as const;
  expect(submissionOf({ ...base, named: false })).toEqual({ outcome: "completed", result: 1 });
  expect(submissionOf({ ...base, named: true, action_id: "a#1", attempt_id: "at-1", note: "n" })).toEqual({
    outcome: "completed",
    result: 1,
    action_id: "a#1",
    attempt_id: "at-1",
    note: "n",
    agent: { id: "ann" },
  });
});

test("what was sent again is told by its first receipt, with what it was refused for; a refusal alone has none", () => {
  expect(came({ status: "refused", refusal: REFUSAL })).toEqual({ refusal: REFUSAL });
  expect(came({ status: "replayed", receipt: RECEIPT, refusal: REFUSAL })).toEqual({
    refusal: REFUSAL,
    receipt: { ...SHORT, replayed: true },
  });
  expect(came({ status: "replayed", receipt: RECEIPT })).toEqual({ receipt: { ...SHORT, replayed: true } });
  for (const status of ["ended", "handed_over"])
    expect(came({ status, receipt: RECEIPT })).toEqual({ receipt: { ...SHORT, replayed: false } });
});

test("the server's checks decide: accepted gives a receipt, rejected the refusal, a withdrawn action neither", () => {
  expect(came({ status: "settled", settled: { status: "done", receipt: RECEIPT } })).toEqual({ receipt: { ...SHORT, replayed: false } });
  expect(came({ status: "settled", settled: { status: "rejected", refusal: REFUSAL } })).toEqual({ refusal: REFUSAL });
  expect(came({ status: "settled", settled: { status: "gone" } })).toEqual({});
});

test("an action is given back, to an agent or to a role, as was asked and no more", () => {
  const calls: unknown[][] = [];
  const book = {
    release: (...given: unknown[]) => calls.push(["release", ...given]),
    reassign: (...given: unknown[]) => calls.push(["reassign", ...given]),
  } as unknown as ActionBook;
  move(book, { command: "release", action_id: "a#1", by: "ann" }, 5);
  move(book, { command: "reassign", action_id: "a#1", by: "ann", agent: { id: "bob" } }, 6);
  move(book, { command: "reassign", action_id: "a#1", by: "ann", role: "dba" }, 7);
  expect(calls).toEqual([
    ["release", "a#1", 5],
    ["reassign", "a#1", { agent: { id: "bob" } }, 6],
    ["reassign", "a#1", { role: "dba" }, 7],
  ]);
});

test("a question says which actions it means only as far as it was asked", () => {
  expect(filterOf({ agent: { id: "ann" } })).toEqual({});
  expect(filterOf({ agent: { id: "ann" }, role: "dba", limit: 2 })).toEqual({ role: "dba", limit: 2 });
});

test("what we foresaw leaves a handler as a failure of its code that Temporal does not try again", async () => {
  expect(await handled(async () => 7)).toBe(7);
  const failing = handled(async () => Promise.reject(new OpsError("not_found", "Nothing there.")));
  await expect(failing).rejects.toMatchObject({ name: "ApplicationFailure", type: "not_found", nonRetryable: true });
});

test("plain arguments are let in", () => {
  for (const argument of [undefined, null, {}, { agent: { id: "ann" } }, "text"]) expect(() => refuseStrange(argument)).not.toThrow();
});
