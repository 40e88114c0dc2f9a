import { oneLine } from "./plain-text.ts";

// `MW-001` as in the source; the id of a definition (`feature-development`), with its namespace where it has one
// (`planning:interactive`).
const CODE = "[A-Z]{2,8}-\\d{1,6}";
const WORDS = "[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*(?::[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)?";
const LONGEST = 80;
const ID = new RegExp(`^(?:${CODE}|${WORDS})$`);
const HEADING = new RegExp(`^(${CODE}|${WORDS})(?:(?::| [-–—])(?:[ \\t]+(.*))?)?$`);
const MARK = /^(.*?)\s*\((draft|deprecated)\)$/i;

/** True for what can be the id of a workflow. */
export function isWorkflowId(text: string): boolean {
  return text.length <= LONGEST && ID.test(text);
}

/** The workflow whose section a heading begins: one that the registry names, or one whose id nothing else can bear. */
export function sectionHeading(text: string, ids: ReadonlySet<string>): WorkflowHeading | undefined {
  const heading = readWorkflowHeading(text);
  return heading !== undefined && (ids.has(heading.id) || isWorkflowCode(heading.id)) ? heading : undefined;
}

/** True for an id of the form `MW-001`, which nothing but a workflow bears. */
function isWorkflowCode(text: string): boolean {
  return /^[A-Z]{2,8}-\d{1,6}$/.test(text);
}

/** What a heading `MW-006: Flux Debugging Session (DRAFT)` says; undefined for other headings. */
export interface WorkflowHeading {
  readonly id: string;
  readonly title: string;
  readonly mark?: "draft" | "deprecated";
}

/** Reads the heading of a workflow's section. Whether there is such a workflow is for the caller to know. */
function readWorkflowHeading(text: string): WorkflowHeading | undefined {
  const [, id, rest = ""] = HEADING.exec(bare(text)) ?? [];
  if (id === undefined || id.length > LONGEST) return undefined;
  const [, title, mark] = MARK.exec(rest) ?? [];
  if (title === undefined || mark === undefined) return { id, title: rest.trim() };
  return { id, title, mark: mark.toLowerCase() as "draft" | "deprecated" };
}

const LONGEST_MARKED = 500;
const LINK = /^\[([^\]]*)\]\([^)]*\)$/;
const EMPHASIS = /^(\*{1,3}|_{1,3}|`+)(.+)\1$/;

/** A text of one line without the link, emphasis and code marks around the whole of it. */
export function bare(text: string): string {
  let inner = oneLine(text);
  // A mark of many characters is tried in every length.
  if (inner.length > LONGEST_MARKED) return inner;
  for (;;) {
    const next = LINK.exec(inner)?.[1] ?? EMPHASIS.exec(inner)?.[2];
    if (next === undefined) return inner;
    inner = next.trim();
  }
}
