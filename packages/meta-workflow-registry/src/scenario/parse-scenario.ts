import type { z } from "zod";
import { jsonPath } from "../definition/problem-list.ts";
import { readYaml } from "../definition/yaml-text.ts";
import type { Problem } from "../problem.ts";
import { ScenarioShape, type Scenario } from "./scenario.ts";

const MAX_CHARACTERS = 512 * 1024;

/** Reads a `*.test.yaml`: a scenario, or every problem with its place. */
export function parseScenario(
  text: string,
  options: { readonly file?: string } = {},
): { readonly scenario?: Scenario; readonly problems: readonly Problem[] } {
  const file = options.file === undefined ? {} : { file: options.file };
  const fault = (code: string, message: string, line: number, column: number, path = "$"): Problem => ({
    code,
    severity: "error",
    message,
    ...file,
    line,
    column,
    path,
  });
  if (text.length > MAX_CHARACTERS) return { problems: [fault("TOO_LARGE", `A scenario has at most ${MAX_CHARACTERS} characters.`, 1, 1)] };
  const yaml = readYaml(text);
  if ("failures" in yaml)
    return { problems: yaml.failures.map(({ message, line, column }) => fault("YAML_PARSE_ERROR", message, line, column)) };
  const read = ScenarioShape.safeParse(yaml.value);
  if (read.success) return { scenario: read.data, problems: [] };
  const problems = read.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    const { line, column } = yaml.place(path);
    return fault("SCENARIO_INVALID", wording(issue), line, column, jsonPath(path));
  });
  return { problems };
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `There is no ${issue.keys.map((key) => `"${key}"`).join(", ")} here.`;
  return issue.message;
}
