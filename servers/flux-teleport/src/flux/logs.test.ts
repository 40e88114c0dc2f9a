import { describe, expect, it } from "vitest";
import { readLogs } from "./logs.ts";

const line = (second: number, level: string, name: string, msg: string, more: object = {}): string =>
  JSON.stringify({ level, ts: `2026-05-04T09:00:0${second}.5Z`, msg, controllerKind: "Kustomization", name, namespace: "apps", ...more });

const LOG = [
  line(2, "info", "app", "Reconciliation finished"),
  line(1, "error", "app", "Reconciliation failed", { error: "no" }),
  line(3, "error", "other", "Reconciliation failed", { error: "no" }),
  line(4, "error", "app", "Reconciliation failed", { error: "no" }),
  "panic: runtime error",
  '{"level":"info","ts":"2026-05-04T09:00:00Z","msg":"starting manager"}',
  "{ not json",
  "",
].join("\n");

describe("a controller's log", () => {
  it("is read line by line, in the order of time, equal lines folded to their last time", () => {
    const app = readLogs(LOG, { name: "app" });
    expect(app).toEqual([
      { time: "2026-05-04T09:00:02.5Z", level: "info", message: "Reconciliation finished", object: "Kustomization/apps/app", count: 1 },
      {
        time: "2026-05-04T09:00:04.5Z",
        level: "error",
        message: "Reconciliation failed",
        error: "no",
        object: "Kustomization/apps/app",
        count: 2,
      },
    ]);
  });

  it("keeps what is no JSON as it is, unless an object is asked for", () => {
    expect(
      readLogs(LOG)
        .filter((one) => one.level === "raw")
        .map((one) => one.message),
    ).toEqual(["panic: runtime error", "{ not json"]);
    expect(readLogs(LOG, { level: "error" }).some((one) => one.message.startsWith("panic"))).toBe(true);
    expect(readLogs(LOG, { level: "error", name: "app" })).toHaveLength(1);
  });

  it("is filtered by level, object and namespace", () => {
    expect(readLogs(LOG, { level: "info" })).toHaveLength(2);
    expect(readLogs(LOG, { name: "other" })).toHaveLength(1);
    expect(readLogs(LOG, { namespace: "elsewhere" })).toEqual([]);
  });
});
