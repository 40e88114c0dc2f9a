import type { Heading, RootContent } from "mdast";
import type { Problem } from "../problem.ts";
import { outOfBounds } from "./bounded-text.ts";
import { BOUNDS } from "./bounds.ts";
import { sectionHeading, type WorkflowHeading } from "./identifiers.ts";
import { readLabels } from "./labels.ts";
import { inlineOf, parsePage, sourceOf, type Page } from "./page.ts";
import { cleanText, normalText, oneLine } from "./plain-text.ts";
import { Problems } from "./problems.ts";
import { readSection } from "./read-section.ts";
import { readTable } from "./read-table.ts";
import { isRegistryChapter, type Chapter, type Labelled, type Registry, type Workflow, type WorkflowSection } from "./registry.ts";

/** A registry as it was read, and what is wrong with its text. */
export interface ParsedRegistry extends Registry {
  readonly problems: readonly Problem[];
}

/** Where rows were not read yet. */
const NO_IDS: ReadonlySet<string> = new Set();
const NOTHING: Registry = { title: "", header: [], chapters: [], workflows: [] };

/**
 * Reads META-WORKFLOWS.md. Rows count only in tables under the heading "Workflow Registry"; the section of a workflow may stand
 * anywhere. Never throws: a text beyond the bounds gives no workflow and one problem.
 */
export function parseRegistry(text: string): ParsedRegistry {
  const problems = new Problems();
  // Before anything that takes time in proportion to the text.
  const tooLong = text.length > BOUNDS.text ? outOfBounds(text) : undefined;
  const cleaned = tooLong === undefined ? cleanText(text) : { text: "", hidden: [] };
  const excess = tooLong ?? outOfBounds(cleaned.text);
  if (excess !== undefined) {
    problems.error(excess.code, { line: excess.line, column: 1 }, excess.message, "Split the registry, or shorten this part.");
    return { ...NOTHING, problems: problems.list };
  }
  for (const { line, column, name } of cleaned.hidden) {
    problems.warning("hidden_character", { line, column }, `A character that nobody sees (${name}) stands here.`, "Delete it.");
  }
  const page = parsePage(cleaned.text);
  const { title, header, parts } = partsOf(page);
  const workflows = readRows(page, parts, problems);
  const sections = readSections(page, parts, new Set(workflows.map(({ id }) => id)), problems);
  return {
    title,
    header,
    chapters: parts.filter(({ heading }) => heading !== undefined).map((part) => chapterOf(page, part, workflows)),
    workflows: workflows.map((workflow) => withSection(workflow, sections.get(workflow.id), problems)),
    problems: problems.list.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}

/** A second-level heading and all that stands under it; without heading, what stands before the first. */
interface Part {
  readonly heading?: Heading;
  readonly title: string;
  readonly blocks: readonly RootContent[];
}

function partsOf(page: Page): { title: string; header: readonly Labelled[]; parts: readonly Part[] } {
  const first = page.blocks.find((block): block is Heading => block.type === "heading" && block.depth === 1);
  const parts: { heading?: Heading; title: string; blocks: RootContent[] }[] = [{ title: "", blocks: [] }];
  for (const block of page.blocks) {
    if (block === first) continue;
    // A workflow's heading of the second level is no chapter.
    if (block.type === "heading" && block.depth <= 2 && sectionHeading(inlineOf(page, block), NO_IDS) === undefined) {
      parts.push({ heading: block, title: inlineOf(page, block).slice(0, BOUNDS.name), blocks: [] });
    } else parts.at(-1)?.blocks.push(block);
  }
  return {
    title: first === undefined ? "" : inlineOf(page, first).slice(0, BOUNDS.name),
    header: headerOf(page, parts[0]?.blocks ?? []),
    parts,
  };
}

function headerOf(page: Page, blocks: readonly RootContent[]): readonly Labelled[] {
  const header: { label: string; text: string; items: string[] }[] = [];
  for (const block of blocks) {
    if (block.type === "heading") break;
    if (block.type === "thematicBreak") continue;
    if (block.type === "paragraph") {
      for (const { label, text } of readLabels(sourceOf(page, [block]))) header.push({ label, text: oneLine(text), items: [] });
      continue;
    }
    if (header.length === 0) header.push({ label: "", text: "", items: [] });
    const nodes = block.type === "list" ? block.children.map(({ children }) => children) : [[block]];
    header.at(-1)?.items.push(...nodes.map((each) => normalText(sourceOf(page, each))).filter((item) => item !== ""));
  }
  return header.slice(0, BOUNDS.items);
}

function readRows(page: Page, parts: readonly Part[], problems: Problems): readonly Workflow[] {
  const registries = parts.filter(({ title }) => isRegistryChapter(title));
  const rows = registries.flatMap(({ blocks }) => {
    let category = "";
    let inSection = false;
    return blocks.flatMap((block) => {
      if (block.type === "heading") {
        const text = inlineOf(page, block);
        inSection = sectionHeading(text, NO_IDS) !== undefined;
        if (!inSection) category = text.slice(0, BOUNDS.name);
      }
      return block.type === "table" && !inSection ? readTable(page, block, category, problems) : [];
    });
  });
  if (registries.length === 0) {
    problems.error(
      "registry_missing",
      { line: 1, column: 1 },
      'There is no heading "Workflow Registry".',
      "Put the table of the workflows under ## Workflow Registry.",
    );
  }
  const kept = new Map<string, Workflow>();
  for (const row of rows) {
    const place = { line: row.line, column: 1 };
    const earlier = kept.get(row.id);
    if (earlier !== undefined)
      problems.error(
        "id_duplicate",
        place,
        `${row.id} is also on line ${earlier.line}; the first is taken.`,
        "Give one of them another id.",
      );
    else if (kept.size >= BOUNDS.workflows) problems.error("too_many_workflows", place, `At most ${BOUNDS.workflows} workflows are read.`);
    else kept.set(row.id, row);
  }
  return [...kept.values()];
}

function workflowHeadingIn(page: Page, block: RootContent, ids: ReadonlySet<string>): WorkflowHeading | undefined {
  if (block.type !== "heading" || block.depth < 2 || block.depth > 4) return undefined;
  return sectionHeading(inlineOf(page, block), ids);
}

function readSections(
  page: Page,
  parts: readonly Part[],
  ids: ReadonlySet<string>,
  problems: Problems,
): ReadonlyMap<string, WorkflowSection> {
  const sections = new Map<string, WorkflowSection>();
  for (const { title: chapter, blocks } of parts) {
    for (const [index, node] of blocks.entries()) {
      const heading = workflowHeadingIn(page, node, ids);
      if (heading === undefined || node.type !== "heading") continue;
      if (!ids.has(heading.id)) {
        problems.warning(
          "section_without_row",
          node,
          `${heading.id} is in no table under "Workflow Registry".`,
          "Add its row, or take the section away.",
        );
        continue;
      }
      const earlier = sections.get(heading.id);
      if (earlier !== undefined) {
        problems.error(
          "section_duplicate",
          node,
          `${heading.id} is described on line ${earlier.line} too; the first is taken.`,
          "Take one of them away.",
        );
        continue;
      }
      const rest = blocks.slice(index + 1);
      const end = rest.findIndex(
        (block) => block.type === "heading" && (block.depth <= node.depth || workflowHeadingIn(page, block, ids) !== undefined),
      );
      sections.set(heading.id, readSection(page, { heading, node, chapter }, end < 0 ? rest : rest.slice(0, end), problems));
    }
  }
  return sections;
}

/** The prose of a chapter: what stands before its first table of workflows or the heading over it, or before its first workflow. */
function chapterOf(page: Page, part: Part, workflows: readonly Workflow[]): Chapter {
  const ids = new Set(workflows.map(({ id }) => id));
  const isRegistry = isRegistryChapter(part.title);
  const end = part.blocks.findIndex(
    (block) => workflowHeadingIn(page, block, ids) !== undefined || (isRegistry && (block.type === "table" || block.type === "heading")),
  );
  const prose = end < 0 ? part.blocks : part.blocks.slice(0, end);
  const from = prose.findIndex(({ type }) => type !== "thematicBreak");
  const to = prose.findLastIndex(({ type }) => type !== "thematicBreak");
  return { heading: part.title, text: from < 0 ? "" : normalText(sourceOf(page, prose.slice(from, to + 1))) };
}

function withSection(workflow: Workflow, section: WorkflowSection | undefined, problems: Problems): Workflow {
  const place = { line: workflow.line, column: 1 };
  if (section === undefined) {
    problems.warning(
      "section_missing",
      place,
      `${workflow.id} is described nowhere.`,
      `Write a section ### ${workflow.id}: ${workflow.name} with its steps.`,
    );
    return workflow;
  }
  const { mark } = section;
  if (mark !== undefined && mark !== workflow.status) {
    problems.warning(
      "status_differs",
      { line: section.line, column: 1 },
      `The heading of ${workflow.id} says ${mark}, its row says ${workflow.status}; the row counts.`,
      "Make them say the same.",
    );
  }
  return { ...workflow, section };
}
