import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client, Connection, WithStartWorkflowOperation } from "@temporalio/client";

/** The same start and updates as a runbook's, with Temporal's SDK alone: what measurements compare with. */
export interface BareRunbook {
  /** Starts a run and asks for its first action, in one round trip. */
  start(): Promise<void>;
  /** Sends a result to the run that was started last. */
  submit(): Promise<void>;
  /** A run of its own with so many submits, one after the other. */
  runWith(submits: number): Promise<void>;
  stop(): Promise<void>;
}

const QUEUE = "bare-runbook";

/** Starts a worker of its own on the Temporal at that address. */
export async function startBareRunbook(address: string): Promise<BareRunbook> {
  const main = fileURLToPath(new URL("fixture/bare-runbook-main.ts", import.meta.url));
  const worker = spawn(process.execPath, ["--import", "tsx", main, address, QUEUE], { stdio: ["ignore", "pipe", "ignore"] });
  await once(worker.stdout, "data");
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const start = async (): Promise<string> => {
    const workflowId = `bare-${randomUUID()}`;
    const startWorkflowOperation = new WithStartWorkflowOperation("bareRunbook", {
      workflowId,
      taskQueue: QUEUE,
      workflowIdConflictPolicy: "USE_EXISTING",
    });
    await client.workflow.executeUpdateWithStart("next", { args: [], startWorkflowOperation });
    return workflowId;
  };
  const submit = async (id: string): Promise<void> => {
    await client.workflow.getHandle(id).executeUpdate("submit", { args: ["done"] });
  };
  let last = "";
  return {
    start: async () => void (last = await start()),
    submit: () => submit(last),
    async runWith(submits) {
      const id = await start();
      for (let sent = 0; sent < submits; sent += 1) await submit(id);
    },
    async stop() {
      const ended = once(worker, "exit");
      worker.kill("SIGTERM");
      await ended;
      await connection.close();
    },
  };
}
