import type { Json, Step } from "../../definition/definition.ts";
import { StepFailure, type Made } from "../completion.ts";
import { probe } from "../server-call.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

/** `check`: a truth about data, or about what one look at the world shows. */
export async function check(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Extract<Step, { type: "check" }>;
  const more: { [name: string]: Json } = {};
  if (step.probe !== undefined) {
    if (walk.isPaused) await walk.unpaused();
    const seen = await probe(walk, here, step.probe, "probe");
    if (!seen.seen) throw new StepFailure("check_impossible", `The check could not be made: ${seen.message}`);
    more["probe"] = seen.output;
  }
  const passed = walk.holds(step.that, here, more);
  const output = { passed, ...(more["probe"] === undefined ? {} : { probe: more["probe"] }) };
  if (passed) return { kind: "output", output };
  const say = step.say === undefined ? `\`${step.that}\` does not hold.` : walk.text(step.say, here, more);
  if (step.on_fail === "fail") throw new StepFailure("check_failed", say);
  walk.record(here.path, "warned", say);
  return { kind: "output", output: { ...output, warning: say } };
}
