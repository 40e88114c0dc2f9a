import type { Json } from "../definition/definition.ts";
import { compileExpression, evaluate, ExpressionError } from "../expression/index.ts";
import type { Cast } from "./cast.ts";
import { misfit } from "./partial-match.ts";
import { nameOf } from "./mock-world.ts";
import type { Scenario } from "./scenario.ts";
import type { Simulator } from "./simulator.ts";
import type { MadeCall } from "./world.ts";
import { isStep, stepIdOf } from "./step-pattern.ts";

type Expect = Scenario["expect"];

/** What did not come as expected, each naming the step and the expectation. */
export function unmet(expect: Expect, sim: Simulator, cast: Cast): string[] {
  return [
    ...endProblems(expect, sim),
    ...outputProblems(expect, sim),
    ...orderProblems(expect, sim),
    ...callProblems(expect, sim),
    ...compensationProblems(expect, sim),
    ...(expect.refused === undefined ? [] : listProblem("refused", expect.refused, cast.refused)),
    ...(expect.waited_for === undefined ? [] : listProblem("waited_for", expect.waited_for, sim.waited_for)),
    ...truthProblems(expect, sim),
  ];
}

function endProblems({ end, error, open }: Expect, sim: Simulator): string[] {
  const problems: string[] = [];
  const opened = sim.book.open_actions().map(({ action_id, state }) => `${action_id} (${state})`);
  const came = sim.end?.status ?? "blocked";
  if (came !== end) {
    const { error: failure } = sim.end ?? {};
    const why = failure === undefined ? "" : ` by ${failure.path}: ${failure.code}, ${failure.message}`;
    const waits = came === "blocked" ? `; open: ${opened.join(", ") || "no action"}; last step: ${lastPath(sim)}` : "";
    problems.push(`end: ${end} was expected, the run is ${came}${why}${waits}.`);
  }
  if (error !== undefined && sim.end?.error?.code !== error)
    problems.push(
      `error: ${error} was expected at the end, ${sim.end?.error?.code ?? "none"} came (step ${sim.end?.error?.path ?? "none"}).`,
    );
  for (const one of open ?? [])
    if (!sim.book.open_actions().some(({ action_id }) => isStep(one, action_id)))
      problems.push(`open: an action of ${one} was expected to be open; open: ${opened.join(", ") || "none"}.`);
  return problems;
}

function outputProblems({ output, state }: Expect, sim: Simulator): string[] {
  const found = output === undefined ? undefined : misfit(sim.end?.output, output);
  const other = state === undefined ? undefined : misfit(sim.journal.scopes[""]?.state ?? {}, state);
  return [...(found === undefined ? [] : [`output: ${found}.`]), ...(other === undefined ? [] : [`state: ${other}.`])];
}

function orderProblems({ order, not_run, warned }: Expect, sim: Simulator): string[] {
  const ended = sim.timeline.filter(({ what }) => what === "done" || what === "failed").map(({ path }) => path);
  const problems: string[] = [];
  let from = 0;
  for (const [at, step] of (order ?? []).entries()) {
    const found = ended.findIndex((path, index) => index >= from && isStep(step, path));
    if (found < 0) {
      const earlier = ended.some((path) => isStep(step, path));
      const after = at === 0 ? "first" : `after ${order![at - 1]}`;
      problems.push(
        `order: step ${step} was expected ${after}, but it ${earlier ? "ended earlier" : "did not end"}; ended: ${ids(ended)}.`,
      );
      break;
    }
    from = found + 1;
  }
  const started = sim.timeline.filter(({ what }) => what === "started").map(({ path }) => path);
  for (const step of not_run ?? []) if (started.some((path) => isStep(step, path))) problems.push(`not_run: step ${step} ran.`);
  const warnings = sim.timeline.filter(({ what }) => what === "warned");
  for (const step of warned ?? [])
    if (!warnings.some(({ path }) => isStep(step, path)))
      problems.push(`warned: step ${step} was expected to warn; warned: ${ids(warnings.map(({ path }) => path))}.`);
  return problems;
}

function callProblems({ calls }: Expect, sim: Simulator): string[] {
  return Object.entries(calls ?? {}).flatMap(([name, times]) => {
    const made = sim.calls.filter((one) => isNamed(name, one)).length;
    return made === times ? [] : [`calls: ${name} was expected ${times} times, and was called ${made} times; called: ${names(sim)}.`];
  });
}

function isNamed(name: string, { call }: MadeCall): boolean {
  const full = nameOf(call);
  return full === name || (call.kind === "program" && full.startsWith(`${name} `)) || (call.kind === "tool" && call.tool === name);
}

function compensationProblems({ compensated }: Expect, sim: Simulator): string[] {
  if (compensated === undefined) return [];
  const came = sim.timeline.filter(({ what }) => what === "compensated").map(({ path }) => path);
  const isSame = came.length === compensated.length && compensated.every((step, at) => isStep(step, came[at]!));
  return isSame ? [] : [`compensated: ${compensated.join(", ") || "nothing"} was expected, ${ids(came)} came.`];
}

function listProblem(what: string, expected: readonly string[], came: readonly string[]): string[] {
  return expected.join() === came.join()
    ? []
    : [`${what}: ${expected.join(", ") || "none"} was expected, ${came.join(", ") || "none"} came.`];
}

function truthProblems({ that }: Expect, sim: Simulator): string[] {
  const steps = Object.fromEntries(Object.entries(sim.journal.steps).map(([path, record]) => [stepIdOf(path), record as unknown as Json]));
  const calls = sim.calls.map(({ call, path }) => ({ name: nameOf(call), step: stepIdOf(path), call: call as unknown as Json }));
  const scope = { output: sim.end?.output ?? null, state: sim.journal.scopes[""]?.state ?? {}, steps, calls };
  return (that ?? []).flatMap((truth) => {
    try {
      const value = evaluate(compileExpression(truth), scope);
      return value === true ? [] : [`that: \`${truth}\` is ${JSON.stringify(value)}.`];
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return [`that: ${error.message}`];
    }
  });
}

function lastPath(sim: Simulator): string {
  return sim.timeline.at(-1)?.path ?? "none";
}

function ids(paths: readonly string[]): string {
  return paths.map(stepIdOf).join(", ") || "none";
}

function names(sim: Simulator): string {
  return [...new Set(sim.calls.map(({ call }) => nameOf(call)))].join(", ") || "nothing";
}
