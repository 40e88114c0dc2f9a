import { parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { tool } from "../deps.ts";

const SHOWN = 50;

export const validate_meta_workflow = tool({
  name: "validate_meta_workflow",
  title: "Validate meta-workflow",
  description: "Checks a definition's YAML: every problem with line, code and suggestion.",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({ yaml: z.string().max(1_200_000) }),
  async run({ yaml }) {
    const { definition, problems } = parseDefinition(yaml);
    const errors = problems.filter(({ severity }) => severity === "error").length;
    const lines = problems
      .slice(0, SHOWN)
      .map(
        ({ severity, code, line, column, message, suggestion }) =>
          `${line}:${column} ${severity} ${code}: ${message}${suggestion === undefined ? "" : ` → ${suggestion}`}`,
      );
    const more = problems.length - SHOWN;
    const head = definition === undefined ? `Not valid: ${errors} error(s).` : `Valid: ${definition.id} ${definition.version}.`;
    return {
      text: [head, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"),
      data: {
        valid: definition !== undefined,
        ...(definition === undefined ? {} : { id: definition.id, version: definition.version, risk: definition.risk }),
        problem_count: problems.length,
        problems: problems.slice(0, SHOWN),
        truncated: more > 0,
      },
    };
  },
});
