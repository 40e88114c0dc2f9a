import { describe, expect, it } from "vitest";
import { fluxObject, type Condition } from "./flux-object.ts";
import { recordedOne } from "./recorded.test-support.ts";
import { statusOf } from "./status.ts";

describe("the status of recorded objects", () => {
  it.each([
    ["ready", "Kustomization", "ready", "ReconciliationSucceeded"],
    ["ready", "GitRepository", "ready", "Succeeded"],
    ["ready-after-requestedAt", "Kustomization", "ready", "ReconciliationSucceeded"],
    ["ready-after-repair", "Kustomization", "ready", "ReconciliationSucceeded"],
    // Kept conditions of before: only spec.suspend tells.
    ["suspended", "Kustomization", "suspended", "ReconciliationSucceeded"],
    ["suspended", "GitRepository", "suspended", "Succeeded"],
    ["resumed", "Kustomization", "ready", "ReconciliationSucceeded"],
    ["kustomization-reconciling", "Kustomization", "reconciling", "Progressing"],
    // Its last artifact keeps it Ready=True while it fetches.
    ["gitrepository-reconciling", "GitRepository", "reconciling", "Succeeded"],
    // Ready=False and Reconciling=True (ProgressingWithRetry): it failed and is tried again.
    ["kustomization-not-ready-build-failed", "Kustomization", "not ready", "BuildFailed"],
    ["kustomization-not-ready-dry-run", "Kustomization", "not ready", "ReconciliationFailed"],
    ["kustomization-not-ready-health-check-failed", "Kustomization", "not ready", "HealthCheckFailed"],
    ["gitrepository-not-ready-branch", "GitRepository", "not ready", "GitOperationFailed"],
    ["gitrepository-not-ready-refused", "GitRepository", "not ready", "GitOperationFailed"],
  ])("%s: the %s is %s", (file, kind, status, reason) => {
    expect(statusOf(recordedOne(file, kind))).toMatchObject({ status, reason });
  });

  it.each([
    ["fresh-reconciling-unknown", "GitRepository", "fresh", "reconciling"],
    ["fresh-reconciling-unknown", "Kustomization", "absent-source", "not ready"],
    ["fresh-reconciling-unknown", "Kustomization", "dependent", "not ready"],
    ["all-sources", "HelmChart", "absent", "stalled"],
    ["all-sources", "HelmChart", "demo", "ready"],
    ["all-sources", "OCIRepository", "oci-refused", "not ready"],
    ["all-sources", "Bucket", "bucket-refused", "not ready"],
  ])("%s: the %s %s is %s", (file, kind, name, status) => {
    expect(statusOf(recordedOne(file, kind, name)).status).toBe(status);
  });
});

const condition = (type: string, status: string, reason: string, observedGeneration: number): Record<string, unknown> => ({
  type,
  status,
  reason,
  message: `${type} ${reason}`,
  observedGeneration,
});

const made = (conditions: Record<string, unknown>[], more: Record<string, unknown> = {}) =>
  fluxObject({ kind: "Kustomization", name: "app", namespace: "apps", generation: 4, conditions, ...more });

describe("what no recording shows", () => {
  it("conditions of an older spec are stale, whatever they say", () => {
    expect(statusOf(made([condition("Ready", "True", "ReconciliationSucceeded", 3)])).status).toBe("stale");
    expect(statusOf(made([condition("Ready", "False", "BuildFailed", 3)])).status).toBe("stale");
    expect(statusOf(made([condition("Ready", "True", "ReconciliationSucceeded", 4)])).status).toBe("ready");
  });

  it("conditions without a generation are stale by that of the status", () => {
    const old = { type: "Ready", status: "True", reason: "ReconciliationSucceeded", message: "" };
    expect(statusOf(made([old], { observed: 3 })).status).toBe("stale");
    expect(statusOf(made([old], { observed: 4 })).status).toBe("ready");
  });

  it("only the first try of something new is reconciling: what is tried again keeps what its Ready says", () => {
    const again = [condition("Reconciling", "True", "ProgressingWithRetry", 4), condition("Ready", "True", "Succeeded", 4)];
    expect(statusOf(made(again)).status).toBe("ready");
    const first = [condition("Reconciling", "True", "Progressing", 4), condition("Ready", "True", "Succeeded", 4)];
    expect(statusOf(made(first)).status).toBe("reconciling");
  });

  it("an older Stalled no longer counts", () => {
    const conditions = [condition("Stalled", "True", "InvalidCELExpression", 3), condition("Ready", "True", "ReconciliationSucceeded", 4)];
    expect(statusOf(made(conditions)).status).toBe("ready");
  });

  it("nothing said is unknown", () => {
    expect(statusOf(made([])).status).toBe("unknown");
    expect(statusOf(fluxObject({ kind: "Provider", name: "chat", namespace: "apps" }))).toMatchObject({
      status: "unknown",
      message: "This kind has no status.",
    });
  });

  it("a failed upgrade that was rolled back tells of the upgrade, not of the rollback", () => {
    const release = fluxObject({
      kind: "HelmRelease",
      name: "redis",
      namespace: "cache",
      generation: 12,
      conditions: [
        condition("Stalled", "True", "RetriesExceeded", 12),
        condition("Ready", "False", "RollbackSucceeded", 12),
        condition("Released", "False", "UpgradeFailed", 12),
        condition("Remediated", "True", "RollbackSucceeded", 12),
      ],
    });
    expect(statusOf(release)).toMatchObject({ status: "stalled", reason: "RetriesExceeded" });
    const tried: readonly Condition[] = release.conditions.filter((one) => one.type !== "Stalled");
    expect(statusOf({ ...release, conditions: tried })).toMatchObject({ status: "not ready", reason: "UpgradeFailed" });
  });

  it("objects of any other shape than Kubernetes promises are read without a fault", () => {
    for (const conditions of [null, "x", [1, null, "x", {}], {}, [{ type: 3, status: {}, message: [] }]]) {
      expect(statusOf(fluxObject({ kind: "Kustomization", name: "x", namespace: "y", conditions, generation: "4" })).status).toBe(
        "unknown",
      );
    }
  });
});
