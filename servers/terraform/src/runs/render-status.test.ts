import { expect, test } from "vitest";
import { nextCalls, renderStatus } from "./render-status.ts";
import type { RunView, WorkspaceView } from "./run-view.ts";

const view = (phase: RunView["phase"], ...workspaces: readonly WorkspaceView[]): RunView => ({
  workflow_id: "run-2",
  run_id: "r",
  status: "WORKFLOW_EXECUTION_STATUS_RUNNING",
  phase,
  started_at: "2026-01-01T00:00:00Z",
  workspaces,
  open: true,
});
const held: WorkspaceView = { name: "a", phase: "held", needs: [], because: "held by the run run-1", held_by: "run-1" };

test("a run that another one holds up leads to that one: to wait for itself would answer at once", () => {
  expect(nextCalls(view("blocked", held), "terraform-mcp", false)).toMatchObject([
    { tool: "get_workflow_status", arguments: { workflow_id: "run-1" } },
  ]);
});

test("a run that still works elsewhere is waited for, and one whose holder is not known too", () => {
  const waits = [{ tool: "get_workflow_status", arguments: { workflow_id: "run-2", wait_seconds: 30 } }];
  expect(nextCalls(view("working", held, { name: "b", phase: "applying", needs: [] }), "terraform-mcp", false)).toMatchObject(waits);
  expect(nextCalls(view("blocked", { name: "a", phase: "held", needs: [] }), "terraform-mcp", false)).toMatchObject(waits);
});

test("an approval that the worker asks for in another environment than the run was started in is warned of", () => {
  const approval = {
    id: "apr_1",
    workspaces: ["a"],
    channels: ["cli" as const],
    expires_at: "2026-01-02T00:00:00Z",
  } as unknown as NonNullable<RunView["approval"]>;
  const said = (more: object): string =>
    renderStatus({ ...view("awaiting_approval", held), environment: "production", approval: { ...approval, ...more } }, [], new Date());
  expect(said({ environment: "default" })).toMatch(
    /Environment: production\n.*apr_1.*\nWarning: the worker asks in the environment default/,
  );
  expect(said({})).not.toContain("Warning");
});

test("what was cancelled has no cause to be mended", () => {
  const ended = { ...view("cancelled"), open: false };
  expect(nextCalls(ended, "terraform-mcp", false)).toEqual([{ tool: "execute_workflow", why: "begins anew" }]);
  expect(nextCalls({ ...ended, phase: "failed" }, "terraform-mcp", false)).toMatchObject([{ why: "once the cause is mended" }]);
});
