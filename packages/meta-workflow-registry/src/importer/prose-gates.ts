import type { Path } from "../definition/yaml-text.ts";
import { gatesOfProse, gateStep, type Gate, type ProseStep } from "../gates/index.ts";
import { asWritten } from "./as-written.ts";
import type { Ids } from "./identifiers.ts";
import type { Importing } from "./importing.ts";

type Made = Record<string, unknown>;

/** Steps in our form, with where each is written. */
export interface WrittenProse {
  /** Each step of the prose as the steps that it became; the first of them has its title and words. */
  readonly steps: readonly (readonly Made[])[];
  readonly example?: string;
  readonly pathOf: (step: number) => Path;
  /** What every decision is about besides. */
  readonly about?: Readonly<Record<string, string>>;
}

/**
 * Steps with the gates that their prose and its example ask for: an approval guards what the step after it became, an answer is
 * given to it. What became a gate is told, and why it stands where it stands.
 */
export function withGates({ steps, example, pathOf, about }: WrittenProse, ids: Ids, importing: Importing): Made[][] {
  const gates = gatesOfProse({
    steps: steps.map(([first]) => proseOf(first ?? {})),
    ...(example === undefined ? {} : { example }),
  });
  const made: Made[][] = [];
  let since = 0;
  for (let index = 0; index <= steps.length; index++) {
    const next = steps[index];
    let bounded = next ?? [];
    const before: Made[] = [];
    for (const gate of gates.filter((one) => one.before === index)) {
      const step = gateOf(gate, next?.[0], steps.slice(since, index).flat(), about ?? {}, ids);
      before.push(step);
      if (gate.kind === "yes") since = index;
      bounded = bounded.map((one) => bound(one, gate, String(step["id"])));
      tell(gate, step, next?.[0], pathOf, importing);
    }
    if (before.length > 0 || bounded.length > 0) made.push([...before, ...bounded]);
  }
  return made;
}

function gateOf(gate: Gate, next: Made | undefined, done: readonly Made[], about: Readonly<Record<string, string>>, ids: Ids): Made {
  const title = next === undefined ? undefined : String(next["title"]);
  const subject = { ...(title === undefined ? {} : { before: title.slice(0, 100) }), words: asWritten(gate.words) };
  const reported = done.filter(({ type }) => type === "prompt" || type === "delegate").map(({ id }) => String(id));
  const id = ids.take(title === undefined ? "asked_at_the_end" : `asked_before_${title}`);
  return gateStep(gate.kind, { id, ...subject, reported, about });
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
  const actions =
    bullets.length > 0 ? bullets : lines.filter((line) => !/^(?:Tools|Focus):/.test(line)).flatMap((line) => line.split(/(?<=[.!?:])\s+/));
  return { title: String(step["title"]), actions: actions.map((line) => line.replace(/^\s*[-*]\s+/, "")) };
}
