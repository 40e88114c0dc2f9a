import { isWorkflowId } from "./identifiers.ts";
import { SECTION_LABELS, STEP_LABELS, type SectionField } from "./labels.ts";
import { fieldText, headingText, itemText, labelText, lineText, nameText, noteLabel, proseText, standsAlone } from "./normal-form.ts";
import { escaped, quotePhrases } from "./quoted-phrases.ts";
import {
  isRegistryChapter,
  type Chapter,
  type Labelled,
  type Registry,
  type Workflow,
  type WorkflowSection,
  type WorkflowStep,
} from "./registry.ts";

const REGISTRY_CHAPTER: Chapter = { heading: "Workflow Registry", text: "" };
const STATUS = { active: "Active", draft: "Draft", deprecated: "Deprecated" } as const;

/**
 * META-WORKFLOWS.md of a registry. `parseRegistry` reads the same registry from it where every text is in normal form (no
 * white space at its ends, no bullet that is a rule, no prose that begins another chapter); what is not is brought into
 * it, and no text can become a row, a step or a section of its own. Throws a RangeError for an id that is none.
 */
export function renderRegistry(registry: Registry): string {
  for (const { id } of registry.workflows) if (!isWorkflowId(id)) throw new RangeError(`not the id of a workflow: ${JSON.stringify(id)}`);
  const ids = new Set(registry.workflows.map(({ id }) => id));
  const chapters = chaptersOf(registry);
  const parts = [`# ${headingText(registry.title)}`, ...registry.header.flatMap((field) => renderLabelled(field))];
  for (const [index, chapter] of chapters.entries()) {
    parts.push(`## ${chapter.heading}`, proseText(chapter.text, { isRegistry: isRegistryChapter(chapter.heading), ids }));
    if (index === chapters.findIndex(({ heading }) => isRegistryChapter(heading))) parts.push(...renderTables(registry.workflows));
    parts.push(...registry.workflows.filter((workflow) => belongsTo(workflow, index, chapters)).flatMap(renderSection));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The chapters, and those that only its workflows name; a registry without tables' chapter gets one. */
function chaptersOf(registry: Registry): readonly Chapter[] {
  const chapters = registry.chapters.map(({ heading, text }) => ({ heading: headingText(heading), text }));
  if (!chapters.some(({ heading }) => isRegistryChapter(heading))) chapters.unshift(REGISTRY_CHAPTER);
  for (const { section } of registry.workflows) {
    const wanted = headingText(section?.chapter ?? "");
    if (wanted !== "" && !chapters.some(({ heading }) => heading === wanted)) chapters.push({ heading: wanted, text: "" });
  }
  return chapters;
}

function belongsTo({ section }: Workflow, index: number, chapters: readonly Chapter[]): boolean {
  if (section === undefined) return false;
  const found = chapters.findIndex(({ heading }) => heading === headingText(section.chapter));
  return index === (found < 0 ? chapters.length - 1 : found);
}

function renderTables(workflows: readonly Workflow[]): readonly string[] {
  const categories = new Map<string, Workflow[]>();
  for (const workflow of workflows) {
    const category = headingText(workflow.category);
    categories.set(category, [...(categories.get(category) ?? []), workflow]);
  }
  // Rows without category stand before the first sub-heading: behind one they would get its category.
  const ordered = [...categories].toSorted(([a], [b]) => Number(a !== "") - Number(b !== ""));
  return ordered.flatMap(([category, rows]) => [
    category === "" ? "" : `### ${category}`,
    ["| ID | Name | Trigger | Status | Last Updated |", "| --- | --- | --- | --- | --- |", ...rows.map(renderRow)].join("\n"),
  ]);
}

function renderRow(workflow: Workflow): string {
  const phrases = quotePhrases(workflow.triggers.map(lineText).filter((phrase) => phrase !== ""));
  const cells = [workflow.id, escaped(nameText(workflow.name)), phrases, STATUS[workflow.status], escaped(lineText(workflow.last_updated))];
  return `| ${cells.join(" | ")} |`;
}

const LISTS_BEFORE: readonly Exclude<SectionField, "scope" | "steps" | "example">[] = ["disambiguates_from", "prerequisites"];
const LISTS_BEHIND: readonly Exclude<SectionField, "scope" | "steps" | "example">[] = ["related_files", "related_workflows"];

function renderSection({ id, section }: Workflow): readonly string[] {
  if (section === undefined) return [];
  const mark = section.mark === undefined ? "" : ` (${section.mark.toUpperCase()})`;
  const list = (field: keyof WorkflowSection & SectionField, items: readonly string[]) =>
    renderLabelled({ label: SECTION_LABELS[field], text: "", items });
  const unlabelled = section.notes.filter(({ label }) => label === "");
  return [
    `### ${id}: ${headingText(section.heading)}${mark}`,
    ...unlabelled.flatMap(renderNote),
    ...list(
      "trigger_phrases",
      section.trigger_phrases.map((phrase) => quotePhrases([lineText(phrase)])),
    ),
    ...renderLabelled({ label: SECTION_LABELS.scope, text: section.scope, items: [] }),
    ...LISTS_BEFORE.flatMap((field) => list(field, section[field])),
    // Behind a step they would be the step's.
    ...section.notes.filter(({ label }) => label !== "").flatMap(renderNote),
    section.steps.length === 0 ? "" : `**${SECTION_LABELS.steps}:**`,
    ...section.steps.flatMap(renderStep),
    ...list("outputs", section.outputs),
    ...list(
      "success_criteria",
      section.success_criteria.map((item) => `[ ] ${itemText(item)}`),
    ),
    ...renderExample(section.example),
    ...LISTS_BEHIND.flatMap((field) => list(field, section[field])),
  ];
}

function renderStep(step: WorkflowStep): readonly string[] {
  return [`#### ${step.number}. ${headingText(step.title)}`, ...renderStepBody(step)];
}

function renderStepBody(step: WorkflowStep): readonly string[] {
  return [
    ...step.notes.filter(({ label }) => label === "").flatMap(renderNote),
    ...renderLabelled({ label: STEP_LABELS.actions, text: "", items: step.actions }),
    ...renderLabelled({ label: STEP_LABELS.validation, text: "", items: step.validation }),
    ...step.notes.filter(({ label }) => label !== "").flatMap(renderNote),
  ];
}

/** One workflow as it stands in META-WORKFLOWS.md; of a row without section, its heading alone. */
export function renderWorkflow(workflow: Workflow): string {
  const parts = workflow.section === undefined ? [`### ${workflow.id}: ${headingText(workflow.name)}`] : renderSection(workflow);
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** What a step says, as Markdown without its heading: what an agent is given where a workflow has no definition. */
export function stepText(step: WorkflowStep): string {
  return renderStepBody(step)
    .filter((part) => part !== "")
    .join("\n\n");
}

function renderExample(example: string): readonly string[] {
  if (example === "") return [];
  const longest = Math.max(2, ...[...example.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [`**${SECTION_LABELS.example}:**`, `${fence}text\n${fieldText(example)}\n${fence}`];
}

function renderNote(note: Labelled): readonly string[] {
  return renderLabelled({ ...note, label: noteLabel(note.label) });
}

/** `**Label:** text` with its bullets; nothing where there is nothing to say. */
function renderLabelled({ label, text, items }: Labelled): readonly string[] {
  const name = labelText(label);
  const line = lineText(text);
  const all = items.map(itemText).filter((item) => item !== "");
  // Without a label a text must not look like anything but a paragraph.
  const paragraph = name === "" && !standsAlone(line) ? "" : line;
  if (paragraph === "" && line !== "") all.unshift(itemText(line));
  if (paragraph === "" && all.length === 0) return [];
  const head = name === "" ? paragraph : `**${name}:**${paragraph === "" ? "" : ` ${paragraph}`}`;
  return [head, all.map(bullet).join("\n")];
}

function bullet(item: string): string {
  return `- ${item.split("\n").join("\n  ")}`.replaceAll(/^ +$/gm, "");
}
