import type { Effects, Probe, Risk, Step, Template } from "../definition/definition.ts";
import { shown, whoDoes } from "../page/who.ts";
import { plainLine, wordsOf } from "../page/plain-text.ts";
import type { Chance, PlannedApproval, PlannedBranch, PlannedCall, PlannedStep } from "./dry-run.ts";
import type { Knowledge } from "./knowledge.ts";

const EFFECTS: readonly Effects[] = ["none", "read", "write", "destructive"];
const RISKS: readonly Risk[] = ["low", "medium", "high"];
const RISK_OF: { readonly [effects in Effects]: Risk } = { none: "low", read: "low", write: "medium", destructive: "high" };
const CHANCES: readonly Chance[] = ["never", "may", "will"];

/** How often something happens, at least and at most. */
export interface Times {
  readonly min: number;
  readonly max: number;
}

/** Collects what a plan finds on its way. */
export class Findings {
  readonly steps: PlannedStep[] = [];
  readonly branches: PlannedBranch[] = [];
  readonly approvals: PlannedApproval[] = [];
  readonly unknown = new Set<string>();
  readonly #calls = new Map<string, { -readonly [key in keyof PlannedCall]: PlannedCall[key] } & { steps: string[] }>();
  readonly #available: ReadonlySet<string> | undefined;
  effects: Effects = "none";
  risk: Risk;
  actions = { min: 0, max: 0 };
  questions = { min: 0, max: 0 };

  constructor(risk: Risk, available: ReadonlySet<string> | undefined) {
    this.risk = risk;
    this.#available = available;
  }

  get calls(): readonly PlannedCall[] {
    return [...this.#calls.values()];
  }

  /** A step, and what it does to the world. */
  step(step: Step, path: string, chance: Chance, why: string | undefined): void {
    const title = plainLine(step.title ?? wordsOf(step.id), 120);
    const { id, type, effects } = step;
    this.steps.push({ path, id, type, title, who: whoDoes(step), chance, effects, ...(why === undefined ? {} : { why }) });
    if (chance === "never") return;
    if (EFFECTS.indexOf(effects) > EFFECTS.indexOf(this.effects)) this.effects = effects;
    for (const risk of [RISK_OF[effects], step.risk ?? "low"]) if (RISKS.indexOf(risk) > RISKS.indexOf(this.risk)) this.risk = risk;
  }

  /** What is called where a step is undone, or its outcome looked for. */
  undoing(step: Step, path: string): void {
    if (step.compensate !== undefined && "call" in step.compensate) this.call(step.compensate.call, path, "may", "server");
    if (step.compensate !== undefined && "program" in step.compensate)
      this.#add("program", programName(step.compensate.program.argv), "server", path, "may");
    if (step.reconcile !== undefined) this.probe(step.reconcile.probe, path, "may");
  }

  /** A question, and its answer as far as it is known. */
  branch(path: string, question: string, knowledge: Knowledge): boolean | "unknown" {
    const found = knowledge.holds(question);
    const answer = "value" in found ? found.value : "unknown";
    this.branches.push({
      path,
      question: plainLine(question, 200),
      answer,
      why: "value" in found ? "decided by what is given" : found.unknown,
    });
    return answer;
  }

  /** A tool or capability. */
  call(
    call: { readonly server?: string; readonly tool?: string; readonly capability?: string },
    path: string,
    chance: Chance,
    by: "server" | "client",
  ): void {
    if (call.capability !== undefined) this.#add("capability", call.capability, by, path, chance);
    else this.#add("tool", call.server === undefined ? (call.tool ?? "?") : `${call.server}/${call.tool ?? "?"}`, by, path, chance);
  }

  /** A look at the world. */
  probe(probe: Probe, path: string, chance: Chance): void {
    if (probe.kind === "check") this.#add("check", probe.check, "server", path, chance);
    else if (probe.kind === "program") this.#add("program", programName(probe.argv), "server", path, chance);
    else this.call(probe, path, chance, "server");
  }

  /** A program, a command or a workflow. */
  named(kind: "program" | "command" | "workflow", name: string, path: string, chance: Chance, by: "server" | "client"): void {
    this.#add(kind, plainLine(name, 120), by, path, chance);
  }

  /** Actions of agents or questions to people. */
  count(what: "actions" | "questions", chance: Chance, times: Times): void {
    if (chance === "will") this[what].min += times.min;
    if (chance !== "never") this[what].max += times.max;
  }

  #add(kind: PlannedCall["kind"], name: string, by: "server" | "client", path: string, chance: Chance): void {
    if (chance === "never") return;
    const key = JSON.stringify([kind, by, name]);
    const known = this.#calls.get(key);
    if (known !== undefined) {
      if (CHANCES.indexOf(chance) > CHANCES.indexOf(known.chance)) known.chance = chance;
      if (known.steps.length < 20 && !known.steps.includes(path)) known.steps.push(path);
      return;
    }
    const asked = this.#available !== undefined && by === "server" && (kind === "tool" || kind === "capability");
    this.#calls.set(key, { kind, name, by, chance, steps: [path], ...(asked ? { available: this.#available?.has(name) === true } : {}) });
  }
}

/** Program and arguments on one line, as they stand in the definition. */
export function programName(argv: readonly Template[]): string {
  return argv.map(shown).join(" ");
}
