import type { Closure } from "../definition/definition.ts";
import { everyStep } from "../definition/walk.ts";
import type { RunEnd, TimelineEvent } from "../run/index.ts";
import { Cast } from "./cast.ts";
import { unmet } from "./expectations.ts";
import { MockWorld } from "./mock-world.ts";
import type { Scenario } from "./scenario.ts";
import { Simulator } from "./simulator.ts";
import type { MadeCall } from "./world.ts";
import { stepIdOf } from "./step-pattern.ts";

const MOST_TURNS = 20_000;

export interface ScenarioResult {
  readonly name: string;
  readonly passed: boolean;
  /** Each names the step and the expectation. */
  readonly problems: readonly string[];
  /** Absent where the run is blocked. */
  readonly end?: RunEnd;
  readonly timeline: readonly TimelineEvent[];
  readonly calls: readonly MadeCall[];
  /** Ids of steps that began. */
  readonly touched: readonly string[];
  /** Virtual milliseconds. */
  readonly took: number;
  /** How often it was carried on from its journal. */
  readonly cuts: number;
}

/**
 * Carries a scenario out on the simulator.
 *
 * @param options.holdAfter carries the run on from its journal after the step that ended as this one; `carry_on` of the scenario: after each
 */
export async function runScenario(
  scenario: Scenario,
  closure: Closure,
  options: { readonly holdAfter?: (ended: number) => boolean } = {},
): Promise<ScenarioResult> {
  const world = new MockWorld(scenario);
  const started_at = Date.parse(scenario.started_at);
  const holdAfter = scenario.carry_on ? (): boolean => true : options.holdAfter;
  const sim = new Simulator({ closure, inputs: scenario.inputs, world, started_at, ...(holdAfter === undefined ? {} : { holdAfter }) });
  const cast = new Cast(sim, scenario);
  for (const { name, value, at } of scenario.events) sim.clock.after(at, () => void sim.happen(name, value), true);
  for (const { at, cancel } of scenario.control) sim.clock.after(at, () => sim.run.cancel(cancel), true);
  const isOver = await play(sim, cast, started_at + scenario.horizon);
  const problems = [
    ...(isOver ? [] : [`The run did not come to rest within ${MOST_TURNS} turns.`]),
    ...[...new Set(world.missing)].map((name) => `calls: the scenario has no answer for ${name}.`),
    ...cast.surprises,
    ...unmet(scenario.expect, sim, cast),
  ];
  const touched = new Set(sim.timeline.filter(({ what }) => what === "started").map(({ path }) => stepIdOf(path)));
  return {
    name: scenario.scenario,
    passed: problems.length === 0,
    problems,
    ...(sim.end === undefined ? {} : { end: sim.end }),
    timeline: sim.timeline,
    calls: sim.calls,
    touched: [...touched],
    took: sim.clock.now() - started_at,
    cuts: sim.cuts,
  };
}

async function play(sim: Simulator, cast: Cast, horizon: number): Promise<boolean> {
  await sim.flush();
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    if (sim.end !== undefined) {
      await cast.act();
      return true;
    }
    if (sim.isHeld) await sim.cut();
    else if (!(await cast.act()) && sim.end === undefined && !(await sim.advance(horizon))) return true;
  }
  return false;
}

/** Steps of a closure's root that none of these runs has begun: branches that the scenarios leave out. */
export function untouched(closure: Closure, results: readonly ScenarioResult[]): readonly string[] {
  const touched = new Set(results.flatMap((result) => result.touched));
  return [...everyStep(closure.definitions[closure.root]!)].map(({ id }) => id).filter((id) => !touched.has(id));
}

/** A closure of one definition, for scenarios that need no digest. */
export function closureOf(definition: Closure["definitions"][string]): Closure {
  return { root: definition.id, definitions: { [definition.id]: definition }, digest: "" };
}
