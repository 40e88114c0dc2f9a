import { OpsError } from "@platform-ops/errors";
import { parseRegistry, phrasesOf, renderRegistry, type Workflow } from "@platform-ops/meta-workflow-registry";
import type { Definition } from "@platform-ops/meta-workflow-registry/definition";

/** What a registry's rows say of definitions, brought up to date. */
export interface UpdatedRows {
  readonly text: string;
  /** Ids of the rows that said something else, or were not there. */
  readonly changed: readonly string[];
}

/**
 * META-WORKFLOWS.md in which the rows of these definitions say name, words and status as the definitions do. Only lines of such
 * rows change; a definition without row gets one behind the last. The words of a row may be fewer than the definition's where its
 * section has the others.
 * @throws OpsError invalid_config where the table cannot be written by rows
 */
export function updateRows(text: string, definitions: readonly Definition[], today: string): UpdatedRows {
  const before = parseRegistry(text);
  const lines = text.split("\n");
  const wanted = new Map<string, Workflow>();
  const added: Workflow[] = [];
  for (const definition of definitions) {
    const row = before.workflows.find(({ id }) =>
      [definition.code, definition.id].some((name) => name?.toLowerCase() === id.toLowerCase()),
    );
    const updated = rowOf(definition, row, today);
    if (row !== undefined && says(row, updated)) continue;
    wanted.set(updated.id, updated);
    if (row === undefined) added.push(updated);
    else lines[row.line - 1] = lineOf(updated);
  }
  const last = Math.max(0, ...before.workflows.map(({ line }) => line));
  if (added.length > 0 && last === 0)
    throw new OpsError("invalid_config", "The registry has no row behind which one can be added.", {
      hint: "Write a table with the columns ID, Name, Trigger, Status, Last Updated and a first row.",
    });
  lines.splice(last, 0, ...added.map(lineOf));
  const result = lines.join("\n");
  refuseOther(before.workflows, parseRegistry(result).workflows, wanted);
  return { text: result, changed: [...wanted.keys()] };
}

function rowOf(definition: Definition, row: Workflow | undefined, today: string): Workflow {
  const { name, status, triggers } = definition;
  const phrases = triggers.phrases.map((phrase) => phrase.trim());
  const told = new Set(row?.section?.trigger_phrases ?? []);
  const inRow = (row?.triggers ?? []).filter((phrase) => phrases.includes(phrase));
  return {
    id: row?.id ?? definition.code ?? definition.id,
    name,
    triggers: [...inRow, ...phrases.filter((phrase) => !inRow.includes(phrase) && !told.has(phrase))],
    status: status === "retired" ? "deprecated" : status,
    category: row?.category ?? "",
    last_updated: row?.last_updated ?? today,
    line: row?.line ?? 0,
    ...(row?.section === undefined ? {} : { section: row.section }),
    ...(row === undefined ? {} : says(row, { name, status, phrases }) ? {} : { last_updated: today }),
  };
}

/** Whether a row says the same already. */
function says(
  row: Workflow,
  { name, status, ...words }: { name: string; status: string; phrases?: readonly string[]; triggers?: readonly string[] },
): boolean {
  const phrases = words.phrases ?? words.triggers ?? [];
  const known = phrasesOf(row);
  return (
    row.name === name &&
    row.status === (status === "retired" ? "deprecated" : status) &&
    phrases.every((phrase) => known.includes(phrase)) &&
    (words.phrases === undefined
      ? row.triggers.join("\n") === phrases.join("\n")
      : row.triggers.every((phrase) => phrases.includes(phrase)))
  );
}

function lineOf(row: Workflow): string {
  const { section: _section, ...bare } = row;
  const text = renderRegistry({ title: "x", header: [], chapters: [], workflows: [{ ...bare, category: "" }] });
  return text.split("\n").findLast((line) => line.startsWith("| ")) ?? "";
}

/** Tables have other columns, or cells that are read otherwise: nothing is written that does not read back. */
function refuseOther(before: readonly Workflow[], after: readonly Workflow[], wanted: ReadonlyMap<string, Workflow>): void {
  const facts = ({ id, name, triggers, status }: Workflow): string => JSON.stringify([id, name, triggers, status]);
  const known = new Map(before.map((row) => [row.id, facts(row)]));
  for (const [id, row] of wanted) known.set(id, facts(row));
  const isSame = after.length === known.size && after.every((row) => known.get(row.id) === facts(row));
  if (isSame) return;
  throw new OpsError(
    "invalid_config",
    `The table has other columns than those that are written: the rows of ${[...wanted.keys()].join(", ")} cannot be.`,
    {
      hint: "Use the columns ID, Name, Trigger, Status, Last Updated, or correct these rows by hand.",
    },
  );
}
