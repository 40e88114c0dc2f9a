import { readdirSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { memberPath, type Kind, type Workspace } from "./infra-config.ts";
import type { WorkspaceDraft } from "./infra-draft.ts";
import { printable } from "./printable.ts";
import { allow, entryAt } from "./paths.ts";
import type { ProblemList } from "./problem-list.ts";

/** Where a draft's relative paths start, and where the folder of its file is, for a better message. */
export interface Bases {
  /** Real and absolute: workspace_root. */
  root: string;
  /** Folder of the file that defines it. */
  fileFolder?: string;
}

/**
 * A draft with its paths resolved and looked at: inside the roots, directory there, with at least one configuration
 * file of its kind, variable file there. Returns undefined where a problem was added.
 */
export function resolveWorkspace(draft: WorkspaceDraft, bases: Bases, roots: readonly string[], list: ProblemList): Workspace | undefined {
  const { name, kind, dependsOn, inputs, operations, taskQueue, extraVars } = draft;
  const dir = resolveDir(draft, bases, roots, list);
  const tfvars = resolveTfvars(draft, bases, roots, list);
  if (dir === undefined || tfvars === undefined) return undefined;
  return {
    name,
    kind,
    dir,
    ...(tfvars === "" ? {} : { tfvars }),
    dependsOn,
    inputs,
    operations,
    ...(taskQueue === undefined ? {} : { taskQueue }),
    ...(extraVars === undefined ? {} : { extraVars }),
  };
}

function resolveDir(draft: WorkspaceDraft, bases: Bases, roots: readonly string[], list: ProblemList): string | undefined {
  const { dir, name, kind } = draft;
  const where = memberPath(draft.path, "dir");
  // A missing dir was reported by the check of the draft.
  if (dir === undefined) return undefined;
  const allowed = allow(dir, bases.root, roots);
  if ("refused" in allowed) {
    list.add(`workspace ${name}: dir ${allowed.refused}`, where, { topic: "path" });
    return undefined;
  }
  const entry = entryAt(allowed.path);
  if (entry?.isDirectory() !== true) {
    const why = entry === undefined ? `is not there (looked for ${printable(allowed.path)})` : "is no directory";
    list.add(`workspace ${name}: dir ${printable(dir)} ${why}${besideFile(dir, bases)}`, where);
    return undefined;
  }
  const fault = configurationFault(allowed.path, kind, roots);
  if (fault !== undefined)
    list.add(`workspace ${name}: dir ${printable(dir)} ${fault.text}`, where, { topic: fault.outside ? "path" : "rule" });
  return fault === undefined ? allowed.path : undefined;
}

/** Relative directories start at workspace_root; who expected them to start at the file is told so, if that would have worked. */
function besideFile(dir: string, bases: Bases): string {
  const { fileFolder } = bases;
  if (fileFolder === undefined || fileFolder === bases.root) return "";
  const isThere = entryAt(join(fileFolder, dir))?.isDirectory() === true;
  return isThere
    ? `; relative directories start at workspace_root, not at the file: workspace_root: ${printable(fileFolder)} would find it`
    : "";
}

/** `.tf` and `.tf.json` for both programs, `.tofu` and `.tofu.json` for OpenTofu only. */
function isConfiguration(file: string, kind: Kind): boolean {
  return /\.tf(\.json)?$/.test(file) || (kind === "tofu" && /\.tofu(\.json)?$/.test(file));
}

/** terraform's `init` succeeds in an empty directory, so that a mistyped one must be found here. */
function configurationFault(dir: string, kind: Kind, roots: readonly string[]): { text: string; outside?: true } | undefined {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch {
    return { text: "cannot be read" };
  }
  const files = entries.filter((entry) => !entry.isDirectory() && isConfiguration(entry.name, kind));
  if (files.length === 0) {
    const isForTofu = kind === "terraform" && entries.some((entry) => isConfiguration(entry.name, "tofu"));
    return { text: isForTofu ? "has .tofu files only; use kind: tofu" : `has no ${kind === "tofu" ? ".tf or .tofu" : ".tf"} file` };
  }
  for (const link of files.filter((entry) => entry.isSymbolicLink())) {
    const allowed = allow(link.name, dir, roots);
    if ("refused" in allowed) return { text: `holds a symbolic link that is refused: ${allowed.refused}`, outside: true };
  }
  return undefined;
}

/** Empty text where the workspace has none. */
function resolveTfvars(draft: WorkspaceDraft, bases: Bases, roots: readonly string[], list: ProblemList): string | undefined {
  if (draft.tfvars === undefined) return "";
  const where = memberPath(draft.path, "tfvars");
  const allowed = allow(draft.tfvars, bases.root, roots);
  if ("refused" in allowed) {
    list.add(`workspace ${draft.name}: tfvars ${allowed.refused}`, where, { topic: "path" });
    return undefined;
  }
  const entry = entryAt(allowed.path);
  if (entry?.isFile() === true) return allowed.path;
  list.add(
    `workspace ${draft.name}: tfvars file invalid: ${printable(draft.tfvars)} ${entry === undefined ? `is not there (looked for ${printable(allowed.path)})` : "is no file"}`,
    where,
  );
  return undefined;
}
