import { OpsError } from "@platform-ops/errors";

import { parseLossless, toJsonText } from "./lossless-json.ts";
import type { RawJson } from "./step.ts";

// An identifier of the language (hclsyntax): letters of any script, digits, `_` and `-`.
const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u;

/** One output of another workspace that becomes a variable of this one. */
export interface InputMapping {
  readonly sourceWorkspace: string;
  readonly sourceOutput: string;
  readonly targetVar: string;
}

/** Outputs of a workspace as `readOutputs` gives them. */
export type WorkspaceOutputs = Readonly<Record<string, { readonly sensitive: boolean; readonly json: RawJson }>>;

const missingOutput = (input: InputMapping, known: readonly string[]): OpsError =>
  new OpsError(
    "invalid_config",
    `Output "${input.sourceOutput}" of workspace "${input.sourceWorkspace}" does not exist; variable "${input.targetVar}" needs it.`,
    {
      hint:
        known.length === 0
          ? `Workspace "${input.sourceWorkspace}" has no outputs yet: apply it first, or add the output.`
          : `It has: ${known.slice(0, 20).join(", ")}.`,
      details: { reason: "output_missing", workspace: input.sourceWorkspace, output: input.sourceOutput, variable: input.targetVar },
    },
  );

/**
 * The variables of a workspace: its extraVars, overlaid by the mapped outputs of other workspaces, as raw JSON so that
 * types and digits survive. Throws `invalid_config` naming workspace and output where one is missing.
 */
export function resolveVariables(
  workspace: { readonly extraVars?: Readonly<Record<string, unknown>>; readonly inputs: readonly InputMapping[] },
  outputsOf: (workspace: string) => WorkspaceOutputs | undefined,
): { variables: Record<string, RawJson>; sensitive: string[] } {
  const variables: [string, RawJson][] = Object.entries(workspace.extraVars ?? {}).map(([name, value]) => [
    name,
    JSON.stringify(value ?? null),
  ]);
  const sensitive: string[] = [];
  for (const input of workspace.inputs) {
    const outputs = outputsOf(input.sourceWorkspace) ?? {};
    const output = Object.hasOwn(outputs, input.sourceOutput) ? outputs[input.sourceOutput] : undefined;
    if (output === undefined) throw missingOutput(input, Object.keys(outputs));
    variables.push([input.targetVar, output.json]);
    if (output.sensitive) sensitive.push(input.targetVar);
  }
  return { variables: Object.fromEntries(variables), sensitive };
}

/**
 * The text of a `*.tfvars.json` file. Such a file keeps types, and its strings are never templates, where TF_VAR_* would
 * turn an untyped value into a string. Throws `invalid_config` on a name that cannot be a variable or a value that is not JSON.
 */
export function tfvarsJson(variables: Readonly<Record<string, RawJson>>): string {
  const members = Object.entries(variables).map(([name, json]) => {
    if (!VARIABLE_NAME.test(name))
      throw new OpsError("invalid_config", `${JSON.stringify(name).slice(0, 80)} cannot be the name of a variable.`, {
        details: { reason: "variable_name" },
      });
    try {
      return `${JSON.stringify(name)}: ${toJsonText(parseLossless(json))}`;
    } catch (cause) {
      throw new OpsError("invalid_config", `The value of variable "${name}" is not JSON.`, {
        cause,
        details: { reason: "variable_value", variable: name },
      });
    }
  });
  return members.length === 0 ? "{}\n" : `{\n  ${members.join(",\n  ")}\n}\n`;
}
