import type { Closure, Definition, Json, Step, Task } from "../definition/definition.ts";
import { plainLine, wordsOf } from "../page/plain-text.ts";
import type { Chance } from "./dry-run.ts";
import { programName, type Findings, type Times } from "./findings.ts";
import { Knowledge, Values, type Known } from "./knowledge.ts";

// Definitions call definitions: what is looked at is bounded.
const MOST_STEPS = 20_000;

/** Where a step stands in the plan. */
interface Here {
  readonly path: string;
  readonly chance: Chance;
  readonly times: Times;
  readonly knowledge: Knowledge;
  readonly definition: Definition;
}

const weaker = (chance: Chance, other: Chance): Chance =>
  chance === "never" || other === "never" ? "never" : chance === "may" || other === "may" ? "may" : "will";
const product = (times: Times, min: number, max: number): Times => ({
  min: times.min * min,
  max: Math.min(Number.MAX_SAFE_INTEGER, times.max * max),
});

/** Walks a definition with what is known, and writes down what it would do. */
export class PlanWalk {
  readonly #closure: Closure;
  readonly #findings: Findings;
  #left = MOST_STEPS;

  constructor(closure: Closure, findings: Findings) {
    this.#closure = closure;
    this.#findings = findings;
  }

  /** A definition with its steps and what it does at the end. */
  definition(definition: Definition, inputs: Values, chance: Chance, path: string, times: Times = { min: 1, max: 1 }): void {
    const start = new Knowledge(inputs, definition.env);
    for (const [name, template] of Object.entries(definition.initial_state)) start.write(name, start.template(template));
    this.list(definition.steps, { path, chance, times, knowledge: start, definition });
    this.list(definition.finally, { path: path === "" ? "finally" : `${path}/finally`, chance, times, knowledge: start, definition });
  }

  /** Steps one after another; gives how sure it is that, once they are reached, what follows them is reached too. */
  list(steps: readonly Step[], here: Here): Chance {
    let reached: Chance = "will";
    for (const step of steps) {
      if (this.#left-- <= 0) {
        this.#findings.unknown.add(`Only the first ${MOST_STEPS} steps were looked at.`);
        return "may";
      }
      const path = here.path === "" ? step.id : `${here.path}/${step.id}`;
      reached = weaker(reached, this.#step(step, { ...here, chance: weaker(here.chance, reached), path }));
    }
    return reached;
  }

  #step(step: Step, here: Here): Chance {
    const { knowledge, path } = here;
    let { chance } = here;
    let why: string | undefined;
    if (step.when !== undefined && chance !== "never") {
      const answer = this.#findings.branch(path, step.when, knowledge);
      if (answer !== true) why = `only if ${plainLine(step.when, 120)}`;
      chance = answer === true ? chance : answer === false ? "never" : "may";
    }
    this.#findings.step(step, path, chance, why);
    // What a step that may be skipped leaves is not known afterwards.
    const own = why === undefined ? knowledge : knowledge.fork();
    const after = this.#inside(step, { ...here, chance, knowledge: own });
    if (chance !== "never") this.#findings.undoing(step, path);
    if (step.output_to !== undefined && chance !== "never") own.write(step.output_to, { unknown: "it is not there yet" });
    if (own !== knowledge && chance !== "never") knowledge.forget(own.written);
    if (step.on_error.then === "steps") this.#fork(step.on_error.steps, { ...here, chance: chance === "never" ? "never" : "may" });
    if (chance === "never" || after === "will") return "will";
    return why === undefined && step.on_error.then !== "continue" ? after : "may";
  }

  /** Steps on a way that may not be taken. */
  #fork(steps: readonly Step[], here: Here): Chance {
    const knowledge = here.knowledge.fork();
    const after = this.list(steps, { ...here, knowledge });
    if (here.chance !== "never") here.knowledge.forget(knowledge.written);
    return after;
  }

  #inside(step: Step, here: Here): Chance {
    const { chance, path, times, knowledge } = here;
    const found = this.#findings;
    switch (step.type) {
      case "condition":
        return this.#choose([{ when: step.if, steps: step.then }], step.else, here);
      case "switch":
        return this.#choose(step.cases, step.else, here);
      case "parallel":
        return this.#parallel(step, here);
      case "foreach":
        return this.#foreach(step, here);
      case "loop":
        return this.#loop(step, here);
      case "set_state":
        if (chance !== "never")
          for (const [name, value] of Object.entries(step.updates).map(
            ([field, template]) => [field, knowledge.template(template)] as const,
          ))
            knowledge.write(name, value);
        return "will";
      case "return":
      case "fail":
        return "never";
      case "prompt":
      case "delegate":
        found.count("actions", chance, times);
        for (const { probe } of step.accept) if (probe !== undefined) found.probe(probe, path, chance);
        return "will";
      case "shell":
        if (step.runs_on === "client") found.count("actions", chance, times);
        found.named(step.runs_on === "client" ? "command" : "program", step.command ?? programName(step.argv), path, chance, step.runs_on);
        return "will";
      case "mcp_call":
        if (step.runs_on === "client") found.count("actions", chance, times);
        found.call(step, path, chance, step.runs_on);
        return "will";
      case "ask":
        found.count("questions", chance, times);
        return "will";
      case "wait":
        if (step.until !== undefined) found.probe(step.until.probe, path, chance);
        if (step.event !== undefined && chance !== "never") found.unknown.add(`When the event \`${step.event}\` comes.`);
        return "will";
      case "approval":
        return this.#approval(step, here);
      case "check":
        return this.#check(step, here);
      case "workflow":
        return this.#workflow(step, here);
    }
  }

  #choose(cases: readonly { readonly when: string; readonly steps: readonly Step[] }[], otherwise: readonly Step[], here: Here): Chance {
    let open: Chance = here.chance;
    const ends: Chance[] = [];
    const way = (steps: readonly Step[], chance: Chance): void => {
      const end = chance === here.chance ? this.list(steps, here) : this.#fork(steps, { ...here, chance });
      if (chance !== "never") ends.push(end);
    };
    for (const { when, steps } of cases) {
      const answer = open === "never" ? false : this.#findings.branch(here.path, when, here.knowledge);
      way(steps, answer === true ? open : answer === false ? "never" : weaker(open, "may"));
      open = answer === true ? "never" : answer === false ? open : weaker(open, "may");
    }
    way(otherwise, open);
    if (ends.every((end) => end === "never")) return ends.length === 0 ? "will" : "never";
    return ends.every((end) => end === "will") ? "will" : "may";
  }

  #parallel(step: Step & { type: "parallel" }, here: Here): Chance {
    const branches = Object.entries(step.branches);
    const sure = step.join === "all" || step.join === branches.length;
    let after: Chance = "will";
    for (const [name, steps] of branches) {
      const way = this.#fork(steps, { ...here, path: `${here.path}/${name}`, chance: sure ? here.chance : weaker(here.chance, "may") });
      if (way !== "will") after = sure && way === "never" ? "never" : weaker(after, "may");
    }
    return after;
  }

  #foreach(step: Step & { type: "foreach" }, here: Here): Chance {
    const { chance, knowledge, definition } = here;
    const items = chance === "never" ? { unknown: "" } : knowledge.expression(step.items);
    const count = "value" in items && Array.isArray(items.value) ? items.value.length : undefined;
    if (count === undefined && chance !== "never")
      this.#findings.unknown.add(`How many items \`${plainLine(step.items, 80)}\` has: at most ${step.limit}.`);
    const times = product(here.times, count ?? 0, count ?? step.limit);
    const inner: Here = { ...here, times, chance: count === 0 ? "never" : count === undefined ? weaker(chance, "may") : chance };
    const task = step.task === undefined ? undefined : definition.tasks[step.task];
    if (task !== undefined) this.#task(task, inner);
    else if (step.steps !== undefined && this.#repeat(step.steps, inner) !== "will") return "may";
    return "will";
  }

  #task(task: Task, here: Here): void {
    if (task.steps.length === 0) this.#findings.count("actions", here.chance, here.times);
    const knowledge = new Knowledge(new Values([], [], true), here.definition.env);
    for (const [name, template] of Object.entries(task.initial_state)) knowledge.write(name, knowledge.template(template));
    this.list(task.steps, { ...here, knowledge });
  }

  #loop(step: Step & { type: "loop" }, here: Here): Chance {
    const answer = here.chance === "never" ? false : this.#findings.branch(here.path, step.while, here.knowledge);
    if (answer !== false) this.#findings.unknown.add(`How often \`${here.path}\` is repeated: at most ${step.max} times.`);
    const times = product(here.times, answer === true ? 1 : 0, step.max);
    const end = this.#repeat(step.steps, {
      ...here,
      times,
      chance: answer === true ? here.chance : answer === false ? "never" : weaker(here.chance, "may"),
    });
    return end === "will" ? "will" : "may";
  }

  /** Steps that may be done again: what they write is not known inside either. */
  #repeat(steps: readonly Step[], here: Here): Chance {
    const knowledge = here.knowledge.fork();
    knowledge.forget(writtenBy(steps));
    const end = this.list(steps, { ...here, knowledge });
    if (here.chance !== "never") here.knowledge.forget(knowledge.written);
    return here.chance === "never" ? "will" : end;
  }

  #approval(step: Step & { type: "approval" }, here: Here): Chance {
    const { chance, knowledge, path } = here;
    if (chance === "never") return "will";
    const binds: Known<Json> = knowledge.template(step.bind);
    const title = plainLine(step.title ?? wordsOf(step.id), 120);
    this.#findings.approvals.push({
      path,
      title,
      chance,
      people: step.min,
      wait_at_most_ms: step.wait_at_most,
      ...("value" in binds ? { binds: binds.value } : {}),
    });
    if ("unknown" in binds) this.#findings.unknown.add(`What \`${path}\` asks to approve: it ${binds.unknown}.`);
    if (step.on_reject.then === "steps") this.#fork(step.on_reject.steps, { ...here, chance: "may" });
    return "will";
  }

  #check(step: Step & { type: "check" }, here: Here): Chance {
    const { chance, path, knowledge } = here;
    if (chance === "never") return "will";
    if (step.probe !== undefined) this.#findings.probe(step.probe, path, chance);
    const answer = this.#findings.branch(path, step.that, knowledge);
    if (answer !== false || step.on_fail === "warn") return "will";
    this.#findings.unknown.add(`\`${path}\` fails with these inputs: ${plainLine(step.say ?? step.that, 120)}`);
    return "never";
  }

  #workflow(step: Step & { type: "workflow" }, here: Here): Chance {
    const { chance, path, times, knowledge } = here;
    this.#findings.named("workflow", step.workflow, path, chance, "server");
    const called = Object.hasOwn(this.#closure.definitions, step.workflow) ? this.#closure.definitions[step.workflow] : undefined;
    if (called === undefined || chance === "never") return "will";
    const inputs = new Values(defaultsOf(called));
    for (const [name, template] of Object.entries(step.inputs)) {
      const value = knowledge.template(template);
      if ("value" in value) inputs.set(name, value.value);
      else inputs.forget(name);
    }
    this.definition(called, inputs, chance, path, times);
    return "will";
  }
}

/** Fields of the state that steps write. */
function writtenBy(steps: readonly Step[]): Set<string> {
  // What the texts of steps say is enough: a step's fields are its own, those of its branches come with it.
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    if (typeof value !== "object" || value === null) return;
    const { output_to, updates, type } = value as { output_to?: unknown; updates?: unknown; type?: unknown };
    if (typeof output_to === "string") names.add(output_to.split(".")[0] ?? output_to);
    if (type === "set_state" && typeof updates === "object" && updates !== null)
      for (const name of Object.keys(updates)) names.add(name.split(".")[0] ?? name);
    Object.values(value).forEach(walk);
  };
  walk(steps);
  return names;
}

/** Defaults of a definition's inputs. */
function defaultsOf(definition: Definition): [string, Json][] {
  const { properties } = definition.inputs;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) return [];
  return Object.entries(properties).flatMap(([name, schema]): [string, Json][] =>
    typeof schema === "object" && schema !== null && !Array.isArray(schema) && "default" in schema
      ? [[name, (schema as { default: Json }).default]]
      : [],
  );
}
