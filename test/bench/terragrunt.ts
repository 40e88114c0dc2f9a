import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { processTime } from "./measure.ts";

/**
 * Milliseconds that Terragrunt takes to plan and apply the same workspaces at the same parallelism; undefined where it is
 * not on PATH or does not take these arguments (they are those of its versions from 0.73 on).
 */
export async function terragrunt(folder: string, levels: readonly (readonly string[])[]): Promise<number | undefined> {
  for (const [level, names] of levels.entries()) {
    for (const [i, name] of names.entries()) {
      const need = levels[level - 1]?.[i];
      const hcl =
        need === undefined ? "" : `dependency "up" {\n  config_path = "../${need}"\n}\ninputs = {\n  from = dependency.up.outputs.id\n}\n`;
      await writeFile(join(folder, name, "terragrunt.hcl"), hcl);
    }
  }
  const args = ["run", "--all", "--non-interactive", "--parallelism", "4", "--", "apply", "-auto-approve"];
  return await processTime("terragrunt", args, { cwd: folder }).catch(() => undefined);
}
