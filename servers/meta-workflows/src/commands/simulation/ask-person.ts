import { printable, type Terminal } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord, ApprovalDraft } from "@platform-ops/meta-workflow-registry/run";
import { oneLine } from "../authoring/problem-text.ts";
import type { Said } from "./play-through.ts";
import { sampleValue } from "./sample-value.ts";

/** What a person says to an approval of a simulated run. */
export type Decided = "approve" | "reject" | "nobody";

/** Asks what is decided. */
export async function askDecision(terminal: Terminal, draft: ApprovalDraft): Promise<Decided> {
  terminal.stderr(`\nApproval: ${oneLine(draft.title)}\nIt binds: ${printable(JSON.stringify(draft.bind))}\n`);
  for (;;) {
    const said = (await askLine(terminal, "approve, reject or nobody? [approve] ")).toLowerCase();
    const word = (["approve", "reject", "nobody"] as const).find((each) => each.startsWith(said === "" ? "approve" : said));
    if (word !== undefined) return word;
  }
}

/** Asks for the result of an action; an empty line takes one that is made from the schema. */
export async function askResult(terminal: Terminal, action: ActionRecord, refusal: string | undefined): Promise<Said | undefined> {
  const example = sampleValue(action.result_schema);
  if (refusal === undefined)
    terminal.stderr(`\n${oneLine(action.title)} (${action.action_id}, ${action.executor})\n${printable(action.instructions)}\n`);
  else terminal.stderr(`Refused: ${oneLine(refusal)}\n`);
  if (refusal === undefined && action.type !== "prompt" && action.type !== "ask")
    terminal.stderr(`It is given: ${shown(action.parameters)}\n`);
  terminal.stderr(`Its result fits: ${shown(action.result_schema)}\n`);
  for (;;) {
    const said = await askLine(
      terminal,
      `result as JSON, or decline, fail, nobody [${printable(JSON.stringify(example ?? null)).slice(0, 200)}] `,
    );
    if (said === "nobody") return undefined;
    if (said === "decline") return { outcome: "declined", result: null };
    if (said === "fail") return { outcome: "failed", result: null, note: "It failed." };
    if (said === "" && example !== undefined) return { outcome: "completed", result: example };
    try {
      return { outcome: "completed", result: JSON.parse(said) as Json };
    } catch {
      terminal.stderr("That is no JSON.\n");
    }
  }
}

async function askLine(terminal: Terminal, question: string): Promise<string> {
  return ((await terminal.ask?.(question)) ?? "nobody").trim();
}

function shown(value: object): string {
  return printable(JSON.stringify(value)).slice(0, 2_000);
}
