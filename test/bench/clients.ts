import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, startAgent, type ToolAnswer } from "../support/mcp-client.ts";
import { quantile, report } from "./measure.ts";

const CLIENTS = 30;
const STEPS = 3;

/**
 * Thirty stdio clients of one new data directory, all at once: the first call of each finds no supervisor, no Temporal and no worker.
 * Each carries a runbook to its end. Fails where any of them is told an error.
 */
export async function benchClients(scratch: string): Promise<void> {
  const folder = join(scratch, "runbooks-of-clients");
  await mkdir(folder, { recursive: true });
  const steps = Array.from({ length: STEPS }, (_, at) => ({ id: `step_${at}`, type: "prompt", instructions: `Do step ${at}` }));
  const definition = { schema: "meta-workflow/v1", id: "short", name: "Short", version: "1.0.0", status: "active", steps };
  await writeFile(join(folder, "short.yaml"), JSON.stringify(definition));
  const config = `meta_workflows: { definitions_path: ${folder}, max_pending_actions: 1000 }\n`;
  const home = await newHome({ bin: META_WORKFLOWS_BIN, config });
  const first: number[] = [];
  const began = performance.now();
  const carryOut = async (at: number): Promise<void> => {
    const spawned = performance.now();
    const process = { bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: home.env, cwd: home.project, clientName: `client-${at}` };
    const agent = await startAgent(process);
    const workflow_id = `of-client-${at}`;
    const answers: ToolAnswer[] = [await agent.call("start_workflow", { workflow_name: "short", workflow_id })];
    first.push(performance.now() - spawned);
    for (let sent = 0; sent < STEPS; sent += 1) answers.push(await agent.call("submit_result", { workflow_id, result: "done" }));
    await agent.close();
    const wrong = answers.find(({ isError }) => isError);
    if (wrong !== undefined) throw new Error(wrong.text);
    if (answers.at(-1)?.data["status"] !== "completed") throw new Error(`client ${at}: ${answers.at(-1)?.text}`);
  };
  try {
    await Promise.all(Array.from({ length: CLIENTS }, (_, at) => carryOut(at)));
    report(
      `${CLIENTS} stdio clients at once, from nothing to their runs' ends`,
      `${((performance.now() - began) / 1_000).toFixed(1)} s`,
      "no error",
    );
    report("… spawn → first action, p50 and the last", `${quantile(first, 0.5).toFixed(0)} and ${quantile(first, 1).toFixed(0)} ms`, "");
  } finally {
    await home.remove();
  }
}
