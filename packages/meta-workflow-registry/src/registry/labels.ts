import { oneLine } from "./plain-text.ts";

/** The fields of a workflow's section that have a label of their own in the source. */
export const SECTION_LABELS = {
  trigger_phrases: "Trigger Phrases",
  scope: "Scope",
  disambiguates_from: "Disambiguates From",
  prerequisites: "Prerequisites",
  steps: "Steps",
  outputs: "Outputs",
  success_criteria: "Success Criteria",
  example: "Example Execution",
  related_files: "Related Files",
  related_workflows: "Related Workflows",
} as const;
export type SectionField = keyof typeof SECTION_LABELS;

export const STEP_LABELS = { actions: "Actions", validation: "Validation" } as const;
export type StepField = keyof typeof STEP_LABELS;

const SECTION_FIELDS: ReadonlyMap<string, SectionField> = new Map<string, SectionField>([
  ...Object.entries(SECTION_LABELS).map(([field, label]) => [label.toLowerCase(), field as SectionField] as const),
  ["trigger phrase", "trigger_phrases"],
  ["triggers", "trigger_phrases"],
  ["prerequisite", "prerequisites"],
  ["example", "example"],
  ["example executions", "example"],
]);
const STEP_FIELDS: ReadonlyMap<string, StepField> = new Map([
  ["actions", "actions"],
  ["action", "actions"],
  ["validation", "validation"],
]);

/** The field that a label of a section names, in any case. */
export function sectionFieldOf(label: string): SectionField | undefined {
  return SECTION_FIELDS.get(label.toLowerCase());
}

/** The field that a label of a step names, in any case. */
export function stepFieldOf(label: string): StepField | undefined {
  return STEP_FIELDS.get(label.toLowerCase());
}

/** A label with the text on its line and on the lines behind it; the label is empty for what stands before the first. */
export interface LabelledLine {
  readonly label: string;
  readonly text: string;
}

const LABEL = /^\*\*([^*]{1,80}?)(?::\*\*|\*\*[ \t]?:)[ \t]*(.*)$/;

/** The source of a paragraph as labels with their text: `**Purpose:** why` on a line of its own begins one. */
export function readLabels(paragraph: string): readonly LabelledLine[] {
  const found: { label: string; lines: string[] }[] = [];
  const lines = paragraph.split("\n");
  for (const [index, source] of lines.entries()) {
    // A backslash at the end of a line that another follows breaks it in Markdown: here it is only layout.
    const line = index < lines.length - 1 ? source.replace(/\\$/, "") : source;
    const [, label, text = ""] = LABEL.exec(line.trim()) ?? [];
    const last = found.at(-1);
    if (label !== undefined) found.push({ label: label.trim(), lines: [text] });
    else if (last !== undefined) last.lines.push(line);
    else found.push({ label: "", lines: [line] });
  }
  return found.map(({ label, lines }) => ({ label, text: label === "" ? lines.join("\n") : oneLine(lines.join("\n")) }));
}

const STEP = /^(?:step[ \t]+)?(\d{1,4})(?:[.):]|[ \t]*[-–—][ \t])[ \t]*(.*)$/i;

/** A title that begins a step: `1. Look`, `Step 1: Look`. */
export function readStepTitle(text: string): { number: number; title: string } | undefined {
  const [, number, title = ""] = STEP.exec(text) ?? [];
  return number === undefined ? undefined : { number: Number(number), title };
}
