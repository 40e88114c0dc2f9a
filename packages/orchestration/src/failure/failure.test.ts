import { OpsError } from "@platform-ops/errors";
import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState, TerminatedFailure, TimeoutFailure } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { foreignPayload } from "../codec/foreign.ts";
import { asApplicationFailure, toApplicationFailure } from "./application-failure.ts";
import { fromFailure } from "./from-failure.ts";

const inActivity = (cause: Error): ActivityFailure =>
  new ActivityFailure("Activity task failed", "apply", "1", RetryState.NON_RETRYABLE_FAILURE, "w", cause);
const grpc = (code: number, details = ""): Error => Object.assign(new Error("rpc"), { code, details });
const service = (cause: Error): Error => Object.assign(new Error("Failed", { cause }), { name: "ServiceError" });

describe("failures", () => {
  it("carry an OpsError through an activity and back", () => {
    const error = new OpsError("conflict", "Held by run 7.", { hint: "Wait for it.", details: { holder: "7" }, retryable: true });
    const back = fromFailure(inActivity(toApplicationFailure(error)));
    expect(back).toMatchObject({
      code: "conflict",
      message: "Held by run 7.",
      hint: "Wait for it.",
      details: { holder: "7" },
      retryable: true,
    });
  });

  it("never let a step be repeated unless it says so", () => {
    const error = new OpsError("temporal_unavailable", "Away.");
    expect(toApplicationFailure(error).nonRetryable).toBe(true);
    expect(toApplicationFailure(error, { retry: true, nextRetryDelayMs: 5 })).toMatchObject({ nonRetryable: false, nextRetryDelay: 5 });
  });

  it("never take over words that we did not write", () => {
    const foreignWords = [
      new Error("token=abc"),
      ApplicationFailure.create({ message: "token=abc", type: "Error" }),
      "token=abc",
      service(grpc(13, "token=abc")),
      undefined,
    ];
    for (const thrown of foreignWords) {
      expect(fromFailure(thrown).message).not.toContain("token=abc");
      expect(asApplicationFailure(fromFailure(thrown)).message).not.toContain("token=abc");
    }
    expect(asApplicationFailure(new Error("token=abc"))).toMatchObject({ type: "unexpected", nonRetryable: true });
  });

  it("do not believe details that are no error of ours", () => {
    for (const detail of [
      foreignPayload("plaintext"),
      { code: "no_such_code", message: "m", hint: "h" },
      { code: "conflict" },
      null,
      "conflict",
    ]) {
      expect(fromFailure(ApplicationFailure.create({ type: "conflict", message: "m", details: [detail] })).code).toBe("unexpected");
    }
  });

  it("tell a namespace that does not exist from a run that does not", () => {
    expect(fromFailure(service(grpc(5, "Namespace nope is not found.")))).toMatchObject({
      code: "temporal_denied",
      message: "The namespace does not exist in this Temporal.",
    });
    const native = Object.assign(new Error("Namespace nope is not found."), { name: "ServiceError", code: 5, details: "" });
    expect(fromFailure(native)).toMatchObject({ details: { reason: "namespace_missing" } });
    expect(fromFailure(service(grpc(5, "workflow not found for ID: x"))).code).toBe("not_found");
  });

  it.each([
    [new CancelledFailure("c"), "cancelled"],
    [new TerminatedFailure("t"), "cancelled"],
    [new TimeoutFailure("t", undefined, "HEARTBEAT"), "timed_out"],
    [service(grpc(14)), "temporal_unavailable"],
    [grpc(4), "temporal_unavailable"],
    [grpc(7), "temporal_denied"],
    [grpc(16), "temporal_denied"],
    [service(grpc(9, "Unable to perform workflow execution update due to Workflow Task in failed state.")), "needs_version"],
    [Object.assign(new Error("workflow execution already completed"), { name: "WorkflowNotFoundError" }), "conflict"],
    [Object.assign(new Error("no rows"), { name: "WorkflowNotFoundError" }), "not_found"],
    [Object.assign(new Error("x"), { name: "WorkflowUpdateRPCTimeoutOrCancelledError" }), "not_confirmed"],
    [Object.assign(new Error("x"), { name: "NamespaceNotFoundError" }), "temporal_denied"],
  ])("gives %s the code %s", (thrown, code) => {
    expect(fromFailure(thrown).code).toBe(code);
  });
});
