import { readFile, stat } from "node:fs/promises";
import { relative } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { filesMatching } from "../infra/glob.ts";
import { allow, realRoots } from "../infra/paths.ts";
import { importAtlantis } from "./from-atlantis.ts";
import { importFolders } from "./from-folders.ts";
import { importTerragrunt } from "./from-terragrunt.ts";
import type { Imported, SourceFile } from "./infra-yaml.ts";

export type ImportOrigin = "folders" | "terragrunt" | "atlantis";

/** A file larger than this is not read by an importer, in bytes. */
const MAX_FILE_BYTES = 1024 * 1024;
const LIMITS = { depth: 10, directories: 50_000, matches: 5000 };

/** The files that tell an importer about a project: bounded in depth, count and size; links out of the root passed over. Throws `path_not_allowed` where root is no directory. */
export async function collectSources(root: string): Promise<{ files: SourceFile[]; truncated: boolean }> {
  const [real] = realRoots([root]);
  if (real === undefined) throw new OpsError("path_not_allowed", `${root} is no directory.`);
  const found = await filesMatching(real, "**/{*.tf,*.tofu,*.tfvars,*.tfvars.json,terragrunt.hcl,atlantis.yaml}", LIMITS);
  const files: SourceFile[] = [];
  for (const path of found.files) {
    const allowed = allow(path, real, [real]);
    if ("refused" in allowed) continue;
    const entry = await stat(allowed.path).catch(() => undefined);
    if (entry?.isFile() !== true || entry.size > MAX_FILE_BYTES) continue;
    // Only the names of variable files matter here; they may hold secrets, so they are not read.
    const text = /\.tfvars(\.json)?$/.test(path) ? "" : await readFile(allowed.path, "utf8");
    files.push({ path: relative(real, path).split(/[\\/]/).join("/"), text });
  }
  return { files, truncated: found.truncated };
}

/**
 * An infra.yaml from a project's files. Without `origin`: Atlantis where there is an atlantis.yaml at the root,
 * Terragrunt where there is a terragrunt.hcl, else the folders. `workspaceRoot`: the folder relative to the server's
 * root, where it is not that root. Throws `not_found` where there is nothing to import.
 */
export function importConfig(
  files: readonly SourceFile[],
  origin?: ImportOrigin,
  workspaceRoot?: string,
): Imported & { origin: ImportOrigin } {
  const atlantis = files.find(({ path }) => path === "atlantis.yaml");
  const hasTerragrunt = files.some(({ path }) => /(^|\/)terragrunt\.hcl$/.test(path));
  const from = origin ?? (atlantis !== undefined ? "atlantis" : hasTerragrunt ? "terragrunt" : "folders");
  if (from === "atlantis" && atlantis === undefined) throw new OpsError("not_found", "There is no atlantis.yaml at the project's root.");
  const imported =
    from === "atlantis"
      ? importAtlantis(atlantis!.text, workspaceRoot)
      : from === "terragrunt"
        ? importTerragrunt(files, workspaceRoot)
        : importFolders(files, workspaceRoot);
  if (imported.workspaces > 0) return { ...imported, origin: from };
  throw new OpsError("not_found", "There is nothing here to write an infra.yaml from.", {
    hint: "Start it in the folder that holds the directories of configuration files.",
  });
}
