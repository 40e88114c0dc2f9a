import type { Heading, List, ListItem, Paragraph, RootContent } from "mdast";
import { BOUNDS } from "./bounds.ts";
import { bare } from "./identifiers.ts";
import { readLabels, readStepTitle } from "./labels.ts";
import { inlineOf, sourceOf, type Page } from "./page.ts";
import { normalText, oneLine } from "./plain-text.ts";
import { bounded, type Problems } from "./problems.ts";
import type { WorkflowSection } from "./registry.ts";
import { SectionDraft, type SectionPlace } from "./section-draft.ts";
import { shellBlocksIn } from "./shell-blocks.ts";

/** Reads what stands under a workflow's heading: steps, and fields by their bold labels. A label of the section ends the step before it. */
export function readSection(page: Page, place: SectionPlace, blocks: readonly RootContent[], problems: Problems): WorkflowSection {
  const draft = new SectionDraft(place, problems);
  for (const block of blocks) {
    if (block.type === "heading") readHeading(page, draft, block, problems);
    else if (block.type === "paragraph") readParagraph(page, draft, block, problems);
    else if (block.type === "list") readList(page, draft, block, problems);
    else if (block.type === "code" && draft.field === "example") draft.setExample(block.value);
    else if (block.type !== "thematicBreak") draft.addItem(itemText(page, [block]), shellBlocksIn(block), block);
  }
  return draft.finished();
}

function readHeading(page: Page, draft: SectionDraft, node: Heading, problems: Problems): void {
  const text = inlineOf(page, node);
  const step = readStepTitle(bare(text));
  if (step !== undefined) draft.beginStep(step.number, bounded(step.title, "The title of a step", node, problems), node);
  else draft.beginLabel(bare(text).replace(/:$/, "").slice(0, BOUNDS.name), "", node);
}

function readParagraph(page: Page, draft: SectionDraft, node: Paragraph, problems: Problems): void {
  for (const { label, text } of readLabels(sourceOf(page, [node]))) {
    if (label === "") draft.addText(text, node);
    else readLabel(draft, label, text, node, problems);
  }
}

function readLabel(draft: SectionDraft, label: string, text: string, node: Paragraph, problems: Problems): void {
  // `**Step 1: Title**` and `**1. Title:**` are how wikis write a step without a heading.
  const step = draft.field === "steps" || draft.inStep ? readStepTitle(label) : undefined;
  if (step === undefined) return draft.beginLabel(label, text, node);
  draft.beginStep(step.number, bounded(oneLine(`${step.title} ${text}`), "The title of a step", node, problems), node);
}

function readList(page: Page, draft: SectionDraft, list: List, problems: Problems): void {
  const areSteps = draft.field === "steps" && list.ordered === true;
  for (const [index, item] of list.children.entries()) {
    if (areSteps) readStepItem(page, draft, item, (list.start ?? 1) + index, problems);
    else draft.addItem(itemText(page, item.children), item.children.flatMap(shellBlocksIn), item);
  }
}

/** A step as an item of a numbered list: its first paragraph is its title, what follows is what to do. */
function readStepItem(page: Page, draft: SectionDraft, item: ListItem, number: number, problems: Problems): void {
  const [first, ...rest] = item.children;
  const title = first?.type === "paragraph" ? oneLine(sourceOf(page, [first])) : "";
  draft.beginStep(number, bounded(title, "The title of a step", item, problems), item);
  draft.beginLabel("Actions", "", item);
  for (const node of title === "" ? item.children : rest) {
    if (node.type === "list") readList(page, draft, node, problems);
    else if (node.type === "paragraph") readParagraph(page, draft, node, problems);
    else draft.addItem(itemText(page, [node]), shellBlocksIn(node), node);
  }
  draft.endStep();
}

function itemText(page: Page, nodes: readonly RootContent[]): string {
  return normalText(sourceOf(page, nodes));
}
