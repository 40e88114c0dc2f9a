import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { connect } from "@platform-ops/orchestration/client";
import { newHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, startAgent, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { report } from "./measure.ts";

const MANY = 1_000;

/**
 * A run of 1,000 steps, each an agent's, and a `foreach` of 1,000 items, ten open at once: to their ends, and in how many executions:
 * a run carries on by a new one long before Temporal would end it (51,200 events, 50 MB).
 */
export async function benchLongRuns(scratch: string): Promise<void> {
  const folder = join(scratch, "long-runs");
  await mkdir(folder, { recursive: true });
  const steps = Array.from({ length: MANY }, (_, at) => ({ id: `step_${at}`, type: "prompt", instructions: `Do step ${at}` }));
  const items = [
    {
      id: "all",
      type: "foreach",
      limit: MANY,
      items: `range(${MANY})`,
      max_parallel: 10,
      steps: [{ id: "one", type: "prompt", instructions: "Do ${{ item }}" }],
    },
  ];
  for (const [id, of] of [
    ["many-steps", steps],
    ["many-items", items],
  ] as const) {
    const definition = {
      schema: "meta-workflow/v1",
      id,
      name: id,
      version: "1.0.0",
      status: "active",
      budget: { actions: 2 * MANY },
      steps: of,
    };
    await writeFile(join(folder, `${id}.yaml`), JSON.stringify(definition));
  }
  const home = await newHome({ bin: META_WORKFLOWS_BIN, config: `meta_workflows: { definitions_path: ${folder} }\n` });
  const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: home.env, cwd: home.project });
  try {
    for (const [id, work] of [
      ["many-steps", oneByOne],
      ["many-items", tenAtOnce],
    ] as const) {
      const began = performance.now();
      const start = await agent.call("start_workflow", { workflow_name: id, workflow_id: id });
      if (start.isError) throw new Error(start.text);
      await work(agent, id);
      const took = (performance.now() - began) / 1_000;
      const { executions, last } = await historyOf(home.home, agent, id);
      report(
        `${MANY} ${id.slice(5)}, each an agent's: executions, events of the last`,
        `${executions}, ${last} in ${took.toFixed(0)} s`,
        "≤ 51,200 events each",
      );
    }
  } finally {
    await agent.close();
    await home.remove();
  }
}

async function oneByOne(agent: Agent, workflow_id: string): Promise<void> {
  let last: ToolAnswer | undefined;
  for (let sent = 0; sent < MANY; sent += 1) {
    last = await agent.call("submit_result", { workflow_id, result: "done" });
    if (last.isError) throw new Error(last.text);
  }
  if (last?.data["status"] !== "completed") throw new Error(last?.text);
}

/** Ten agents in one: each takes what it is shown, and is shown the next. */
async function tenAtOnce(agent: Agent, workflow_id: string): Promise<void> {
  for (;;) {
    const { data, text, isError } = await agent.call("next_action", { workflow_id, wait_seconds: 20 });
    if (isError) throw new Error(text);
    if (data["status"] === "completed") return;
    const open = [data["action"], ...((data["other_actions"] as unknown[] | undefined) ?? [])].filter((one) => one !== undefined);
    await Promise.all(
      open.map(async ({ action_id, attempt }) => {
        const sent = await agent.call("submit_result", { workflow_id, action_id, attempt_id: attempt.id, result: "done" });
        if (sent.isError) throw new Error(sent.text);
      }),
    );
  }
}

async function historyOf(home: string, agent: Agent, id: string): Promise<{ executions: number; last: number }> {
  const address = (await agent.call("health_check")).data["components"].temporal.host as string;
  const temporal = await connect({ mode: "local", address, namespace: "default", keys: await openKeys(await openDataDirectory(home)) });
  try {
    const { runs } = await temporal.list({ server: "meta-workflows", limit: 100 });
    const executions = runs.filter(({ workflow_id }) => workflow_id === id).length;
    const { events } = (await temporal.history(id)) as { events: unknown[] };
    return { executions, last: events.length };
  } finally {
    await temporal.close();
  }
}
