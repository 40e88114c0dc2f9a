import { literal, literalText, objectEntries, readHclBlocks, type HclBlock } from "./hcl-blocks.ts";
import { folderOf, namesFor, resolveLocal, writeInfraYaml, type FoundWorkspace, type Imported, type SourceFile } from "./infra-yaml.ts";

interface Unit {
  dir: string;
  root: HclBlock;
}

/** What a unit may say that infra.yaml has no word for. */
const NOT_CARRIED = ["include", "remote_state", "generate", "feature", "errors", "exclude", "engine", "locals"];

/**
 * An infra.yaml for a Terragrunt project: one workspace for each terragrunt.hcl that has a module (a local `source`, or
 * configuration files beside it). `dependency` and `dependencies` become `dependsOn`, inputs from `dependency.X.outputs.Y`
 * become `inputs`, literal inputs `extraVars`; all else is named in the notes. Nothing is evaluated.
 */
export function importTerragrunt(files: readonly SourceFile[], workspaceRoot?: string): Imported {
  const notes: string[] = [];
  const units = files
    .filter(({ path }) => /(^|\/)terragrunt\.hcl$/.test(path))
    .map((file): Unit => ({ dir: folderOf(file.path), root: readHclBlocks(file.text) }))
    .filter((unit) => isUnit(unit, files))
    .sort((a, b) => (a.dir < b.dir ? -1 : 1));
  const names = namesFor(units.map(({ dir }) => dir));
  const found = units.flatMap((unit): FoundWorkspace[] => {
    const name = names.get(unit.dir)!;
    const dir = moduleFolder(unit, name, notes);
    const uncarried = [...new Set([...unit.root.blocks.map(({ type }) => type), ...unit.root.attributes.keys()])].filter(
      (key) => NOT_CARRIED.includes(key) || key === "skip" || key === "iam_role",
    );
    if (uncarried.length > 0) notes.push(`${name}: not carried over: ${uncarried.sort().join(", ")}.`);
    const labels = dependencyNames(unit, names, name, notes);
    const { inputs, extraVars } = readInputs(unit, labels, name, notes);
    return [
      { name, dir, dependsOn: [...new Set([...labels.values(), ...pathDependencies(unit, names, name, notes)])].sort(), inputs, extraVars },
    ];
  });
  noteSharedFolders(found, notes);
  return writeInfraYaml(found, notes, "a Terragrunt configuration", workspaceRoot);
}

function isUnit({ dir, root }: Unit, files: readonly SourceFile[]): boolean {
  const hasSource = root.blocks.some(({ type, attributes }) => type === "terraform" && attributes.has("source"));
  return hasSource || files.some(({ path }) => folderOf(path) === dir && /\.(tf|tofu)$/.test(path));
}

/** Where the module's files are. A remote source is named in a note, and the unit's own folder is written. */
function moduleFolder({ dir, root }: Unit, name: string, notes: string[]): string {
  const source = root.blocks.find(({ type }) => type === "terraform")?.attributes.get("source");
  if (source === undefined) return dir;
  const text = literalText(source);
  const local = text !== undefined && /^\.\.?(\/|$)/.test(text) ? resolveLocal(dir, text.replace("//", "/")) : undefined;
  if (local !== undefined) return local;
  notes.push(
    `${name}: its module ${source.replace(/\s+/g, " ").slice(0, 120)} is not a folder of this project; put the module's files into ${dir}.`,
  );
  return dir;
}

/** Labels of `dependency` blocks → workspace names. */
function dependencyNames(unit: Unit, names: ReadonlyMap<string, string>, name: string, notes: string[]): Map<string, string> {
  const labels = new Map<string, string>();
  for (const block of unit.root.blocks.filter(({ type }) => type === "dependency")) {
    const label = block.labels[0] ?? "";
    const path = literalText(block.attributes.get("config_path"));
    const target = path === undefined ? undefined : names.get(resolveLocal(unit.dir, path) ?? "");
    if (target === undefined)
      notes.push(
        `${name}: dependency "${label}" leads to no unit found here (${block.attributes.get("config_path") ?? "no config_path"}).`,
      );
    else labels.set(label, target);
    if (block.attributes.has("mock_outputs"))
      notes.push(`${name}: mock_outputs of dependency "${label}" are not carried over; a plan waits until the outputs are known.`);
  }
  return labels;
}

function pathDependencies(unit: Unit, names: ReadonlyMap<string, string>, name: string, notes: string[]): string[] {
  return unit.root.blocks
    .filter(({ type }) => type === "dependencies")
    .flatMap((block) => {
      const paths = literal(block.attributes.get("paths"))?.value;
      if (Array.isArray(paths)) return paths.map(String);
      notes.push(`${name}: the paths of its dependencies block are no plain list.`);
      return [];
    })
    .flatMap((path) => {
      const target = names.get(resolveLocal(unit.dir, path) ?? "");
      if (target === undefined) notes.push(`${name}: dependencies path ${JSON.stringify(path)} leads to no unit found here.`);
      return target === undefined ? [] : [target];
    });
}

function readInputs(
  unit: Unit,
  labels: ReadonlyMap<string, string>,
  name: string,
  notes: string[],
): Pick<FoundWorkspace, "inputs"> & { extraVars: Record<string, unknown> } {
  const expression = unit.root.attributes.get("inputs");
  const entries = expression === undefined ? new Map<string, string>() : objectEntries(expression);
  const inputs: FoundWorkspace["inputs"] = [];
  const extraVars: Record<string, unknown> = {};
  const uncarried: string[] = [];
  for (const [targetVar, value] of entries ?? []) {
    const output = /^dependency\.([\w-]+)\.outputs\.([\w-]+)$/.exec(value);
    const sourceWorkspace = output === null ? undefined : labels.get(output[1]!);
    const plain = literal(value);
    if (sourceWorkspace !== undefined) inputs.push({ sourceWorkspace, sourceOutput: output![2]!, targetVar });
    else if (plain !== undefined) extraVars[targetVar] = plain.value;
    else uncarried.push(targetVar);
  }
  if (entries === undefined) notes.push(`${name}: its inputs are no plain object and were not carried over.`);
  if (uncarried.length > 0) notes.push(`${name}: inputs whose values are computed were not carried over: ${uncarried.join(", ")}.`);
  return { inputs, extraVars };
}

function noteSharedFolders(found: readonly FoundWorkspace[], notes: string[]): void {
  for (const dir of new Set(found.map((workspace) => workspace.dir))) {
    const sharing = found.filter((workspace) => workspace.dir === dir).map(({ name }) => name);
    if (sharing.length > 1)
      notes.push(
        `${sharing.join(", ")} use one module folder, ${dir}: give each its own folder that calls it as a module, or they share one state.`,
      );
  }
}
