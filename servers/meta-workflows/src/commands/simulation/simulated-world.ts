import { everyStep, type Closure, type Json, type Probe, type Step } from "@platform-ops/meta-workflow-registry/definition";
import type { ApprovalDraft, CallOptions, ServerCall } from "@platform-ops/meta-workflow-registry/run";
import { MockWorld, type Scenario, type World } from "@platform-ops/meta-workflow-registry/scenario";
import { hopefulValue } from "./hopeful-value.ts";
import { sampleValue } from "./sample-value.ts";

type Decision = ReturnType<World["approval"]>;

/** Where a call's answer was taken from. */
export type AnswerSource = "scenario" | "schema" | "conditions";

/**
 * A world in which things go well: calls are answered as a scenario says, else by the schema of the step's output, else so that
 * the conditions that look at the answer hold. Nothing real is called.
 */
export class SimulatedWorld implements World {
  /** Names of calls, and where their answers were taken from. */
  readonly sources = new Map<string, AnswerSource>();
  readonly #mocks: MockWorld;
  readonly #steps = new Map<string, Step>();
  readonly #decide: (draft: ApprovalDraft) => Decision;

  constructor(closure: Closure, scenario: Pick<Scenario, "calls"> | undefined, decide: (draft: ApprovalDraft) => Decision) {
    this.#mocks = new MockWorld({ calls: scenario?.calls ?? [], approvals: {} });
    this.#decide = decide;
    for (const definition of Object.values(closure.definitions)) for (const step of everyStep(definition)) this.#steps.set(step.id, step);
  }

  call(call: ServerCall, options: CallOptions): ReturnType<World["call"]> {
    const name = nameOf(call);
    const before = this.#mocks.missing.length;
    const mocked = this.#mocks.call(call, options);
    if (this.#mocks.missing.length === before) {
      this.sources.set(name, "scenario");
      return mocked;
    }
    const step = this.#steps.get(stepIdOf(options.path));
    const isLook = call.kind === "check" || (step !== undefined && probesOf(step).length > 0);
    const schema = step !== undefined && "output" in step ? step.output : undefined;
    const made = schema === undefined || isLook ? undefined : sampleValue(schema as never);
    this.sources.set(name, made === undefined ? "conditions" : "schema");
    const output = made ?? (step === undefined ? {} : hopefulValue(probesOf(step).map(({ expression }) => expression)));
    return { outcome: { status: "done", output, simulated: true }, takes: 0 };
  }

  approval(draft: ApprovalDraft): Decision {
    return this.#decide(draft);
  }

  digest(value: Json): string {
    return this.#mocks.digest(value);
  }
}

/** A call as a person names it. */
export function nameOf(call: ServerCall): string {
  if (call.kind === "check") return call.check;
  if (call.kind === "program") return call.argv.join(" ").slice(0, 80);
  return call.capability ?? `${call.server ?? ""}/${call.tool ?? ""}`;
}

/** Looks of a step, with the condition that each is for. */
function probesOf(step: Step): readonly { readonly probe: Probe; readonly expression: string }[] {
  const found: { readonly probe: Probe; readonly expression: string }[] = [];
  const add = (probe: Probe | undefined, expression: string): void => {
    if (probe !== undefined) found.push({ probe, expression });
  };
  if (step.type === "check") add(step.probe, step.that);
  if (step.type === "wait") add(step.until?.probe, step.until?.holds_when ?? "");
  if (step.type === "prompt" || step.type === "delegate") for (const { probe, check } of step.accept) add(probe, check);
  return found;
}

function stepIdOf(path: string): string {
  const last = path.replace(/#.*$/, "").split("/").at(-1) ?? path;
  return last.replace(/\[\d+\]$/, "");
}
