import type { Nodes, Table, TableRow } from "mdast";
import { BOUNDS } from "./bounds.ts";
import { bare, isWorkflowId } from "./identifiers.ts";
import { inlineOf, type Page } from "./page.ts";
import { bounded, shown, type Problems } from "./problems.ts";
import { readPhrases, unescaped } from "./quoted-phrases.ts";
import { WORKFLOW_STATUSES, type Workflow, type WorkflowStatus } from "./registry.ts";

type Column = "id" | "name" | "trigger" | "status" | "last_updated";
const COLUMNS: Readonly<Record<string, Column>> = {
  id: "id",
  name: "name",
  trigger: "trigger",
  triggers: "trigger",
  "trigger phrase": "trigger",
  "trigger phrases": "trigger",
  status: "status",
  "last updated": "last_updated",
  updated: "last_updated",
};
const NEEDED: readonly (readonly [Column, string])[] = [
  ["name", "Name"],
  ["trigger", "Trigger"],
  ["status", "Status"],
];

/** The workflows of one table under "Workflow Registry". Columns are found by the names in its head, in any order; others are not read. */
export function readTable(page: Page, table: Table, category: string, problems: Problems): readonly Workflow[] {
  const [head, ...rows] = table.children;
  if (head === undefined) return [];
  const at = columnsOf(page, head);
  if (!at.has("id")) {
    if (at.size > 1)
      problems.error(
        "column_missing",
        head,
        "The table has no column ID.",
        "Begin it with | ID | Name | Trigger | Status | Last Updated |.",
      );
    return [];
  }
  for (const [column, title] of NEEDED) {
    if (!at.has(column))
      problems.error("column_missing", head, `The table has no column ${title}.`, `Add a column with the head ${title}.`);
  }
  return rows.flatMap((row) => readRow(page, row, at, category, problems) ?? []);
}

function columnsOf(page: Page, head: TableRow): ReadonlyMap<Column, number> {
  const found = new Map<Column, number>();
  for (const [index, cell] of head.children.entries()) {
    const column = COLUMNS[bare(inlineOf(page, cell)).toLowerCase()];
    if (column !== undefined && !found.has(column)) found.set(column, index);
  }
  return found;
}

function readRow(page: Page, row: TableRow, at: ReadonlyMap<Column, number>, category: string, problems: Problems): Workflow | undefined {
  const cell = (column: Column) => row.children[at.get(column) ?? -1];
  const source = (column: Column): string => {
    const found = cell(column);
    return found === undefined ? "" : inlineOf(page, found);
  };
  const place = (column: Column) => cell(column)?.children[0] ?? cell(column) ?? row;
  if (row.children.every((each) => each.children.length === 0)) return undefined;
  const id = bare(unescaped(source("id")));
  if (!isWorkflowId(id)) {
    problems.error("id_invalid", place("id"), `${shown(id)} is no id.`, "Write MW-010, or words in lower case apart by hyphens.");
    return undefined;
  }
  const name = bounded(bare(unescaped(source("name"))), `the name of ${id}`, place("name"), problems);
  if (name === "" && at.has("name"))
    problems.error("name_missing", place("name"), `${id} has no name.`, "Write a few words in its column Name.");
  return {
    id,
    name: name === "" ? id : name,
    triggers: readTriggers(source("trigger"), id, place("trigger"), problems),
    status: readStatus(source("status"), id, place("status"), problems),
    category,
    last_updated: readDate(source("last_updated"), id, place("last_updated"), problems),
    line: row.position?.start.line ?? 1,
  };
}

function readTriggers(source: string, id: string, at: Nodes, problems: Problems): readonly string[] {
  const { phrases, quoted, outside } = readPhrases(source);
  if (phrases.length === 0) {
    problems.warning(
      "trigger_missing",
      at,
      `${id} has no trigger phrase: nobody finds it by what they say.`,
      'Write a phrase in double quotes, several apart by " / ".',
    );
  } else if (!quoted) {
    problems.warning(
      "trigger_unquoted",
      at,
      `The trigger of ${id} is not in double quotes; the whole cell is taken for it.`,
      `Write "${phrases[0] ?? ""}".`,
    );
  } else if (outside !== "") {
    problems.warning(
      "trigger_outside_quotes",
      at,
      `${shown(outside)} stands outside the quotes and is no trigger of ${id}.`,
      'Put every phrase in double quotes, apart by " / ".',
    );
  }
  if (phrases.length > BOUNDS.triggers) problems.error("too_many_triggers", at, `${id} has more than ${BOUNDS.triggers} triggers.`);
  return phrases.slice(0, BOUNDS.triggers).map((phrase) => bounded(phrase, `a trigger of ${id}`, at, problems));
}

// `Active`, `**Active**`, `✅ Active`, `(DRAFT)`.
const STATUS = /^[^\p{L}]*(\p{L}+)[^\p{L}]*$/u;

function readStatus(source: string, id: string, at: Nodes, problems: Problems): WorkflowStatus {
  const word = source.length > BOUNDS.name ? "" : (STATUS.exec(source)?.[1] ?? "").toLowerCase();
  const status = WORKFLOW_STATUSES.find((each) => each === word);
  if (status === undefined) {
    problems.error(
      "status_unknown",
      at,
      `${id} has the status ${shown(source)}; it is taken for a draft.`,
      "Write Active, Draft or Deprecated.",
    );
  }
  return status ?? "draft";
}

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

function readDate(source: string, id: string, at: Nodes, problems: Problems): string {
  const date = bounded(unescaped(source), `the date of ${id}`, at, problems);
  if (date !== "" && !DATE.test(date)) problems.warning("date_invalid", at, `${shown(date)} is no date.`, "Write the day as 2025-12-31.");
  return date;
}
