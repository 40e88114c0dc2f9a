import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { Scenario, ScenarioResult } from "@platform-ops/meta-workflow-registry/scenario";
import { stringify } from "yaml";

/**
 * What a scenario expects and what came, as lines: `-` was expected, `+` came, two spaces stand in both. Only what the scenario
 * speaks of is shown. Empty where both are the same.
 */
export function expectedAndCame({ expect }: Pick<Scenario, "expect">, result: ScenarioResult): readonly string[] {
  const expected: { [name: string]: Json } = { end: expect.end };
  const came: { [name: string]: Json } = { end: result.end?.status ?? "blocked" };
  if (expect.error !== undefined) [expected["error"], came["error"]] = [expect.error, result.end?.error?.code ?? null];
  if (expect.output !== undefined) [expected["output"], came["output"]] = [expect.output, parts(result.end?.output ?? null, expect.output)];
  if (expect.order !== undefined) [expected["order"], came["order"]] = [expect.order, endedSteps(result, expect.order)];
  if (expect.compensated !== undefined)
    [expected["compensated"], came["compensated"]] = [expect.compensated, steps(result, ({ what }) => what === "compensated")];
  const [before, after] = [linesOf(expected), linesOf(came)];
  const lines = compare(before, after);
  return lines.every((line) => line.startsWith("  ")) ? [] : lines;
}

function linesOf(value: Json): string[] {
  return stringify(value, { lineWidth: 0 }).trimEnd().split("\n");
}

/** Of what came, the parts that are spoken of. */
function parts(value: Json, wanted: Json): Json {
  if (!isMap(value) || !isMap(wanted))
    return Array.isArray(value) && Array.isArray(wanted)
      ? value.map((one: Json, at) => parts(one, (wanted[at] as Json | undefined) ?? {}))
      : value;
  return Object.fromEntries(
    Object.keys(wanted).flatMap((name) => (Object.hasOwn(value, name) ? [[name, parts(value[name]!, wanted[name]!)]] : [])),
  );
}

function isMap(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Those that are spoken of: others may end between them. */
function endedSteps(result: ScenarioResult, spoken: readonly string[]): string[] {
  const ids = new Set(spoken.map((pattern) => pattern.split("/").at(-1)));
  return steps(result, ({ what }) => what === "done" || what === "failed").filter((id) => ids.has(id));
}

function steps({ timeline }: ScenarioResult, is: (event: ScenarioResult["timeline"][number]) => boolean): string[] {
  return timeline.filter(is).map(
    ({ path }) =>
      path
        .replace(/#.*$/, "")
        .split("/")
        .at(-1)
        ?.replace(/\[\d+\]$/, "") ?? path,
  );
}

const MOST_LINES = 400;

/** The longest common subsequence of two short lists of lines, written out. */
function compare(before: readonly string[], after: readonly string[]): string[] {
  const [a, b] = [before.slice(0, MOST_LINES), after.slice(0, MOST_LINES)];
  const common = Array.from({ length: a.length + 1 }, () => Array.from<number>({ length: b.length + 1 }).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i]}`);
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || common[i + 1]![j]! >= common[i]![j + 1]!)) lines.push(`- ${a[i++]}`);
    else lines.push(`+ ${b[j++]}`);
  }
  return lines;
}
