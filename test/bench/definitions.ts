import { parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { parseDocument } from "yaml";
import { median, pairs, report } from "./measure.ts";

const STEPS = 1_000;

/** Every kind of check has work: calls, conditions over earlier steps, state, prompts with schemas. */
function step(at: number): string {
  switch (at % 4) {
    case 0:
      return `  - { id: s${at}, type: mcp_call, capability: vcs.status, effects: read, args: { name: "\${{ inputs.name }}", n: "\${{ state.n${at % 20} }}" } }\n`;
    case 1:
      return `  - { id: s${at}, type: condition, if: "has(steps.s${at - 1}.output) && inputs.n > ${at}", then: [] }\n`;
    case 2:
      return `  - { id: s${at}, type: set_state, updates: { n${at % 20}: "\${{ default(steps.s${at - 2}.output.x, 0) }}" } }\n`;
    default:
      return `  - { id: s${at}, type: prompt, instructions: "Do ${at} for \${{ inputs.name }}", result: { type: object, properties: { ok: { type: boolean } } } }\n`;
  }
}

/** A definition of 1,000 steps from text to its normal form with all checks, against the YAML library reading the same text into plain values. */
export async function benchDefinitions(rounds = 20): Promise<void> {
  const state = Array.from({ length: 20 }, (_, at) => `n${at}: 0`).join(", ");
  const head = `id: many\nname: Many\nversion: 1.0.0\ninputs: { name: string, n: integer }\ninitial_state: { ${state} }\nsteps:\n`;
  const text = head + Array.from({ length: STEPS }, (_, at) => step(at)).join("");
  const began = performance.now();
  const [first] = parseDefinition(text).problems;
  const cold = performance.now() - began;
  if (first !== undefined) throw new Error(`${first.code} ${first.path ?? ""}: ${first.message}`);
  const taken = await pairs(
    () => Promise.resolve(void parseDefinition(text)),
    () => Promise.resolve(void parseDocument(text).toJS()),
    rounds,
  );
  const whole = median(taken.map(({ ours }) => ours));
  const reading = median(taken.map(({ theirs }) => theirs));
  report(`${STEPS} steps: YAML alone, read by its library`, `${reading.toFixed(1)} ms`, "");
  report(`${STEPS} steps: validated besides`, `${median(taken.map(({ ours, theirs }) => ours - theirs)).toFixed(1)} ms`, "aim ≤ 50 ms");
  report(`${STEPS} steps: text to normal form`, `${whole.toFixed(1)} ms`, "");
  report(`${STEPS} steps: the same, the first time in a process`, `${cold.toFixed(0)} ms`, "");
  // Which waiting for a processor does not lengthen; with the collecting of garbage, which goes on beside.
  const cpu = median(taken.map(({ cpu: { ours, theirs } }) => ours - theirs));
  const all = median(taken.map(({ cpu: { ours } }) => ours));
  report(`${STEPS} steps: processor time of validating, and of all`, `${cpu.toFixed(1)} and ${all.toFixed(1)} ms`, "");
}
