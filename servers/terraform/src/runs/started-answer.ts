import type { ToolResult } from "@platform-ops/mcp-kit";
import type { StartedRun } from "./start-run.ts";

/** What a tool answers that has started a run: the source's first lines, then ours, and the next call. */
export function startedAnswer(started: StartedRun, notes: readonly string[]): ToolResult {
  const next = { tool: "get_workflow_status", arguments: { workflow_id: started.workflow_id, wait_seconds: 30 } };
  return {
    text: [
      "Workflow started successfully.",
      `WorkflowID: ${started.workflow_id}`,
      `RunID: ${started.run_id}`,
      `Environment: ${started.environment}`,
      `Workspaces: ${started.workspaces.join(", ")}`,
      ...notes.map((note) => `Note: ${note}`),
      `Next: get_workflow_status ${JSON.stringify(next.arguments)}`,
    ].join("\n"),
    data: { ...started, status: "started", notes, next },
  };
}
