import { readFile } from "node:fs/promises";

import { OpsError } from "@platform-ops/errors";

import { isRecord, parseLossless, toJsonText } from "./lossless-json.ts";
import { member } from "./plan-json.ts";
import { failureOf, runProgram } from "./run-program.ts";
import type { RawJson, StepContext } from "./step.ts";

/**
 * The outputs of a workspace whose apply succeeded (after a failed one old and new values are mixed): value as exact JSON
 * text, and whether it is sensitive. A workspace without a state has none. Throws the classified failure of the program.
 */
export async function readOutputs(ctx: StepContext): Promise<Record<string, { sensitive: boolean; json: RawJson }>> {
  const end = await runProgram(ctx, { step: "output", args: ["output", "-json", "-no-color"] });
  if (end.code !== 0) throw failureOf(ctx, "output", end);
  const text = await readFile(end.stdout, "utf8");
  let value;
  try {
    value = parseLossless(text);
  } catch (cause) {
    throw new OpsError("command_failed", `${ctx.program.kind} output printed something that is not JSON.`, { cause });
  }
  const outputs = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(outputs.map(([name, output]) => [name, { sensitive: member(output, "sensitive") === true, json: toJsonText(member(output, "value")) }]));
}
