import { describe, expect, it } from "vitest";
import { namedTaskQueue } from "../contract/names.ts";
import { runQueue } from "./run-queue.ts";

const TERRAFORM = { name: "terraform", clusterQueue: "terraform-task-queue" };
const RUNBOOKS = { name: "meta-workflows", clusterQueue: "mcp-workflows" };
const DIRECTORY = "1a2b3c4d5e6f";

function queueOf(server: typeof TERRAFORM, temporal: { task_queue?: string; address?: string }, build?: string): string {
  const settings = {
    temporal: { namespace: "default", workers: "local" as const, idle_minutes: 30, worker_grace_seconds: 0, ...temporal },
  };
  return runQueue({ ...server, config: { settings } }, DIRECTORY, build);
}

describe("the queue of a server's runs", () => {
  it("is the data directory's and the build's locally, and in a cluster the one that the source names", () => {
    expect(queueOf(TERRAFORM, {}, "terraform-1.0.0-abc")).toBe("terraform@1a2b3c4d5e6f:terraform-1.0.0-abc");
    const cluster = { address: "temporal.example.com:7233" };
    expect([queueOf(TERRAFORM, cluster), queueOf(RUNBOOKS, cluster)]).toEqual(["terraform-task-queue", "mcp-workflows"]);
  });

  it.each(["heavy", "terraform-task-queue", "mcp-workflows", "terraform@heavy", "meta-workflows@heavy", DIRECTORY])(
    "is never another server's, whatever both are told: %s",
    (task_queue) => {
      for (const address of [undefined, "temporal.example.com:7233"]) {
        const settings = { task_queue, ...(address === undefined ? {} : { address }) };
        expect(queueOf(TERRAFORM, settings)).not.toBe(queueOf(RUNBOOKS, settings));
        // Nor the one that the other has without being told.
        expect(queueOf(TERRAFORM, settings)).not.toBe(RUNBOOKS.clusterQueue);
        expect(queueOf(RUNBOOKS, settings)).not.toBe(TERRAFORM.clusterQueue);
      }
    },
  );

  it("bears the server's name before the one that it was given, once", () => {
    expect(namedTaskQueue(TERRAFORM, "heavy")).toBe("terraform@heavy");
    expect(namedTaskQueue(TERRAFORM, namedTaskQueue(TERRAFORM, "heavy"))).toBe("terraform@heavy");
    expect(namedTaskQueue(RUNBOOKS, "mcp-workflows")).toBe("mcp-workflows");
  });
});
