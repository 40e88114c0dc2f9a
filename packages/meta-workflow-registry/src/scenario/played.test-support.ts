import type { Closure } from "../definition/definition.ts";
import { parseDefinition } from "../definition/index.ts";
import { parseScenario, runScenario, type ScenarioResult } from "./index.ts";

const HEAD = `schema: meta-workflow/v1
name: Test
version: 1.0.0
status: active
triggers: { phrases: [test] }
`;

/** A closure of definitions, each given as YAML without its head; the first one, `main`, is the root. */
export function closureFrom(main: string, others: { readonly [id: string]: string } = {}): Closure {
  const definitions = Object.entries({ main, ...others }).map(([id, body]) => {
    const { definition, problems } = parseDefinition(`${HEAD}id: ${id}\n${body}`);
    if (definition === undefined) throw new Error(JSON.stringify(problems.filter(({ severity }) => severity === "error")));
    return [id, definition] as const;
  });
  return { root: "main", definitions: Object.fromEntries(definitions), digest: "" };
}

/** Carries a scenario out whole, then once more cut after every step; both must come to the same. */
export async function play(closure: Closure, text: string): Promise<ScenarioResult> {
  const { scenario, problems } = parseScenario(`scenario: test\n${text}`);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const whole = await runScenario(scenario, closure);
  const cut = await runScenario({ ...scenario, carry_on: true }, closure);
  const traces = ({ end, problems: found, calls }: ScenarioResult): string =>
    JSON.stringify({ end, found, calls: calls.map(({ path }) => path).toSorted() });
  if (traces(whole) !== traces(cut)) throw new Error(`Cut after every step it ended otherwise:\n${traces(cut)}\nnot\n${traces(whole)}`);
  return whole;
}
