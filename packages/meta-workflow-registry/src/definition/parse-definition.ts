import type { Problem } from "../problem.ts";
import { checkDefinition } from "./check/check-definition.ts";
import type { Definition } from "./definition.ts";
import { MAX_TEXT_BYTES } from "./limits.ts";
import { ProblemList } from "./problem-list.ts";
import { readDefinition } from "./read-definition.ts";
import { readYaml } from "./yaml-text.ts";

/**
 * Reads a definition (`workflow.yaml`; JSON is read too) into its normal form. All problems are told at once, in the order of the
 * text, each with its place, its path and, where there is one, what to write instead. There is a definition where none of them is an error.
 */
export function parseDefinition(
  text: string,
  options: { readonly file?: string } = {},
): { readonly definition?: Definition; readonly problems: readonly Problem[] } {
  const yaml = text.length > MAX_TEXT_BYTES || new TextEncoder().encode(text).length > MAX_TEXT_BYTES ? undefined : readYaml(text);
  if (yaml === undefined) {
    const problems = new ProblemList(undefined, options.file);
    problems.add("TOO_LARGE", [], `The text has over ${MAX_TEXT_BYTES / 1024} KiB.`, {
      suggestion: "Split it into workflows that call each other.",
    });
    return { problems: problems.all };
  }
  if ("failures" in yaml) {
    const first = yaml.failures.slice(0, 20);
    return { problems: first.map(({ message, line, column }) => yamlProblem(message, line, column, options.file)) };
  }
  const problems = new ProblemList(yaml, options.file);
  const read = readDefinition(yaml.value, problems);
  if (read === undefined) return { problems: problems.all };
  checkDefinition({ definition: read.definition, problems, sources: read.reading.sources, excused: read.reading.excused });
  return problems.failed ? { problems: problems.all } : { definition: read.definition, problems: problems.all };
}

function yamlProblem(message: string, line: number, column: number, file: string | undefined): Problem {
  return { code: "YAML_PARSE_ERROR", severity: "error", message, ...(file === undefined ? {} : { file }), line, column, path: "$" };
}
