import { Client, Connection } from "@temporalio/client";
import type { TestHome } from "../support/home.ts";

/** How many events the history of a run holds, as Temporal counts them. */
export async function eventsOf(home: TestHome, workflowId: string): Promise<number> {
  const status = JSON.parse(await home.run(["supervisor", "status", "--json"])) as { temporal: { address: string } };
  const connection = await Connection.connect({ address: status.temporal.address });
  try {
    const { historyLength } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
    return historyLength;
  } finally {
    await connection.close();
  }
}
