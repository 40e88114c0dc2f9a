import { readFile } from "node:fs/promises";

import { isRecord, parseLossless, RawNumber, toJsonText, type Json } from "./lossless-json.ts";
import type { Outputs } from "./outputs.ts";
import { member } from "./plan-json.ts";
import { parseStateHeader, readZipMembers, type PriorState } from "./plan-file.ts";
import type { ProgramEnd } from "./run-program.ts";

/** What is known of a plan that changes nothing, without `show`. */
export interface QuietPlan extends PriorState {
  /** All outputs, for they stay as the state has them. Sensitive ones in clear. */
  readonly outputs: Outputs;
  readonly sensitive_values: string[];
}

/**
 * A plan that says in every way that there is nothing to say: exit code 0, no change, no drift, no diagnostic, each output
 * unchanged. `show` would cost a second process (and with a real provider a second start of it) to tell the same, so the
 * outputs are taken from the state that the plan file carries. Undefined in all other cases, and where the file cannot be
 * looked into (OpenTofu's encryption).
 */
export async function quietPlan(end: ProgramEnd, planFile: string): Promise<QuietPlan | undefined> {
  if (!isQuiet(end)) return undefined;
  try {
    const text = readZipMembers(await readFile(planFile), (name) => name === "tfstate")
      .get("tfstate")
      ?.toString("utf8");
    if (text === undefined) return undefined;
    const state = parseLossless(text);
    const outputs = outputsOfState(state, end.facts.outputs);
    const checks = member(state, "check_results");
    if (outputs === undefined || (checks !== null && checks !== undefined)) return undefined;
    return { ...parseStateHeader(text), outputs, sensitive_values: Object.values(outputs).flatMap(secretsOf) };
  } catch {
    return undefined;
  }
}

function isQuiet({ code, facts }: ProgramEnd): boolean {
  const summary = facts.summaries.get("plan");
  return (
    code === 0 &&
    summary !== undefined &&
    summary.add + summary.change + summary.import + summary.remove + summary.forget === 0 &&
    facts.planned === 0 &&
    facts.drifted === 0 &&
    facts.diagnostics.length === 0
  );
}

/** The state's outputs (format version 4), where the plan's event `outputs` says of each that it stays. */
function outputsOfState(state: Json, event: Json | undefined): Outputs | undefined {
  const kept = member(state, "outputs");
  const entries = Object.entries(isRecord(kept) ? kept : {});
  const said = isRecord(event) ? event : {};
  if (!Object.values(said).every((output) => member(output, "action") === "noop")) return undefined;
  if (!entries.every(([name, output]) => said[name] !== undefined && member(output, "value") !== undefined)) return undefined;
  return Object.fromEntries(
    entries.map(([name, output]) => [name, { sensitive: member(output, "sensitive") === true, json: toJsonText(member(output, "value")) }]),
  );
}

function secretsOf({ sensitive, json }: Outputs[string]): string[] {
  return sensitive ? leavesOf(parseLossless(json)) : [];
}

function leavesOf(value: Json): string[] {
  if (typeof value === "string") return value.length >= 4 ? [value] : [];
  if (typeof value === "number") return [String(value)];
  if (value instanceof RawNumber) return [value.text];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}
