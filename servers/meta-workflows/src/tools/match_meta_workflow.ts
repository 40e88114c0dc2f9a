import { entryOf, matchWorkflows, type MatchEntry } from "@platform-ops/meta-workflow-registry";
import { z } from "zod";
import { tool } from "../deps.ts";
import type { LibraryEntry } from "../library/library.ts";

export const match_meta_workflow = tool({
  name: "match_meta_workflow",
  title: "Match meta-workflow",
  description: "Which runbook a wish means, with reasons; where several may, what to ask.",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({ intent: z.string().min(1).max(2_000), limit: z.int().min(1).max(10).default(3) }),
  async run({ intent, limit }, { library }) {
    const { entries } = await library.read();
    const ids = new Set(entries.map(({ id }) => id));
    const { matches, certain, question } = matchWorkflows(
      intent,
      entries.map((entry) => toMatch(entry, ids)),
      { limit },
    );
    const lines = matches.map(
      ({ id, name, score, reasons }) => `${id} ${name} (${score}): ${reasons.map((reason) => reason.text).join("; ")}`,
    );
    const [first] = matches;
    const next =
      first === undefined
        ? { tool: "list_meta_workflows", arguments: {} }
        : certain
          ? { tool: "start_workflow", arguments: { workflow_name: first.id } }
          : undefined;
    return {
      text: [
        ...(lines.length === 0 ? ["No runbook fits."] : lines),
        ...(question === null ? [] : [`Ask: ${question}`]),
        ...(next === undefined ? [] : [`Next: ${next.tool} ${JSON.stringify(next.arguments)}`]),
      ].join("\n"),
      data: { matches, certain, question, ...(next === undefined ? {} : { next }) },
    };
  },
});

function toMatch({ row, definition, fromRow, status }: LibraryEntry, ids: ReadonlySet<string>): MatchEntry {
  const entry = entryOf(row, ids);
  if (definition === undefined || fromRow) return entry;
  const { triggers, description } = definition;
  return {
    ...entry,
    status,
    aliases: [definition.id, ...(definition.code === undefined ? [] : [definition.code])].filter((alias) => alias !== entry.id),
    phrases: [...new Set([...entry.phrases, ...triggers.phrases])],
    ...(description === undefined ? {} : { description }),
    not_this: { ...entry.not_this, ...triggers.not_this },
  };
}
