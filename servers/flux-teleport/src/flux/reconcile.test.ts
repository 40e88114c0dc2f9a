import { describe, expect, it } from "vitest";
import { fluxObject, type FluxObject } from "./flux-object.ts";
import { judge, nextToken } from "./reconcile.ts";

const made = (reason: string, status: string, more: Record<string, unknown> = {}): FluxObject =>
  fluxObject({
    kind: "Kustomization",
    namespace: "apps",
    name: "app",
    generation: 2,
    handled: "token",
    attempted: "main@sha1:2",
    conditions: [{ type: "Ready", status, reason, message: "", observedGeneration: 2 }],
    ...more,
  });

describe("what an object says of a request to reconcile", () => {
  it.each([
    ["ready and handled", made("ReconciliationSucceeded", "True"), "reconciled"],
    ["ready, but our request was not handled", made("ReconciliationSucceeded", "True", { handled: "earlier" }), "waiting"],
    ["ready, with the revision before", made("ReconciliationSucceeded", "True", { attempted: "main@sha1:1" }), "waiting"],
    ["failed", made("BuildFailed", "False"), "failed"],
    ["at work", made("Progressing", "Unknown"), "waiting"],
    ["conditions of an older spec", made("ReconciliationSucceeded", "True", { generation: 3 }), "waiting"],
    ["held back by a dependency", made("DependencyNotReady", "False", { dependsOn: [{ name: "base" }] }), "waiting"],
    ["a newer run came between", made("HealthCheckCanceled", "False"), "waiting"],
    // Handled is also written for an object that is suspended: it proves nothing.
    ["suspended meanwhile", made("ReconciliationSucceeded", "True", { suspend: true }), "waiting"],
  ])("%s", (_, object, outcome) => {
    expect(judge(object, "token", "main@sha1:2").outcome).toBe(outcome);
  });

  it("names what it waits for", () => {
    expect(judge(made("DependencyNotReady", "False", { dependsOn: [{ name: "base" }] }), "token", undefined).waits_for).toContain(
      "Kustomization/apps/base",
    );
    expect(judge(made("x", "True", { handled: "old" }), "token", undefined).waits_for).toContain("kustomize-controller");
  });
});

describe("the token of a request", () => {
  const object = made("ReconciliationSucceeded", "True", { uid: "u" });

  it("is the same for the same state, so that an approved command is the one that runs", () => {
    expect(nextToken(object)).toBe(nextToken({ ...object }));
  });

  it("differs from the last one, and after each request", () => {
    const token = nextToken(object);
    const after = nextToken({ ...object, requested_at: token });
    expect(new Set([token, after, nextToken({ ...object, requested_at: token, last_handled: token })]).size).toBe(3);
  });
});
