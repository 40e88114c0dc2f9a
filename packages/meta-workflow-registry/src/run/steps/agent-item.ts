import type { Json, Step, Task } from "../../definition/definition.ts";
import { effectKey } from "../effect-key.ts";
import type { Made } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { ANYTHING, ask, outputOf } from "./agent-work.ts";

const LEASE = 15 * 60_000;
const ATTEMPTS = 3;

/** An item that a sub-agent carries out by the task's instructions alone. */
export async function agentItem(walk: Walk, here: Here, step: Extract<Step, { type: "foreach" }>, task: Task): Promise<Made> {
  const { path, frame } = here;
  const { inputs } = walk.journal.scopes[frame.scope]!;
  const instructions = walk.text(task.instructions ?? `Carry out the task "${step.task}" with the given inputs.`, here);
  const result = await ask(
    walk,
    here,
    {
      action_id: `${path}#1`,
      step_id: step.id,
      effect_key: effectKey(walk.run.id, path),
      type: "delegate",
      executor: "agent",
      title: `${step.title ?? step.id} (${Number(frame.added["index"] ?? 0) + 1} of ${frame.added["total"] as number})`,
      instructions,
      parameters: { prompt: instructions, task: step.task ?? null },
      context: Object.entries(inputs).map(([name, value]) => ({ name, trust: "data" as const, value: value as Json })),
      result_schema: ANYTHING,
      accept: [],
      evidence: [],
      lease_ms: LEASE,
      max_attempts: ATTEMPTS,
      on_deadline: "end",
      ...(frame.role === undefined ? {} : { role: frame.role }),
    },
    () => [],
  );
  return { kind: "output", output: outputOf(result) };
}
