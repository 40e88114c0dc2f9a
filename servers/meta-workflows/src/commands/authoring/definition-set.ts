import { lstat, readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { Problem } from "@platform-ops/meta-workflow-registry";
import { parseDefinition, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { definitionFiles, readLibraryFile, REGISTRY_FILE } from "../../library/read-folder.ts";

/** A definition as it was read, with the scenarios beside it. */
export interface DefinitionFile {
  readonly path: string;
  /** As it is told: from the current folder where it is below it. */
  readonly shown: string;
  readonly text: string;
  readonly definition?: Definition;
  readonly problems: readonly Problem[];
  /** Paths of its `tests/*.test.yaml`. */
  readonly scenarios: readonly string[];
}

/** What the paths of a command line hold. */
export interface DefinitionSet {
  readonly definitions: readonly DefinitionFile[];
  readonly registries: readonly { readonly path: string; readonly shown: string; readonly text: string }[];
}

type Places = { readonly config: Pick<MetaWorkflowsDeps["config"], "cwd" | "settings"> };

const SCENARIO = /\.test\.ya?ml$/i;
const MOST_PATHS = 200;

/**
 * Reads definitions, scenarios and registries. Paths are folders, definitions, scenarios or registries; none: the folders of the
 * settings, else `meta-workflows` in the current folder.
 * @throws OpsError invalid_input, for every path that is not there at once
 */
export async function readSet(deps: Places, paths: readonly string[]): Promise<DefinitionSet> {
  const { cwd } = deps.config;
  if (paths.length > MOST_PATHS) throw new OpsError("invalid_input", `At most ${MOST_PATHS} paths are taken at once.`);
  const given = paths.length === 0 ? await usualFolders(deps) : paths.map((path) => resolve(cwd, path));
  const found = { definitions: new Map<string, readonly string[] | undefined>(), registries: new Set<string>() };
  const missing: string[] = [];
  for (const [at, path] of given.entries()) {
    const kind = paths[at] === "" || path.includes("\0") ? undefined : await kindOf(path);
    if (kind === undefined) missing.push(paths[at] ?? path);
    else if (kind === "folder") await addFolder(path, found);
    else if (/\.md$/i.test(path)) found.registries.add(path);
    else if (SCENARIO.test(path)) addScenario(path, await definitionOf(path), found.definitions);
    else if (/\.(?:ya?ml|json)$/i.test(path)) found.definitions.set(path, undefined);
    else missing.push(paths[at] ?? path);
  }
  if (missing.length > 0)
    throw new OpsError(
      "invalid_input",
      `No folder, definition or registry: ${missing.map((path) => JSON.stringify(path.slice(0, 200))).join(", ")}.`,
      {
        hint: "Name folders, workflow.yaml files, *.test.yaml files or a META-WORKFLOWS.md.",
      },
    );
  const show = (path: string): string => shownPath(cwd, path);
  return {
    definitions: await Promise.all([...found.definitions].map(([path, scenarios]) => readFile(path, scenarios, show))),
    registries: await Promise.all(
      [...found.registries].map(async (path) => ({ path, shown: show(path), text: (await readLibraryFile(path))?.text ?? "" })),
    ),
  };
}

/** A path as a person reads it: from the current folder where it is below it. */
export function shownPath(cwd: string, path: string): string {
  const below = relative(cwd, path);
  return below === "" ? "." : below.startsWith("..") || isAbsolute(below) ? path : below;
}

/**
 * Folders that hold the author's own runbooks.
 * @throws OpsError invalid_input where there are none
 */
export async function usualFolders({ config: { cwd, settings } }: Places): Promise<readonly string[]> {
  const { definitions_path } = settings.meta_workflows;
  if (definitions_path.length > 0) return definitions_path;
  const here = join(cwd, "meta-workflows");
  if ((await kindOf(here)) === "folder") return [here];
  throw new OpsError("invalid_input", "There is no folder meta-workflows here, and the settings name none.", {
    hint: "Name a path, set meta_workflows.definitions_path, or make a first one: new NAME.",
  });
}

/** What stands at a path; links are followed once, by whoever typed them. Undefined for what is neither file nor folder. */
async function kindOf(path: string): Promise<"folder" | "file" | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? "folder" : found?.isFile() === true ? "file" : undefined;
}

async function addFolder(
  folder: string,
  found: { readonly definitions: Map<string, readonly string[] | undefined>; readonly registries: Set<string> },
): Promise<void> {
  for (const path of await definitionFiles(folder)) found.definitions.set(path, undefined);
  const registry = join(folder, REGISTRY_FILE);
  if ((await lstat(registry).catch(() => undefined))?.isFile() === true) found.registries.add(registry);
}

function addScenario(path: string, definition: string, definitions: Map<string, readonly string[] | undefined>): void {
  const before = definitions.get(definition);
  if (definitions.has(definition) && before === undefined) return;
  definitions.set(definition, [...(before ?? []), path]);
}

/** The definition that a scenario stands beside. */
async function definitionOf(scenario: string): Promise<string> {
  const folder = dirname(dirname(scenario));
  const names = await readdir(folder).catch((): string[] => []);
  const name =
    names.find((each) => /^workflow\.ya?ml$/i.test(each)) ?? names.find((each) => /\.ya?ml$/i.test(each) && !SCENARIO.test(each));
  if (name === undefined || basename(dirname(scenario)) !== "tests")
    throw new OpsError("invalid_input", `${JSON.stringify(scenario)} stands beside no definition.`, {
      hint: "Scenarios are tests/*.test.yaml in the folder of workflow.yaml.",
    });
  return join(folder, name);
}

async function readFile(path: string, only: readonly string[] | undefined, show: (path: string) => string): Promise<DefinitionFile> {
  const text = (await readLibraryFile(path))?.text ?? "";
  const shown = show(path);
  return { path, shown, text, ...parseDefinition(text, { file: shown }), scenarios: only ?? (await scenariosBeside(path)) };
}

/** Paths of the scenarios in the folder `tests` beside a definition, sorted. */
export async function scenariosBeside(definition: string): Promise<string[]> {
  const folder = join(dirname(definition), "tests");
  const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => entry.isFile() && SCENARIO.test(entry.name))
    .map(({ name }) => join(folder, name))
    .toSorted();
}
