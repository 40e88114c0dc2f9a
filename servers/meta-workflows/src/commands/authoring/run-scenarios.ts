import { readFile } from "node:fs/promises";
import { isOpsError } from "@platform-ops/errors";
import type { Problem } from "@platform-ops/meta-workflow-registry";
import { closeOver, everyStep, type Closure, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import { parseScenario, runScenario, untouched, type ScenarioResult } from "@platform-ops/meta-workflow-registry/scenario";
import type { DefinitionFile } from "./definition-set.ts";
import { expectedAndCame } from "./expected-came.ts";
import { oneLine, problemText } from "./problem-text.ts";

/** One scenario, run whole and carried on after every step. */
export interface TestedScenario {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** Sentences, each naming the step and the expectation. */
  readonly problems: readonly string[];
  /** What was expected and what came, as lines of a diff. */
  readonly diff: readonly string[];
  readonly virtual_ms: number;
}

/** A definition with what its scenarios found. */
export interface Tested {
  readonly workflow: string;
  readonly file: string;
  readonly passed: boolean;
  readonly scenarios: readonly TestedScenario[];
  /** Why nothing could be run. */
  readonly problems: readonly string[];
  readonly steps: number;
  /** Ids of the steps that no scenario began. */
  readonly never_touched: readonly string[];
}

/** Runs every scenario of a definition. */
export async function testDefinition(
  file: DefinitionFile,
  lookup: (id: string) => Definition | undefined,
  show: (path: string) => string,
): Promise<Tested> {
  const { definition, shown } = file;
  const none = { file: shown, scenarios: [], never_touched: [], steps: 0 };
  if (definition === undefined) {
    const problems = file.problems.filter(({ severity }) => severity === "error").map(problemText);
    return { ...none, workflow: shown, passed: false, problems };
  }
  let closure: Closure;
  try {
    closure = closeOver(definition, lookup);
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { ...none, workflow: definition.id, passed: false, problems: [error.message] };
  }
  const scenarios: TestedScenario[] = [];
  const results: ScenarioResult[] = [];
  for (const path of file.scenarios) {
    const { tested, result } = await testScenario(path, show(path), closure);
    scenarios.push(tested);
    if (result !== undefined) results.push(result);
  }
  return {
    workflow: definition.id,
    file: shown,
    passed: scenarios.every(({ passed }) => passed),
    scenarios,
    problems: [],
    steps: [...everyStep(definition)].length,
    never_touched: untouched(closure, results),
  };
}

async function testScenario(path: string, shown: string, closure: Closure): Promise<{ tested: TestedScenario; result?: ScenarioResult }> {
  const { scenario, problems } = parseScenario(await readFile(path, "utf8"), { file: shown });
  const failed = (found: readonly Problem[]): TestedScenario => ({
    file: shown,
    name: shown,
    passed: false,
    problems: found.map(problemText),
    diff: [],
    virtual_ms: 0,
  });
  if (scenario === undefined) return { tested: failed(problems) };
  const { definitions, root } = closure;
  if (scenario.workflow !== undefined && ![root, definitions[root]?.code].includes(scenario.workflow))
    return {
      tested: {
        ...failed([]),
        problems: [`workflow: the scenario is of ${JSON.stringify(scenario.workflow)}, and stands beside ${JSON.stringify(root)}.`],
      },
    };
  const whole = await runScenario({ ...scenario, carry_on: false }, closure);
  const carried = await runScenario({ ...scenario, carry_on: true }, closure);
  const ofCarried = carried.problems.filter((problem) => !whole.problems.includes(problem));
  return {
    result: whole,
    tested: {
      file: shown,
      name: oneLine(scenario.scenario),
      passed: whole.passed && carried.passed,
      problems: [...whole.problems, ...ofCarried.map((problem) => `carried on after every step: ${problem}`)].map(oneLine),
      diff: whole.passed && carried.passed ? [] : expectedAndCame(scenario, whole.passed ? carried : whole).map(oneLineOfDiff),
      virtual_ms: whole.took,
    },
  };
}

/** The first two characters are the diff's own. */
function oneLineOfDiff(line: string): string {
  return line.slice(0, 2) + oneLine(line.slice(2));
}
