import type { Definition, Step } from "../definition.ts";
import type { Path } from "../yaml-text.ts";
import { everyStep, stepsIn } from "../walk.ts";
import { checkTemplate } from "./check-expression.ts";
import { checkSteps, ITEM_VARIABLES, namedSteps } from "./check-flow.ts";
import { checkSchemas } from "./check-schemas.ts";
import { Ran } from "./ran.ts";
import { plainView, type Checking, type Scope } from "./view.ts";

/** Checks what a definition means: references, the order in which things run, types, schemas, risks. */
export function checkDefinition(checking: Checking): void {
  checkIds(checking);
  checkSchemas(checking);
  checkTaskCircles(checking);
  checkSelfCalls(checking);
  const { definition } = checking;
  const scope = scopeOf(definition.inputs, definition.initial_state, [...definition.steps, ...definition.finally], [], false);
  const ran = new Ran();
  for (const [index, lock] of definition.locks.entries()) checkTemplate(lock, ["locks", index], plainView(scope, ran), checking);
  checkBody(["initial_state"], definition, scope, ran, checking, ["output"]);
  const after = new Ran();
  for (const id of namedSteps(definition.steps).keys()) after.add(id, "maybe");
  checkSteps(definition.finally, after, scope, checking);
  for (const [name, task] of Object.entries(definition.tasks)) {
    const variables = [...ITEM_VARIABLES, ...itemNames(name, definition)];
    const own = scopeOf(task.inputs, task.initial_state, task.steps, variables, true);
    const begun = new Ran();
    checkBody(["tasks", name, "initial_state"], task, own, begun, checking, ["tasks", name, "output"]);
    if (task.instructions !== undefined) checkTemplate(task.instructions, ["tasks", name, "instructions"], plainView(own, begun), checking);
  }
}

function checkBody(
  statePath: Path,
  body: Pick<Definition, "initial_state" | "steps" | "output">,
  scope: Scope,
  ran: Ran,
  checking: Checking,
  outputPath: Path,
): void {
  for (const [name, value] of Object.entries(body.initial_state))
    checkTemplate(value, [...statePath, name], plainView(scope, ran), checking);
  checkSteps(body.steps, ran, scope, checking);
  if (body.output !== undefined) checkTemplate(body.output, outputPath, plainView(scope, ran), checking);
}

function scopeOf(
  inputs: Scope["inputs"],
  initial: Definition["initial_state"],
  steps: readonly Step[],
  variables: readonly string[],
  isTask: boolean,
): Scope {
  const state = new Set(Object.keys(initial));
  for (const step of stepsIn(steps)) {
    if (step.output_to !== undefined) state.add(fieldOf(step.output_to));
    if (step.type === "set_state") for (const path of Object.keys(step.updates)) state.add(fieldOf(path));
  }
  return { inputs, state, steps: namedSteps(steps), variables: new Set(variables), assumed: new Set(), isTask };
}

/** `a` of `a.b` and `state.a.b`. */
const fieldOf = (path: string): string => path.replace(/^state\./u, "").split(/[.[]/u, 1)[0] ?? path;

/** Names that loops over items give the item whose task this is. */
function itemNames(task: string, definition: Definition): string[] {
  const all = [definition.steps, definition.finally, ...Object.values(definition.tasks).map(({ steps }) => steps)];
  return all.flatMap((steps) => [...stepsIn(steps)]).flatMap((step) => (step.type === "foreach" && step.task === task ? [step.as] : []));
}

function checkIds({ definition, problems, sources }: Checking): void {
  const lists = [[...definition.steps, ...definition.finally], ...Object.values(definition.tasks).map(({ steps }) => steps)];
  for (const steps of lists) {
    const first = new Map<string, Step>();
    for (const step of stepsIn(steps)) {
      const before = first.get(step.id);
      if (before === undefined) first.set(step.id, step);
      else if (step.id !== "") {
        const path = [...(sources.get(step)?.path ?? []), "id"];
        problems.add(
          "DUPLICATE_ID",
          path,
          `\`${step.id}\` is the id of another step already${before.line === undefined ? "" : ` (line ${before.line})`}.`,
        );
      }
    }
  }
}

/** Circles through other definitions are found where those are known: `closeOver`. */
function checkSelfCalls({ definition, problems, sources }: Checking): void {
  for (const step of everyStep(definition))
    if (step.type === "workflow" && step.workflow === definition.id)
      problems.add("CIRCULAR_DEPENDENCY", [...(sources.get(step)?.path ?? []), "workflow"], "The workflow calls itself.");
}

function checkTaskCircles({ definition, problems }: Checking): void {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) {
      const circle = [...way.slice(way.indexOf(name)), name];
      problems.add("CIRCULAR_DEPENDENCY", ["tasks", name], `Tasks call each other in a circle: ${circle.join(" → ")}.`);
      return;
    }
    const task = Object.hasOwn(definition.tasks, name) ? definition.tasks[name] : undefined;
    if (task === undefined || done.has(name)) return;
    for (const step of stepsIn(task.steps)) if (step.type === "foreach" && step.task !== undefined) visit(step.task, [...way, name]);
    done.add(name);
  };
  for (const name of Object.keys(definition.tasks)) visit(name, []);
}
