import type { Path } from "../definition/yaml-text.ts";
import { gatesOfProse, gateStep, type Gate, type ProseStep } from "../gates/index.ts";
import { asWritten } from "./as-written.ts";
import type { Ids } from "./identifiers.ts";
import type { Importing } from "./importing.ts";

type Made = Record<string, unknown>;

/** Steps in our form, with where each is written. */
export interface WrittenProse {
  readonly steps: readonly Made[];
  readonly example?: string;
  readonly pathOf: (step: number) => Path;
}

/**
 * Steps with the gates that their prose and its example ask for: an approval guards the step after it, an answer is given to it.
 * What became a gate is told, and why it stands where it stands.
 */
export function withGates({ steps, example, pathOf }: WrittenProse, ids: Ids, importing: Importing): Made[] {
  const gates = gatesOfProse({ steps: steps.map(proseOf), ...(example === undefined ? {} : { example }) });
  const made: Made[] = [];
  let since = 0;
  for (let index = 0; index <= steps.length; index++) {
    const next = steps[index];
    let guarded = next;
    for (const gate of gates.filter(({ before }) => before === index)) {
      const step = gateOf(gate, next, steps.slice(since, index), ids);
      made.push(step);
      if (gate.kind === "yes") since = index;
      guarded = guarded === undefined ? undefined : bound(guarded, gate, String(step["id"]));
      tell(gate, step, next, pathOf, importing);
    }
    if (guarded !== undefined) made.push(guarded);
  }
  return made;
}

function gateOf(gate: Gate, next: Made | undefined, done: readonly Made[], ids: Ids): Made {
  const title = next === undefined ? undefined : String(next["title"]);
  const subject = { ...(title === undefined ? {} : { before: title.slice(0, 100) }), words: asWritten(gate.words) };
  const reported = done.filter(({ type }) => type === "prompt" || type === "delegate").map(({ id }) => String(id));
  const id = ids.take(title === undefined ? "asked_at_the_end" : `asked_before_${title}`);
  return gateStep(gate.kind, { id, ...subject, reported, about: { request: "${{ inputs.request }}" } });
}

/** The step after a gate: it runs by the decision only, and sees the answer. */
function bound(step: Made, { kind }: Gate, gate: string): Made {
  if (kind === "yes") return { ...step, guard: gate };
  return "give" in step ? { ...step, give: { ...(step["give"] as Made), answer: `\${{ steps.${gate}.output.answer }}` } } : step;
}

function tell(gate: Gate, step: Made, next: Made | undefined, pathOf: WrittenProse["pathOf"], importing: Importing): void {
  const what = gate.kind === "yes" ? "an approval" : "a question to a person";
  const where = next === undefined ? "after the last step" : `before “${String(next["title"]).slice(0, 60)}”`;
  const guess = gate.named ? "" : "; no step shares a word with it: move it where it stands wrong";
  const path = gate.step === undefined ? ["example_interaction"] : pathOf(gate.step);
  importing.told(path, `“${gate.words}” is ${what} ${where}, \`${String(step["id"])}\`${guess}.`);
}

function proseOf(step: Made): ProseStep {
  const lines = String(step["instructions"] ?? "").split("\n");
  const bullets = lines.filter((line) => /^\s*[-*]\s/.test(line));
  const actions = bullets.length > 0 ? bullets : lines.filter((line) => !/^(?:Tools|Focus):/.test(line));
  return { title: String(step["title"]), actions: actions.map((line) => line.replace(/^\s*[-*]\s+/, "")) };
}
