import { OpsError } from "@platform-ops/errors";
import { paint, printable, type Terminal } from "@platform-ops/ledger";
import type { AuthorsRun } from "../authors-run.ts";
import { readSet, shownPath } from "./definition-set.ts";
import { lookupIn } from "./pick-definition.ts";
import { count, oneLine } from "./problem-text.ts";
import { testDefinition, type Tested } from "./run-scenarios.ts";

/** `test`: 0 where every scenario passes, else 1; also where there is none. */
export const test: AuthorsRun = async ({ positionals, options }, deps, terminal, signal) => {
  const set = await readSet(deps, positionals);
  if (set.definitions.length === 0)
    throw new OpsError("invalid_input", "There is no definition in these paths.", { hint: "A first one: new NAME." });
  const lookup = await lookupIn(deps, set);
  const tested: Tested[] = [];
  for (const file of set.definitions) {
    if (signal.aborted) throw signal.reason;
    const one = await testDefinition(file, lookup, (path) => shownPath(deps.config.cwd, path));
    tested.push(one);
    if (options["json"] !== true) show(terminal, one);
  }
  const scenarios = tested.flatMap((one) => one.scenarios);
  const failed = scenarios.filter(({ passed }) => !passed).length;
  const passed = tested.every((one) => one.passed) && scenarios.length > 0;
  if (options["json"] === true) terminal.stdout(`${JSON.stringify({ passed, workflows: tested }, undefined, 2)}\n`);
  else
    terminal.stdout(
      `${count(scenarios.length, "scenario")} of ${count(tested.length, "definition")}: ${scenarios.length - failed} passed, ${failed} failed\n`,
    );
  return passed ? 0 : 1;
};

function show(terminal: Terminal, { workflow, file, scenarios, problems, steps, never_touched }: Tested): void {
  const out = (line: string): void => terminal.stdout(`${line}\n`);
  out(`${workflow} (${file})`);
  for (const problem of problems) out(`  ${paint(terminal, "bad", "FAIL")}  ${printable(problem)}`);
  for (const scenario of scenarios) {
    out(
      `  ${scenario.passed ? paint(terminal, "good", "ok  ") : paint(terminal, "bad", "FAIL")}  ${oneLine(scenario.name)} ${paint(terminal, "quiet", `[${scenario.file}]`)}`,
    );
    for (const problem of scenario.problems) out(`        ${printable(problem)}`);
    if (scenario.diff.length > 0) out("        expected (-) and came (+):");
    for (const line of scenario.diff)
      out(
        `          ${line.startsWith("-") ? paint(terminal, "removed", printable(line)) : line.startsWith("+") ? paint(terminal, "added", printable(line)) : printable(line)}`,
      );
  }
  if (steps === 0) return;
  if (scenarios.length === 0) return out("  no scenario: write tests/happy.test.yaml");
  const never = never_touched.length === 0 ? "" : `; never: ${never_touched.join(", ")}`;
  out(`  ${steps - never_touched.length} of ${count(steps, "step")} touched${never}`);
}
