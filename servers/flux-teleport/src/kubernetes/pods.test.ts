import { describe, expect, it } from "vitest";
import { recordedRows } from "../flux/recorded.test-support.ts";
import { isTroubled, POD_PROJECTION, podSummary } from "./pods.ts";
import { project } from "./projection.ts";

describe("pods", () => {
  it("of a recording: the one that crashes is told from those that run", () => {
    const pods = recordedRows("workloads-crashloop")
      .filter((row) => row["kind"] === "Pod")
      .map((row) => podSummary(project(row, POD_PROJECTION)));
    expect(pods.filter(isTroubled).map((pod) => [pod.status, pod.ready, pod.trouble?.reason])).toEqual([
      ["CrashLoopBackOff", "0/1", "CrashLoopBackOff"],
    ]);
    expect(pods.filter((pod) => !isTroubled(pod)).map((pod) => pod.status)).toEqual(["Running", "Running"]);
  });

  const pod = (more: Record<string, unknown>) => podSummary({ kind: "Pod", name: "p", namespace: "n", phase: "Running", ...more });
  const container = (state: object, more: object = {}) => ({ name: "web", ready: false, restartCount: 2, state, ...more });

  it.each([
    ["Terminating", { deleted: "2026-05-04T09:00:00Z", containers: [container({ running: {} })] }],
    ["ImagePullBackOff", { phase: "Pending", containers: [container({ waiting: { reason: "ImagePullBackOff" } })] }],
    [
      "Init:CrashLoopBackOff",
      {
        phase: "Pending",
        init: [container({ waiting: { reason: "CrashLoopBackOff" } })],
        containers: [container({ waiting: { reason: "PodInitializing" } })],
      },
    ],
    ["Init:Error", { phase: "Pending", init: [container({ terminated: { reason: "Error", exitCode: 1 } })], containers: [] }],
    ["Completed", { phase: "Succeeded", containers: [container({ terminated: { reason: "Completed", exitCode: 0 } })] }],
    ["Evicted", { phase: "Failed", reason: "Evicted" }],
    ["Running", { containers: [container({ running: {} })] }],
  ])("the STATUS column: %s", (status, row) => {
    expect(pod(row).status).toBe(status);
  });

  it("a container that was killed at its memory limit says so while it waits for its restart", () => {
    const killed = container(
      { waiting: { reason: "CrashLoopBackOff" } },
      { lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } } },
    );
    expect(pod({ containers: [killed] })).toMatchObject({
      restarts: 2,
      trouble: { container: "web", reason: "OOMKilled", exit_code: 137 },
    });
  });
});
