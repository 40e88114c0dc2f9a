import { phrasesOf, type Workflow, type WorkflowStatus } from "../registry/registry.ts";

/** What is known of a workflow when one is looked for: from a definition or from a row of the registry. */
export interface MatchEntry {
  readonly id: string;
  /** Other ids: the code `MW-001` of a definition. */
  readonly aliases?: readonly string[];
  readonly name: string;
  readonly status: WorkflowStatus | "retired";
  /** Trigger phrases, with their placeholders. */
  readonly phrases: readonly string[];
  readonly description?: string;
  readonly tags?: readonly string[];
  /** By the id of another workflow: what is meant where that one is meant and not this. */
  readonly not_this?: Readonly<Record<string, string>>;
}

/** The entry of a row: its phrases, and of "Disambiguates From" the lines that name one of `ids`. */
export function entryOf(workflow: Workflow, ids: ReadonlySet<string>): MatchEntry {
  const { id, name, status, section } = workflow;
  const lines = section?.disambiguates_from ?? [];
  const not_this = lines.flatMap((line) =>
    mentioned(line, ids)
      .filter((other) => other !== id)
      .map((other) => [other, saying(line, other)] as const),
  );
  return {
    id,
    name,
    status,
    phrases: phrasesOf(workflow),
    ...(section === undefined ? {} : { description: section.notes.find(({ label }) => label === "")?.text ?? "" }),
    ...(not_this.length === 0 ? {} : { not_this: Object.fromEntries(not_this) }),
  };
}

const ID_WORDS = /[A-Za-z0-9]+(?:[-_:][A-Za-z0-9]+)*/g;

function mentioned(line: string, ids: ReadonlySet<string>): readonly string[] {
  return [...new Set([...line.matchAll(ID_WORDS)].map(([word]) => word))].filter((word) => ids.has(word));
}

/** `MW-007 (New Tool Category): a whole suite` → `a whole suite`. */
function saying(line: string, id: string): string {
  const behind = line.slice(line.indexOf(id) + id.length);
  return behind.replace(/^[`*]*[ \t]*(?:\([^()]{0,200}\))?[`*]*[ \t]*(?:[:—–-][ \t]*)?/, "").trim() || line;
}
