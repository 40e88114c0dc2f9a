import { Connection } from "@temporalio/client";
import type { TestHome } from "../support/home.ts";

/** How many events the history of a run holds, as Temporal counts them. Asked raw: the memo is sealed. */
export async function eventsOf(home: TestHome, workflowId: string): Promise<number> {
  const status = JSON.parse(await home.run(["supervisor", "status", "--json"])) as { temporal: { address: string } };
  const connection = await Connection.connect({ address: status.temporal.address });
  try {
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace: "default",
      execution: { workflowId },
    });
    return Number(workflowExecutionInfo?.historyLength);
  } finally {
    await connection.close();
  }
}
