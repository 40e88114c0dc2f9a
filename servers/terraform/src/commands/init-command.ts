import { existsSync, realpathSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { defineCommand } from "@platform-ops/ledger";
import type { TerraformDeps } from "../deps.ts";
import { realRoots } from "../infra/paths.ts";
import { collectSources, importConfig } from "../init-config/import-config.ts";

/** `init`: writes an infra.yaml for folders that exist already, or from a Terragrunt or an Atlantis configuration. */
export const initCommand = defineCommand<TerraformDeps>({
  name: "init",
  summary: "Write an infra.yaml from existing folders, Terragrunt or Atlantis",
  usage: "init [FOLDER] [--from folders|terragrunt|atlantis] [--print]",
  examples: ["init --print", "init live --from terragrunt"],
  options: {
    from: { type: "string", description: "What to read; found out where it is not given" },
    print: { type: "boolean", description: "Print it instead of writing infra.yaml" },
  },
  async run({ positionals, options }, deps, terminal) {
    const folder = resolve(deps.config.cwd, positionals[0] ?? ".");
    const from = options["from"];
    if (from !== undefined && from !== "folders" && from !== "terragrunt" && from !== "atlantis") {
      throw new OpsError("invalid_input", `--from: ${JSON.stringify(from)} is not known.`, {
        hint: "Accepted: folders, terragrunt, atlantis.",
      });
    }
    const { files, truncated } = await collectSources(folder);
    const { yaml, notes } = importConfig(files, from, below(folder, deps.roots));
    for (const note of truncated ? ["the search for files ended at its limit", ...notes] : notes) terminal.stderr(`note: ${note}\n`);
    if (options["print"] === true) {
      terminal.stdout(yaml);
      return 0;
    }
    const file = join(folder, "infra.yaml");
    if (existsSync(file))
      throw new OpsError("already_exists", `${file} is there already.`, { hint: "Use --print to see what would be written." });
    await writeFile(file, yaml, { flag: "wx" });
    terminal.stdout(`Wrote ${file}\n`);
    return 0;
  },
});

/** Where the folder is below the root that holds it, as `workspace_root` says it; undefined where it is that root, or below none. */
function below(folder: string, roots: readonly string[]): string | undefined {
  const paths = realRoots(roots).map((root) => relative(root, realpathSync(folder)));
  if (paths.includes("")) return undefined;
  return paths.find((path) => !isAbsolute(path) && !path.startsWith(".."));
}
