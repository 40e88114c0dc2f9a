import { describe, expect, it } from "vitest";
import { cursorOf, listQuery, tokenOf } from "./run-list.ts";

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

describe("cursor", () => {
  const cursor = cursorOf(Buffer.from('{"RunID":"a"}'));

  it("gives back the token it was made of", () => {
    expect(Buffer.from(tokenOf(cursor)).toString()).toBe('{"RunID":"a"}');
    expect(tokenOf(undefined)).toHaveLength(0);
  });

  it.each([
    ["words", "zzz"],
    ["nothing", ""],
    ["a path", "../x"],
    ["half of one", cursor.slice(0, -1)],
    ["a changed one", `A${cursor}`],
  ])("refuses %s, before Temporal is asked", (_, wrong) =>
    expect(() => tokenOf(wrong)).toThrow(expect.objectContaining({ code: "invalid_input", message: expect.stringContaining("cursor") })),
  );
});
