import type { Step } from "../definition.ts";
import { compileExpression } from "../../expression/index.ts";
import type { Path } from "../yaml-text.ts";
import { checkExpression, checkTemplate, stepsAsked } from "./check-expression.ts";
import { checkStep } from "./check-step.ts";
import type { Ran } from "./ran.ts";
import { sitesOf, type Site } from "./sites.ts";
import type { Checking, Scope, View } from "./view.ts";

// Walks steps in the order in which they run, with what has surely run, and what may have, at each place.

/** Checks a list of steps; `ran` knows afterwards what ran in it. */
export function checkSteps(steps: readonly Step[], ran: Ran, scope: Scope, checking: Checking): void {
  let ended: Step | undefined;
  for (const step of steps) {
    if (ended !== undefined) {
      checking.problems.add("WF142", checking.sources.get(step)?.path ?? [], `This never runs: \`${ended.id}\` ends the list before.`);
      ended = undefined;
    }
    if (checking.sources.get(step)?.broken !== true) checkOne(step, ran, scope, checking);
    const isSure = step.when === undefined && (step.on_error.then === "stop" || step.on_error.then === "compensate");
    ran.add(step.id, isSure ? "sure" : "passed");
    if ((step.type === "return" || step.type === "fail") && step.when === undefined) ended = step;
  }
}

function checkOne(step: Step, ran: Ran, scope: Scope, checking: Checking): void {
  // Earlier turns of a loop may have run all of it.
  if (step.type === "loop") for (const id of idsIn(step.steps)) ran.add(id, "maybe");
  const asked = step.when === undefined ? scope : assuming(scope, step.when);
  checkStep(step, ran, asked, checking);
  for (const site of sitesOf(step)) checkSite(step, site, ran, site.path[0] === "when" ? scope : asked, checking);
  checkInner(step, ran, asked, checking);
  if (step.on_error.then === "steps") {
    const inner = ran.within();
    checkSteps(step.on_error.steps, inner, withVariables(asked, ["error"]), checking);
    ran.take(inner, "maybe");
  }
}

function checkInner(step: Step, ran: Ran, scope: Scope, checking: Checking): void {
  const branch = (steps: readonly Step[], inner: Scope, certainty: "sure" | "maybe"): Ran => {
    const own = ran.within();
    checkSteps(steps, own, inner, checking);
    if (certainty === "maybe") ran.take(own, "maybe");
    return own;
  };
  switch (step.type) {
    case "condition":
      branch(step.then, assuming(scope, step.if), "maybe");
      branch(step.else, scope, "maybe");
      break;
    case "switch":
      for (const { when, steps } of step.cases) branch(steps, assuming(scope, when), "maybe");
      branch(step.else, scope, "maybe");
      break;
    case "loop":
      branch(step.steps, withVariables(assuming(scope, step.while), ["iteration"]), "maybe");
      break;
    case "parallel": {
      const isSure = step.join === "all" && step.on_branch_error === "stop";
      const branches = Object.values(step.branches).map((steps) => branch(steps, scope, "sure"));
      for (const own of branches) ran.take(own, isSure ? "sure" : "maybe");
      break;
    }
    case "foreach":
      if (step.steps !== undefined) {
        const inner = withVariables(scope, [step.as, ...ITEM_VARIABLES]);
        checkSteps(step.steps, ran.within(), { ...inner, steps: new Map([...scope.steps, ...namedSteps(step.steps)]) }, checking);
      }
      break;
    case "approval":
      if (step.on_reject.then === "steps") branch(step.on_reject.steps, withVariables(scope, ["decision"]), "maybe");
      break;
    default:
  }
}

/** Names besides the item's own that steps and tasks of a loop over items see. */
export const ITEM_VARIABLES: readonly string[] = ["item", "index", "total", "is_first", "is_last"];

/** Steps that may be named next to a list: all in it, but those of loops over items. */
export function namedSteps(steps: readonly Step[]): Map<string, Step> {
  const named = new Map<string, Step>();
  const walk = (list: readonly Step[]): void => {
    for (const step of list) {
      named.set(step.id, step);
      for (const inner of innerLists(step)) walk(inner);
    }
  };
  walk(steps);
  return named;
}

function innerLists(step: Step): readonly (readonly Step[])[] {
  const handler = step.on_error.then === "steps" ? [step.on_error.steps] : [];
  switch (step.type) {
    case "condition":
      return [step.then, step.else, ...handler];
    case "parallel":
      return [...Object.values(step.branches), ...handler];
    case "switch":
      return [...step.cases.map(({ steps }) => steps), step.else, ...handler];
    case "loop":
      return [step.steps, ...handler];
    case "approval":
      return step.on_reject.then === "steps" ? [step.on_reject.steps, ...handler] : handler;
    default:
      return handler;
  }
}

const idsIn = (steps: readonly Step[]): Iterable<string> => namedSteps(steps).keys();

const withVariables = (scope: Scope, names: readonly string[]): Scope => ({ ...scope, variables: new Set([...scope.variables, ...names]) });

/** A scope in which a condition holds: steps that it asks for have run. */
function assuming(scope: Scope, condition: string): Scope {
  try {
    const asked = stepsAsked(compileExpression(condition).references);
    return asked.size === 0 ? scope : { ...scope, assumed: new Set([...scope.assumed, ...asked]) };
  } catch {
    return scope;
  }
}

function checkSite(step: Step, site: Site, before: Ran, scope: Scope, checking: Checking): void {
  const source = checking.sources.get(step);
  const [first, ...rest] = site.path;
  const path: Path = [...(source?.path ?? []), ...(first === undefined ? [] : [source?.written[String(first)] ?? first, ...rest])];
  let ran = before;
  if (site.after === true) {
    ran = before.within();
    ran.add(step.id, "sure");
  }
  const result = step.type === "prompt" || step.type === "delegate" ? step.result : undefined;
  const view: View = { scope, ran, also: site.also ?? [], needs: step.needs_state, result, secrets: site.secrets === true };
  if (site.expression !== undefined) checkExpression(site.expression, path, view, checking, site.wants);
  else if (site.template !== undefined) checkTemplate(site.template, path, view, checking);
}
