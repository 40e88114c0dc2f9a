import { basename, dirname, join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { MetaWorkflowsSettings } from "@platform-ops/ledger";
import { didYouMean } from "@platform-ops/mcp-kit";
import { parseRegistry, type Problem, type Workflow } from "@platform-ops/meta-workflow-registry";
import type { Definition } from "@platform-ops/meta-workflow-registry/definition";
import type { Library, LibraryEntry, Shelf } from "./library.ts";
import { indexKey, readIndex, type LibraryIndex } from "./library-index.ts";
import { readDefinition, type Reading } from "./read-definition.ts";
import { definitionFiles, isFolderForm, readLibraryFile, REGISTRY_FILE, stampOf } from "./read-folder.ts";
import { definitionOfRow } from "./row-definition.ts";

/** Where runbooks are looked for. */
export interface LibraryPlaces {
  /** Folder of what is shipped. */
  readonly shipped: string;
  readonly settings: Pick<MetaWorkflowsSettings, "definitions_path" | "registry_path"> & Reading["settings"];
  readonly env?: NonNullable<Reading["env"]>;
}

/** A definition with its text. */
interface Found {
  readonly definition: Definition;
  readonly file: string;
  readonly text: string;
  readonly changes?: readonly string[];
  readonly folder: string;
}

/** A row of a registry. */
interface Row {
  readonly row: Workflow;
  readonly file: string;
  /** Its definition, where the index knows what is made of it. */
  readonly made: Definition | undefined;
}

/** Opens the library; nothing is read before the first call. Later folders shadow earlier ones, by id and by code. */
export function openLibrary(places: LibraryPlaces): Library {
  let kept: { readonly stamp: string; readonly shelf: Shelf } | undefined;
  const read = async (): Promise<Shelf> => {
    const folders = [places.shipped, ...places.settings.definitions_path];
    const files = await Promise.all(folders.map(async (folder) => ({ folder, paths: await definitionFiles(folder) })));
    const { registry_path, bindings } = places.settings;
    const named = [...folders.map((folder) => join(folder, REGISTRY_FILE)), ...(registry_path === undefined ? [] : [registry_path])];
    const stamps = await Promise.all(
      [...files.flatMap(({ paths }) => paths), ...named, ...(bindings === undefined ? [] : [bindings])].map(stampOf),
    );
    const stamp = stamps.join("\n");
    if (kept?.stamp !== stamp) kept = { stamp, shelf: await readShelf(files, named, places) };
    return kept.shelf;
  };
  return {
    read,
    async find(id) {
      const { entries, problems } = await read();
      const wanted = id.trim().toLowerCase();
      const found = entries.find((entry) => namesOf(entry).includes(wanted));
      if (found !== undefined) return found;
      const unread = problems.find(({ file, severity }) => severity === "error" && file !== undefined && fileNames(file).includes(wanted));
      if (unread !== undefined) throw unreadable(unread);
      const near = didYouMean(wanted, entries.flatMap(namesOf));
      throw new OpsError(
        "not_found",
        `No workflow is called ${JSON.stringify(id.slice(0, 100))}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
        {
          hint: "list_meta_workflows shows all; match_meta_workflow finds one by what is wanted.",
        },
      );
    },
  };
}

/** All names that an entry goes by, in lower case; that of its file with and without the ending. */
export function namesOf({ id, definition, file, fromRow, name }: LibraryEntry): string[] {
  const own = fromRow ? [] : fileNames(file);
  return [...new Set([id, definition?.id ?? id, definition?.code ?? id, ...own, name].map((each) => each.toLowerCase()))];
}

function fileNames(file: string): string[] {
  const names = isFolderForm(file) ? [basename(dirname(file))] : [basename(file).replace(/\.ya?ml$/i, ""), basename(file)];
  return names.map((each) => each.toLowerCase());
}

function unreadable({ file = "", line, code, message, suggestion }: Problem): OpsError {
  return new OpsError("definition_invalid", `${file}:${line}: ${code}: ${message}`, {
    hint: suggestion ?? "validate_meta_workflow and the lint command tell every problem of it.",
  });
}

async function readShelf(
  files: readonly { readonly folder: string; readonly paths: readonly string[] }[],
  registryPaths: readonly string[],
  places: LibraryPlaces,
): Promise<Shelf> {
  const { settings } = places;
  const index = await readIndex(places.shipped);
  const problems: Problem[] = [];
  const definitions = new Map<string, Found>();
  for (const { folder, paths } of files) {
    for (const file of paths) {
      const found = await readFound({ file, folder }, places, index, problems);
      if (found === undefined) continue;
      const { id } = found.definition;
      const same = definitions.get(id);
      const isHidden = same?.folder === folder && isStronger(same, found);
      if (!isHidden) definitions.set(id, found);
      if (same?.folder === folder) problems.push(isHidden ? hidden(id, found, same) : hidden(id, same, found));
    }
  }
  const rows = new Map<string, Row>();
  let shown: Shelf["registry"] = { path: registryPaths[0] ?? REGISTRY_FILE, text: undefined };
  for (const path of registryPaths) {
    const read = await readLibraryFile(path);
    if (read === undefined) {
      if (path === settings.registry_path) shown = { path, text: undefined };
      continue;
    }
    const known = basename(path) === REGISTRY_FILE ? index.registries[indexKey(read.text)] : undefined;
    const { workflows, problems: wrong } = known === undefined ? parseRegistry(read.text) : { ...known, problems: [] };
    problems.push(...wrong.map((problem) => ({ ...problem, file: path })));
    for (const row of workflows) rows.set(row.id.toLowerCase(), { row, file: path, made: known?.made[row.id] });
    if (shown.text === undefined || path === settings.registry_path) shown = { path, text: read.text };
  }
  return { entries: entriesOf(rows, definitions), registry: shown, problems };
}

async function readFound(
  { file, folder }: Pick<Found, "file" | "folder">,
  places: LibraryPlaces,
  index: LibraryIndex,
  problems: Problem[],
): Promise<Found | undefined> {
  const read = await readLibraryFile(file);
  if (read === undefined) return undefined;
  const known = index.definitions[indexKey(read.text)];
  if (known !== undefined) return { definition: known, text: read.text, file, folder };
  const { definition, text, changes, problems: wrong } = await readDefinition(read.text, file, places);
  problems.push(...wrong);
  return definition === undefined ? undefined : { definition, file, text, folder, ...(changes === undefined ? {} : { changes }) };
}

/** Of two files of one folder: what lies higher, then `.yaml` before `.yml`, then what comes later. */
function isStronger(one: Found, other: Found): boolean {
  const [depth, others] = [one, other].map(({ file }) => file.split("/").length) as [number, number];
  return depth === others ? /\.yaml$/i.test(one.file) && !/\.yaml$/i.test(other.file) : depth < others;
}

function hidden(id: string, weaker: Found, stronger: Found): Problem {
  const message = `${id} is defined in ${stronger.file} too, which counts.`;
  return { code: "defined_twice", severity: "warning", message, file: weaker.file, line: 1, column: 1, path: "$.id" };
}

function entriesOf(rows: ReadonlyMap<string, Row>, definitions: ReadonlyMap<string, Found>): LibraryEntry[] {
  const taken = new Set<string>();
  const byRow = [...rows.values()].map(({ row, file, made: known }): LibraryEntry => {
    const found = [...definitions.values()].find(
      ({ definition }) => definition.code?.toLowerCase() === row.id.toLowerCase() || definition.id === row.id.toLowerCase(),
    );
    const named = { id: row.id, name: row.name, status: row.status, row };
    if (found !== undefined) {
      taken.add(found.definition.id);
      return { ...named, ...writtenOf(found), fromRow: false };
    }
    const made = known ?? definitionOfRow(row, file);
    return { ...named, fromRow: true, file, ...(made === undefined ? {} : { definition: made }) };
  });
  const others = [...definitions.values()]
    .filter(({ definition }) => !taken.has(definition.id))
    .map((found): LibraryEntry => {
      const { definition } = found;
      const id = definition.code ?? definition.id;
      return { id, name: definition.name, status: definition.status, row: rowOf(definition), ...writtenOf(found), fromRow: false };
    });
  return [...byRow, ...others];
}

function writtenOf({ definition, file, text, changes }: Found): Pick<LibraryEntry, "definition" | "file" | "text" | "changes"> {
  return { definition, file, text, ...(changes === undefined ? {} : { changes }) };
}

/** What a registry would say of a definition that none lists. */
function rowOf(definition: Definition): Workflow {
  return {
    id: definition.code ?? definition.id,
    name: definition.name,
    triggers: definition.triggers.phrases,
    status: definition.status === "retired" ? "deprecated" : definition.status,
    category: "",
    last_updated: "",
    line: 1,
  };
}
