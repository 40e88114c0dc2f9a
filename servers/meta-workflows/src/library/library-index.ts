import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@platform-ops/ledger";
import { parseRegistry, type Workflow } from "@platform-ops/meta-workflow-registry";
import { parseDefinition, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import { definitionFiles, readLibraryFile, REGISTRY_FILE } from "./read-folder.ts";
import { definitionOfRow } from "./row-definition.ts";

/**
 * What texts mean, by the digest of the text: whatever was changed is not in here, and is read. Made at build time of what is
 * shipped and kept beside it, because reading those texts takes most of a second of processor time in every process.
 */
export interface LibraryIndex {
  readonly definitions: Readonly<Record<string, Definition>>;
  readonly registries: Readonly<Record<string, IndexedRegistry>>;
}

/** A registry's rows, and the definitions that are made of those which have none, by the row's id. */
export interface IndexedRegistry {
  readonly workflows: readonly Workflow[];
  readonly made: Readonly<Record<string, Definition>>;
}

const INDEX_FILE = "index.json";
const EMPTY: LibraryIndex = { definitions: {}, registries: {} };

/** By what a text is found. */
export function indexKey(text: string): string {
  return sha256(text);
}

/** The index of a folder; an empty one where there is none, or it cannot be read. */
export async function readIndex(folder: string): Promise<LibraryIndex> {
  try {
    return { ...EMPTY, ...(JSON.parse(await readFile(join(folder, INDEX_FILE), "utf8")) as Partial<LibraryIndex>) };
  } catch {
    return EMPTY;
  }
}

/** Writes the index of a folder. Texts with any problem are left out, so that the problem is told. */
export async function writeIndex(folder: string): Promise<void> {
  const definitions: Record<string, Definition> = {};
  const own = new Set<string>();
  for (const file of await definitionFiles(folder)) {
    const read = await readLibraryFile(file);
    const { definition, problems } = parseDefinition(read?.text ?? "", { file });
    if (read === undefined || definition === undefined || problems.length > 0) continue;
    definitions[indexKey(read.text)] = definition;
    for (const id of [definition.id, definition.code]) if (id !== undefined) own.add(id.toLowerCase());
  }
  const registries: Record<string, IndexedRegistry> = {};
  const file = join(folder, REGISTRY_FILE);
  const read = await readLibraryFile(file);
  const { workflows, problems } = parseRegistry(read?.text ?? "");
  if (read !== undefined && problems.length === 0) {
    const bare = workflows.filter(({ id }) => !own.has(id.toLowerCase()));
    const made = bare.flatMap((row) => {
      const definition = definitionOfRow(row, file);
      return definition === undefined ? [] : [[row.id, definition] as const];
    });
    registries[indexKey(read.text)] = { workflows, made: Object.fromEntries(made) };
  }
  await writeFile(join(folder, INDEX_FILE), JSON.stringify({ definitions, registries } satisfies LibraryIndex));
}
