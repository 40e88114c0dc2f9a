import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startBareRunbook } from "@platform-ops/orchestration/testing";
import { newHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, startAgent, type Agent } from "../support/mcp-client.ts";
import { median, pairs, quantile, report } from "./measure.ts";

/** Prompts one after the other: what an agent goes through. */
const STEPS = 40;
const ROUNDS = 20;

/**
 * Start → first action and submit → next action by the built server through a real client, against the same start and updates
 * with Temporal's SDK alone, on the same dev server; the bare side has neither book, nor memo, nor MCP.
 */
export async function benchRunbook(scratch: string): Promise<void> {
  const folder = join(scratch, "runbooks");
  await mkdir(folder, { recursive: true });
  const steps = Array.from({ length: STEPS }, (_, at) => ({ id: `step_${at}`, type: "prompt", instructions: `Do step ${at}` }));
  const definition = { schema: "meta-workflow/v1", id: "bench", name: "Bench", version: "1.0.0", status: "active", steps };
  await writeFile(join(folder, "bench.yaml"), JSON.stringify(definition));
  const home = await newHome({
    bin: META_WORKFLOWS_BIN,
    config: `meta_workflows: { definitions_path: ${folder}, max_pending_actions: 1000 }\n`,
  });
  const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: home.env, cwd: home.project });
  const bare = await startBareRunbook((await agent.call("health_check")).data["components"].temporal.host as string);
  try {
    let runs = 0;
    let last = "";
    const start = async (): Promise<void> => {
      last = `bench-${(runs += 1)}`;
      const { data } = await agent.call("start_workflow", { workflow_name: "bench", workflow_id: last });
      if (data["status"] !== "pending_action") throw new Error(JSON.stringify(data));
    };
    const starts = await pairs(start, () => bare.start(), ROUNDS);
    print("start_workflow → first action", starts, "≤ 40 ms, ≤ 1.5 × the SDK alone");
    // A run of its own for each side: submits of one run follow one another.
    await start();
    await bare.start();
    let left = STEPS;
    const submit = async (): Promise<void> => {
      if ((left -= 1) <= 1) {
        await start();
        left = STEPS;
      }
      const { isError, text } = await agent.call("submit_result", { workflow_id: last, result: "done" });
      if (isError) throw new Error(text);
    };
    print("submit_result → next action", await pairs(submit, () => bare.submit(), ROUNDS * 2), "≤ 20 ms, ≤ 1.5 × the SDK alone");
    await benchStatus(agent, last);
    await benchMany(agent, bare);
  } finally {
    await bare.stop();
    await agent.close();
    await home.remove();
  }
}

function print(what: string, taken: readonly { ours: number; theirs: number }[], aim: string): void {
  const [ours, theirs] = [median(taken.map((pair) => pair.ours)), median(taken.map((pair) => pair.theirs))];
  const ratio = median(taken.map((pair) => pair.ours / pair.theirs));
  report(what, `${ours.toFixed(1)} / ${theirs.toFixed(1)} ms = ${ratio.toFixed(2)}`, aim);
}

async function benchStatus(agent: Agent, id: string): Promise<void> {
  const times: number[] = [];
  for (let at = 0; at < 60; at += 1) {
    const began = performance.now();
    await agent.call("get_workflow_status", { workflow_id: id });
    times.push(performance.now() - began);
  }
  report("get_workflow_status, p50 (p95)", `${quantile(times, 0.5).toFixed(1)} (${quantile(times, 0.95).toFixed(1)}) ms`, "≤ 10 ms");
}

const MANY = 100;
const SUBMITS = 10;

async function benchMany(agent: Agent, bare: Awaited<ReturnType<typeof startBareRunbook>>): Promise<void> {
  const ours = async (): Promise<number> => {
    const began = performance.now();
    await Promise.all(
      Array.from({ length: MANY }, async (_, at) => {
        const workflow_id = `many-${began.toFixed(0)}-${at}`;
        const answers = [await agent.call("start_workflow", { workflow_name: "bench", workflow_id })];
        for (let sent = 0; sent < SUBMITS; sent += 1) answers.push(await agent.call("submit_result", { workflow_id, result: "done" }));
        const wrong = answers.find(({ isError }) => isError);
        if (wrong !== undefined) throw new Error(wrong.text);
      }),
    );
    return performance.now() - began;
  };
  const theirs = async (): Promise<number> => {
    const began = performance.now();
    await Promise.all(Array.from({ length: MANY }, () => bare.runWith(SUBMITS)));
    return performance.now() - began;
  };
  const [first, second] = [await ours(), await theirs()];
  const [fourth, third] = [await theirs(), await ours()];
  const [a, b] = [(first + third) / 2, (second + fourth) / 2];
  report(
    `${MANY} runs at once, ${SUBMITS} submits each`,
    `${(a / 1_000).toFixed(1)} / ${(b / 1_000).toFixed(1)} s = ${(a / b).toFixed(2)}`,
    "≤ 1.3 × the SDK alone",
  );
}
