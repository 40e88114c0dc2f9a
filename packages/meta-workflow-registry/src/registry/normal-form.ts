import { bare, sectionHeading } from "./identifiers.ts";
import { readLabels, readStepTitle, sectionFieldOf, stepFieldOf } from "./labels.ts";
import { inlineOf, parsePage } from "./page.ts";
import { cleanText, normalText, oneLine } from "./plain-text.ts";

// How a text is brought into the form in which it is read back as it was written.

const CLOSING = /(^|[ \t])#+$/;

/** A text of several lines, for a fenced block. */
export function fieldText(text: string): string {
  return normalText(cleanText(text).text);
}

/** A text on one line. */
export function lineText(text: string): string {
  return oneLine(cleanText(text).text);
}

/** The name of a workflow: without marks around the whole of it. */
export function nameText(text: string): string {
  return bare(lineText(text));
}

/** A heading's text: number signs at its end would be taken for its closing. */
export function headingText(text: string): string {
  let heading = lineText(text);
  while (CLOSING.test(heading)) heading = heading.replace(CLOSING, "").trim();
  return heading;
}

/** A label's text: no colon or asterisk, which end it, and no number, which would make a step of it. */
export function labelText(text: string): string {
  const label = lineText(text).replaceAll(/[*:]+/g, " ").trim().slice(0, 80).trim();
  const step = readStepTitle(label);
  return step === undefined ? label : labelText(step.title);
}

/** The label of a note: a label that means a field would be read as that field. */
export function noteLabel(text: string): string {
  const label = labelText(text);
  return sectionFieldOf(label) === undefined && stepFieldOf(label) === undefined ? label : `${label} (note)`;
}

/** The text of a bullet. */
export function itemText(text: string): string {
  const item = fieldText(text);
  // Hyphens behind the bullet's own would make a rule of it.
  return /^-[ \t-]*-[ \t]*(\n|$)/.test(item) ? `\\${item}` : item;
}

/** True where a line without label is read as a paragraph of its own. */
export function standsAlone(line: string): boolean {
  // Nothing else begins with a letter on a line of its own.
  if (line === "" || /^\p{L}/u.test(line)) return true;
  const [only, ...others] = parsePage(line).blocks;
  return only?.type === "paragraph" && others.length === 0 && readLabels(line).every(({ label }) => label === "");
}

/** What the prose of a chapter stands among. */
export interface ProsePlace {
  /** Under "Workflow Registry" every sub-heading and every table is read. */
  readonly isRegistry: boolean;
  readonly ids: ReadonlySet<string>;
}

/**
 * The prose of a chapter. Prose that would begin a chapter or a workflow, hold a table of workflows, or swallow what follows
 * it (an open fence or comment) becomes a quotation, which can do none of that.
 */
export function proseText(text: string, { isRegistry, ids }: ProsePlace): string {
  const prose = fieldText(text);
  if (prose === "") return "";
  const page = parsePage(`${prose}\n\n## End`);
  const last = page.blocks.at(-1);
  const ends = last?.type === "heading" && last.depth === 2 && inlineOf(page, last) === "End";
  const inside = ends ? page.blocks.slice(0, -1) : [];
  const safe = inside.every((block) => {
    if (block.type !== "heading") return !isRegistry || block.type !== "table";
    return !isRegistry && block.depth > 2 && sectionHeading(inlineOf(page, block), ids) === undefined;
  });
  const ruled = inside[0]?.type === "thematicBreak" || inside.at(-1)?.type === "thematicBreak";
  if (ends && safe && !ruled) return prose;
  return prose
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}
