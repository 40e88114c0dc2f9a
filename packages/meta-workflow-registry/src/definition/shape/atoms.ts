import { z } from "zod";
import { durationOf } from "../../expression/duration.ts";
import type { Json, JsonSchema } from "../definition.ts";

// Pieces of the friendly form. Descriptions are what an editor shows; the texts of errors complete "`field` must be …".

const NAME = /^[a-z][a-z0-9_]{0,63}$/u;
const WORKFLOW_ID = /^[a-z0-9]+(?:-[a-z0-9]+)*(?::[a-z0-9]+(?:[-_][a-z0-9]+)*)?$/u;

/** An id in snake_case. */
export const name = (description: string) =>
  z.string().regex(NAME, "snake_case: lower-case letters, digits and `_`, at most 64").describe(description);
export const workflowId = z
  .string()
  .regex(WORKFLOW_ID, "kebab-case, or `group:name`")
  .max(80, "at most 80 characters")
  .describe("Id of the workflow: kebab-case, or `group:name`.");
/** A text that is not empty. */
export const text = (description: string, most = 10_000) =>
  z.string().min(1, "it is empty").max(most, `at most ${most} characters`).describe(description);
/** True or false. */
export const flag = (description: string) => z.boolean().describe(description);
/** A whole number within bounds. */
export const count = (description: string, least: number, most: number) =>
  z.int().min(least, `at least ${least}`).max(most, `at most ${most}`).describe(description);

const A_DURATION = "a duration such as `90s`, `15m`, `2h`, `3d` (a number is seconds)";

/** Milliseconds in the normal form. */
export const duration = (description: string) =>
  z
    .union(
      [
        z.string().refine((value) => durationOf(value) !== undefined, A_DURATION),
        z.number().refine((value) => durationOf(value) !== undefined, A_DURATION),
      ],
      {
        error: A_DURATION,
      },
    )
    .transform((value) => durationOf(value) ?? 0)
    .describe(description);

/** As `duration`; a text with an expression stays as it is. */
export const durationTemplate = (description: string) =>
  z
    .union(
      [
        z.string().refine((value) => value.includes("${{") || durationOf(value) !== undefined, A_DURATION),
        z.number().refine((value) => durationOf(value) !== undefined, A_DURATION),
      ],
      {
        error: `${A_DURATION}, or a text with \`\${{ }}\``,
      },
    )
    .transform((value) => durationOf(value) ?? String(value))
    .describe(description);

/** An expression with or without its delimiters. */
export const expression = (description: string) =>
  z
    .union([z.string().min(1), z.boolean(), z.number()], { error: "an expression" })
    .transform((value) => bare(String(value)))
    .describe(`${description} An expression (CEL), with or without \`\${{ }}\`.`);

function bare(source: string): string {
  const inner = /^\s*\$\{\{([\s\S]*)\}\}\s*$/u.exec(source)?.[1];
  return inner === undefined || inner.includes("${{") ? source : inner.trim();
}

/** Any value; its texts may hold expressions. */
export const template = (description: string) =>
  z
    .unknown()
    .transform((value) => value as Json)
    .describe(`${description} Texts may hold \`\${{ expression }}\`.`);
/** Values by name; their texts may hold expressions. */
export const templates = (description: string) =>
  z.record(z.string(), template("A value.")).describe(`${description} Texts may hold \`\${{ expression }}\`.`);
/** A text that may hold expressions. */
export const templateText = (description: string, most = 10_000) => text(`${description} May hold \`\${{ expression }}\`.`, most);

/** A list of steps, read by a walk of its own so that a wrong step gives its own problems only. */
export const steps = (description: string) => z.array(z.unknown()).describe(description).meta({ steps: true });
/** True for the shape of a list of steps. */
export const isSteps = (schema: z.core.$ZodType): boolean =>
  (z.globalRegistry.get(schema) as { steps?: unknown } | undefined)?.steps === true;

/** A JSON Schema; `true` and `false` become the schemas that they stand for. */
export const jsonSchema = (description: string) =>
  z
    .union([z.record(z.string(), z.unknown()), z.boolean()], { error: "a JSON Schema (a map)" })
    .transform((value) => (typeof value === "boolean" ? (value ? {} : { not: {} }) : value) as JsonSchema)
    .describe(description);
