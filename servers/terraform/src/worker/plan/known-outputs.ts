import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord, parseLossless, toJsonText, type Json } from "../../terraform/lossless-json.ts";
import { member, textOf } from "../../terraform/plan-json.ts";
import type { OutputChange } from "../../terraform/plan-summary.ts";
import type { WorkspaceOutputs } from "../../terraform/variables.ts";

// One process of terraform costs as much as all of ours around a workspace: where plan or apply have told every output
// already, `output -json` is not asked again. Both keep sensitive values back; one such output and it is asked.

/** The outputs of a workspace whose plan has no changes; undefined where the plan does not tell them all. */
export function outputsOfPlan(changes: readonly OutputChange[]): WorkspaceOutputs | undefined {
  const told = changes.filter((change) => change.action === "no-op" && !change.sensitive && !change.unknown && change.after !== undefined);
  if (told.length !== changes.length) return undefined;
  return Object.fromEntries(told.map((change) => [change.name, { sensitive: false, json: change.after ?? "null" }]));
}

/**
 * The outputs which a plan that stays unapplied leaves as they are: what it tells of them, else the program is asked for
 * those in the state. `pending`: those of the `taken` ones that it would change. An output that the plan does not speak
 * of is not pending: it is in the state, or nowhere.
 */
export async function settledOutputs(
  changes: readonly OutputChange[],
  taken: ReadonlySet<string>,
  read: () => Promise<WorkspaceOutputs>,
): Promise<{ outputs: WorkspaceOutputs; pending: string[] }> {
  const moving = new Set(changes.filter((change) => change.action !== "no-op" || change.unknown).map((change) => change.name));
  const settled = changes.filter((change) => !moving.has(change.name) && taken.has(change.name));
  const pending = [...taken].filter((name) => moving.has(name));
  const told = settled.length + pending.length === taken.size ? outputsOfPlan(settled) : undefined;
  const all = told ?? (await read());
  return { outputs: Object.fromEntries(Object.entries(all).filter(([name]) => !moving.has(name))), pending };
}

/** The outputs that an apply told at its end, by the event `outputs`; undefined where it did not tell them all. */
export async function outputsOfApply(journal: string): Promise<WorkspaceOutputs | undefined> {
  const lines = (await readFile(join(journal, "out"), "utf8").catch(() => "")).trimEnd().split("\n");
  // It is the last event, but for diagnostics.
  for (const line of lines.slice(-20).toReversed()) {
    if (!line.includes('"type":"outputs"')) continue;
    return fromEvent(parsed(line));
  }
  return undefined;
}

function parsed(line: string): Json | undefined {
  try {
    return parseLossless(line);
  } catch {
    return undefined;
  }
}

function fromEvent(event: Json | undefined): WorkspaceOutputs | undefined {
  const outputs = member(event, "outputs");
  if (textOf(member(event, "type")) !== "outputs" || !isRecord(outputs)) return undefined;
  const entries = Object.entries(outputs);
  if (entries.some(([, output]) => member(output, "sensitive") !== false || member(output, "value") === undefined)) return undefined;
  return Object.fromEntries(entries.map(([name, output]) => [name, { sensitive: false, json: toJsonText(member(output, "value")) }]));
}
