import type { Step } from "../../definition/definition.ts";
import type { Made } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { ask, common, outputOf } from "./agent-work.ts";

/** `ask`: a person answers by a form; an agent may relay the answer, and the record says so. */
export async function question(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Extract<Step, { type: "ask" }>;
  const text = walk.text(step.question, here);
  const began = walk.journal.began[here.path] ?? walk.ports.now();
  const result = await ask(
    walk,
    here,
    {
      ...common(walk, here, 1),
      type: "ask",
      executor: "human",
      instructions: text,
      parameters: { question: text },
      context: [],
      result_schema: walk.schema(step.result, here),
      accept: [],
      evidence: [],
      lease_ms: step.wait_at_most,
      deadline_at: began + step.wait_at_most,
      on_deadline: "end",
      max_attempts: 1,
    },
    () => [],
  );
  if (result.outcome === "deadline" && step.default !== undefined) {
    walk.record(here.path, "warned", "Nobody answered in time: the default is taken.");
    return { kind: "output", output: walk.fill(step.default, here) };
  }
  return { kind: "output", output: outputOf(result) };
}
