import { literal, literalText, objectEntries, readHclBlocks, type HclBlock } from "./hcl-blocks.ts";
import { folderOf, namesFor, resolveLocal, writeInfraYaml, type FoundWorkspace, type Imported, type SourceFile } from "./infra-yaml.ts";

/** A folder of configuration files, read. */
interface Folder {
  dir: string;
  files: SourceFile[];
  blocks: HclBlock[];
}

const CONFIGURATION = /\.(tf|tofu)$/;

/**
 * An infra.yaml for folders that hold .tf or .tofu files. Folders that others call as a module are left out.
 * Dependencies are taken from `terraform_remote_state`: a local backend by the path of its state file, others where
 * the same literal settings stand in another folder's backend block.
 */
export function importFolders(files: readonly SourceFile[], workspaceRoot?: string): Imported {
  const folders = readFolders(files);
  const notes: string[] = [];
  const modules = new Set(folders.flatMap((folder) => localModules(folder)));
  const roots = folders.filter(({ dir }) => !modules.has(dir));
  const left = folders.filter(({ dir }) => modules.has(dir)).map(({ dir }) => dir);
  if (left.length > 0) notes.push(`Left out, because others call them as modules: ${left.join(", ")}.`);
  const names = namesFor(roots.map(({ dir }) => dir));
  const found = roots.map((folder): FoundWorkspace => {
    const name = names.get(folder.dir)!;
    return {
      name,
      kind: folder.files.every(({ path }) => path.endsWith(".tofu")) ? "tofu" : undefined,
      dir: folder.dir,
      tfvars: variableFile(folder, files, name, notes),
      dependsOn: dependencies(folder, roots, names, notes),
      inputs: [],
    };
  });
  if (found.some(({ dependsOn }) => dependsOn.length > 0))
    notes.push(
      "Dependencies are guessed from terraform_remote_state, which goes on reading the values; write `inputs` where a workspace shall take them from the run instead.",
    );
  return writeInfraYaml(found, notes, "folders of configuration files", workspaceRoot);
}

function readFolders(files: readonly SourceFile[]): Folder[] {
  const folders = new Map<string, Folder>();
  for (const file of files.filter(({ path }) => CONFIGURATION.test(path))) {
    const dir = folderOf(file.path);
    const folder = folders.get(dir) ?? { dir, files: [], blocks: [] };
    folder.files.push(file);
    folder.blocks.push(...readHclBlocks(file.text).blocks);
    folders.set(dir, folder);
  }
  return [...folders.values()].sort((a, b) => (a.dir < b.dir ? -1 : 1));
}

function localModules({ dir, blocks }: Folder): string[] {
  return blocks.flatMap((block) => {
    const source = block.type === "module" ? literalText(block.attributes.get("source")) : undefined;
    const target = source !== undefined && /^\.\.?\//.test(source) ? resolveLocal(dir, source) : undefined;
    return target === undefined || target === dir ? [] : [target];
  });
}

/** The one variable file that terraform would not load by itself. */
function variableFile(folder: Folder, files: readonly SourceFile[], name: string, notes: string[]): string | undefined {
  const candidates = files
    .map(({ path }) => path)
    .filter(
      (path) => folderOf(path) === folder.dir && /\.tfvars(\.json)?$/.test(path) && !/(^|\/)terraform\.tfvars|\.auto\.tfvars/.test(path),
    );
  if (candidates.length > 1)
    notes.push(`${name}: several variable files (${candidates.join(", ")}); write the one that is meant as tfvars.`);
  return candidates.length === 1 ? candidates[0] : undefined;
}

function dependencies(folder: Folder, roots: readonly Folder[], names: ReadonlyMap<string, string>, notes: string[]): string[] {
  const name = names.get(folder.dir)!;
  const found = new Set<string>();
  for (const block of folder.blocks.filter(({ type, labels }) => type === "data" && labels[0] === "terraform_remote_state")) {
    const backend = literalText(block.attributes.get("backend"));
    const settings = objectEntries(block.attributes.get("config") ?? "{}") ?? new Map<string, string>();
    const target = backend === "local" ? localStateFolder(folder.dir, settings.get("path")) : backendFolder(backend, settings, roots);
    const dependency = target === undefined ? undefined : names.get(target);
    if (dependency !== undefined && dependency !== name) found.add(dependency);
    else
      notes.push(
        `${name}: terraform_remote_state.${block.labels[1] ?? ""} (${backend ?? "unknown backend"}) belongs to no folder found here; no dependency was written.`,
      );
  }
  return [...found].sort();
}

/** `../network/terraform.tfstate`, with or without `${path.module}/` before it → the folder. */
function localStateFolder(dir: string, expression: string | undefined): string | undefined {
  const plain = expression?.trim().replace(/^"\$\{path\.(module|root|cwd)\}\//, '"');
  const path = literalText(plain);
  return path === undefined ? undefined : resolveLocal(dir, folderOf(path));
}

/** The folder whose backend block of that type says the same in all that identifies a state. */
function backendFolder(backend: string | undefined, settings: ReadonlyMap<string, string>, roots: readonly Folder[]): string | undefined {
  const identifying = ["bucket", "key", "prefix", "container_name", "storage_account_name", "address", "path"].filter((key) =>
    settings.has(key),
  );
  const wanted = identifying.map((key) => [key, literal(settings.get(key))?.value] as const);
  if (backend === undefined || wanted.length === 0 || wanted.some(([, value]) => value === undefined)) return undefined;
  const same = roots.filter(({ blocks }) =>
    blocks
      .filter(({ type }) => type === "terraform")
      .flatMap((terraform) => terraform.blocks)
      .some(
        (block) =>
          block.type === "backend" &&
          block.labels[0] === backend &&
          wanted.every(([key, value]) => literal(block.attributes.get(key))?.value === value),
      ),
  );
  return same.length === 1 ? same[0]!.dir : undefined;
}
