import { readFile } from "node:fs/promises";

import { OpsError } from "@platform-ops/errors";

import { isRecord, parseLossless, toJsonText, type Json } from "./lossless-json.ts";
import { changeOf, hasMark, member, type PlanJson } from "./plan-json.ts";
import { failureOf, runProgram } from "./run-program.ts";
import type { RawJson, StepContext } from "./step.ts";

/** Outputs by name: exact JSON text, and whether they are sensitive. Sensitive values are in clear. */
export type Outputs = Record<string, { sensitive: boolean; json: RawJson }>;

/**
 * The outputs as the event stream of a successful apply tells them: saves the process that `readOutputs` costs. Undefined
 * where one is sensitive, because the stream leaves its value out, or where there is no such event.
 */
export function outputsOfStream(event: Json | undefined): Outputs | undefined {
  if (!isRecord(event)) return undefined;
  const entries = Object.entries(event);
  if (!entries.every(([, output]) => member(output, "sensitive") === false && member(output, "value") !== undefined)) return undefined;
  return Object.fromEntries(entries.map(([name, output]) => [name, { sensitive: false, json: toJsonText(member(output, "value")) }]));
}

/** The outputs as they are, from a plan that changes none of them; undefined where one changes or is not known. */
export function outputsOfPlan(plan: PlanJson): Outputs | undefined {
  const entries = isRecord(plan["output_changes"]) ? Object.entries(plan["output_changes"]) : [];
  const outputs: Outputs = {};
  for (const [name, entry] of entries) {
    const change = changeOf(entry);
    if (change.actions.join() !== "no-op" || change.after === undefined || hasMark(change.afterUnknown)) return undefined;
    // An output that is null is not kept in the state.
    if (change.after === null) continue;
    outputs[name] = { sensitive: hasMark(change.afterSensitive), json: toJsonText(change.after) };
  }
  return outputs;
}

/**
 * The outputs of a workspace whose apply succeeded (after a failed one old and new values are mixed): value as exact JSON
 * text, and whether it is sensitive. A workspace without a state has none. Throws the classified failure of the program.
 */
export async function readOutputs(ctx: StepContext): Promise<Outputs> {
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
  return Object.fromEntries(
    outputs.map(([name, output]) => [name, { sensitive: member(output, "sensitive") === true, json: toJsonText(member(output, "value")) }]),
  );
}
