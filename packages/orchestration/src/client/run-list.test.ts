import { describe, expect, it } from "vitest";
import { listQuery } from "./run-list.ts";

describe("list filter", () => {
  it("asks the server for what it can filter", () => {
    expect(listQuery({ limit: 5 }, true)).toBe("");
    expect(listQuery({ limit: 5, open: true, server: "terraform" }, true)).toBe(
      "ExecutionStatus = 'Running' AND PlatformOpsServer = 'terraform'",
    );
    expect(listQuery({ limit: 5, open: false, server: "terraform" }, false)).toBe("ExecutionStatus != 'Running'");
  });

  it("keeps a value inside its quotes", () => {
    expect(listQuery({ limit: 5, project: "a' OR WorkflowId != 'b\\" }, true)).toBe(
      "PlatformOpsProject = 'a\\' OR WorkflowId != \\'b\\\\'",
    );
  });
});
