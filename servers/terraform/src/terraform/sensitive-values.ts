import { readFile } from "node:fs/promises";

import { isRecord, parseLossless, RawNumber, type Json } from "./lossless-json.ts";
import { childMark, hasMark, list, member } from "./plan-json.ts";
import { runProgram } from "./run-program.ts";
import type { StepContext } from "./step.ts";

/** Adds all leaves at or below a mark: strings of 4 and more characters, numbers as text. */
export function collectMarked(value: Json | undefined, mark: Json | undefined, found: Set<string>): void {
  if (!hasMark(mark) || value === undefined || value === null) return;
  if (Array.isArray(value)) value.forEach((item, index) => collectMarked(item, childMark(mark, index), found));
  else if (isRecord(value)) for (const [key, item] of Object.entries(value)) collectMarked(item, childMark(mark, key), found);
  else if (mark === true && typeof value !== "boolean") {
    const text = value instanceof RawNumber ? value.text : String(value);
    if (text.length >= 4) found.add(text);
  }
}

function collectModule(module: Json | undefined, found: Set<string>): void {
  for (const resource of list(member(module, "resources")))
    collectMarked(member(resource, "values"), member(resource, "sensitive_values"), found);
  for (const child of list(member(module, "child_modules"))) collectModule(child, found);
}

/** The sensitive values in `show -json` of a state: {values: {outputs, root_module: {resources, child_modules}}}. */
export function sensitiveValuesOfState(state: Json): string[] {
  const found = new Set<string>();
  const values = member(state, "values");
  const outputs = member(values, "outputs");
  for (const output of isRecord(outputs) ? Object.values(outputs) : [])
    collectMarked(member(output, "value"), member(output, "sensitive"), found);
  collectModule(member(values, "root_module"), found);
  return [...found];
}

/**
 * The sensitive values that the state holds now, for masking what a failed apply said: a plan cannot know those that the
 * apply made. None where the state cannot be read.
 */
export async function readSensitiveValues(ctx: StepContext): Promise<string[]> {
  try {
    const end = await runProgram(ctx, { step: "show", args: ["show", "-json", "-no-color"] });
    return end.code === 0 ? sensitiveValuesOfState(parseLossless(await readFile(end.stdout, "utf8"))) : [];
  } catch {
    return [];
  }
}
