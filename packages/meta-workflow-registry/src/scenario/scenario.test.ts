import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Closure } from "../definition/definition.ts";
import { parseDefinition } from "../definition/index.ts";
import { closureOf, parseScenario, runScenario, type Scenario, type ScenarioResult } from "./index.ts";

const HERE = new URL("./fixture/", import.meta.url);
const read = (name: string, base = HERE): string => readFileSync(new URL(name, base), "utf8");

function closure(workflow: string): Closure {
  const base = workflow === "staged-deployment" ? new URL("../definition/fixture/", import.meta.url) : HERE;
  const { definition, problems } = parseDefinition(read(`${workflow}.yaml`, base));
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return closureOf(definition!);
}

function scenario(text: string): Scenario {
  const { scenario, problems } = parseScenario(text);
  expect(problems).toEqual([]);
  return scenario!;
}

const FILES = readdirSync(HERE).filter((name) => name.endsWith(".test.yaml"));

/** What a run leaves, whatever it went through. */
function traces({ end, calls, problems }: ScenarioResult): unknown {
  return { end, problems, calls: calls.map(({ path, outcome }) => `${path} ${outcome}`).toSorted() };
}

describe("scenarios of the test definitions", () => {
  it.each(FILES)("%s", async (file) => {
    const wanted = scenario(read(file));
    const result = await runScenario(wanted, closure(wanted.workflow!));
    expect(result.problems).toEqual([]);
  });
});

describe("a run that is carried on from its journal and book alone", () => {
  it.each(FILES)("%s: ends alike, with the same calls, wherever it was cut", async (file) => {
    const wanted = scenario(read(file));
    const of = closure(wanted.workflow!);
    const whole = await runScenario(wanted, of);
    const steps = whole.timeline.filter(({ what }) => /^(done|failed|skipped|compensated)$/.test(what)).length;
    expect(steps).toBeGreaterThan(3);
    for (let at = 1; at <= steps; at += 1) {
      const cut = await runScenario(wanted, of, { holdAfter: (ended) => ended === at });
      expect({ at, ...(traces(cut) as object) }).toEqual({ at, ...(traces(whole) as object) });
    }
    const always = await runScenario({ ...wanted, carry_on: true }, of);
    expect(traces(always)).toEqual(traces(whole));
    expect(always.cuts).toBeGreaterThan(2);
  });
});
