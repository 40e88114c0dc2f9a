import { stepText } from "@platform-ops/meta-workflow-registry";
import { diagram, renderPage } from "@platform-ops/meta-workflow-registry/page";
import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { tool } from "../deps.ts";
import type { LibraryEntry } from "../library/library.ts";
import { workflow } from "./params.ts";

/** Changes of an import that are shown. */
const SHOWN = 50;

export const get_meta_workflow = tool({
  name: "get_meta_workflow",
  title: "Get meta-workflow",
  description: "One runbook: summary with inputs, prose, definition (YAML) or diagram (Mermaid).",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({ id: workflow, view: z.enum(["summary", "prose", "definition", "diagram"]).default("summary") }),
  async run({ id, view }, { library }) {
    const entry = await library.find(id);
    const text = viewText(entry, view);
    const { definition } = entry;
    return {
      text,
      data: {
        id: entry.id,
        name: entry.name,
        status: entry.status,
        view,
        has_definition: definition !== undefined && !entry.fromRow,
        ...(definition === undefined
          ? {}
          : { workflow_name: definition.id, version: definition.version, risk: definition.risk, inputs: definition.inputs }),
        triggers: entry.row.triggers,
        file: entry.file,
        ...(entry.changes === undefined ? {} : { change_count: entry.changes.length, changes: entry.changes.slice(0, SHOWN) }),
        ...(view === "summary" ? {} : { text }),
        next: { tool: "start_workflow", arguments: { workflow_name: definition?.id ?? entry.id } },
      },
    };
  },
});

/** @throws OpsError definition_invalid where it has none */
export function viewText(entry: LibraryEntry, view: "summary" | "prose" | "definition" | "diagram"): string {
  const { definition, fromRow } = entry;
  if (view === "summary") return summaryText(entry);
  if (view === "prose" && (fromRow || definition === undefined)) return rowText(entry);
  if (definition === undefined)
    throw new OpsError("definition_invalid", `${entry.id} has no definition and no numbered steps.`, {
      hint: "Its prose is all there is: view prose.",
    });
  if (view === "prose") return renderPage(definition);
  if (view === "diagram") return diagram(definition);
  return entry.text ?? JSON.stringify(definition, undefined, 2);
}

function summaryText({ id, name, status, row, definition, fromRow, file, changes = [] }: LibraryEntry): string {
  const inputs = Object.entries((definition?.inputs["properties"] ?? {}) as Record<string, { type?: unknown; description?: unknown }>);
  const required = (definition?.inputs["required"] ?? []) as readonly string[];
  return [
    `${id} ${name} [${status}]${definition === undefined ? "" : `, version ${definition.version}, risk ${definition.risk}`}`,
    ...(definition?.description === undefined ? [] : [definition.description]),
    `Triggers: ${row.triggers.join(" / ") || "none"}`,
    ...inputs.map(
      ([input, { type, description }]) =>
        `Input ${input}${required.includes(input) ? " (required)" : ""}: ${String(type ?? "any")}${description === undefined ? "" : `, ${String(description)}`}`,
    ),
    definition === undefined
      ? "It has no steps to carry out."
      : fromRow
        ? `${definition.steps.length} step(s) written for people: each becomes an action for you; the server checks nothing.`
        : `Steps: ${definition.steps.map((step) => step.title ?? step.id).join(" → ")}`,
    `File: ${file}`,
    ...(changes.length === 0 ? [] : ["It was written in another form. What was changed:", ...changes.slice(0, SHOWN)]),
    ...(changes.length > SHOWN ? [`and ${changes.length - SHOWN} more`] : []),
  ].join("\n");
}

function rowText({ id, name, row }: LibraryEntry): string {
  const { section } = row;
  if (section === undefined) return `${id} ${name}\nTriggers: ${row.triggers.join(" / ")}`;
  const list = (label: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`${label}:\n${items.map((item) => `- ${item}`).join("\n")}`];
  return [
    `# ${id}: ${section.heading}`,
    ...(section.scope === "" ? [] : [`Scope: ${section.scope}`]),
    ...list("Prerequisites", section.prerequisites),
    ...section.steps.map((step) => `## ${step.number}. ${step.title}\n${stepText(step)}`),
    ...list("Outputs", section.outputs),
    ...list("Success criteria", section.success_criteria),
  ].join("\n\n");
}
