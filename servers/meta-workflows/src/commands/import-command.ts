import { readFile, stat, writeFile } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import { defineCommand, type Command } from "@platform-ops/ledger";
import { importDefinition, importRunbook, type Imported } from "@platform-ops/meta-workflow-registry/importer";

const MOST_BYTES = 256 * 1024;

/**
 * `import FILE`: a wiki's runbook (`.md`) or another server's definition (YAML) as a `workflow.yaml`, on stdout or in a new
 * file; what was changed and what is wrong goes to stderr. Nothing of the environment is read. Exit 1 where there is an error.
 */
export const importCommand: Command = defineCommand({
  name: "import",
  summary: "Turn a wiki's runbook or another server's definition into a workflow.yaml",
  usage: "import FILE [--output FILE]",
  examples: ["import restart-a-node.md --output workflow.yaml"],
  options: { output: { type: "string", description: "A new file; without it the definition is printed" } },
  async run({ positionals, options }, _deps, terminal) {
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) {
      throw new OpsError("invalid_input", "import takes one file.", {
        hint: "For example: import restart-a-node.md --output workflow.yaml",
      });
    }
    const text = await textOf(file);
    const imported = /\.(?:md|markdown)$/i.test(file) ? importRunbook(text) : importDefinition(text, { environment: {} });
    terminal.stderr(reportOf(imported));
    if (imported.definition === undefined || imported.yaml === undefined) return 1;
    const { output } = options;
    if (typeof output === "string") await writeNew(output, imported.yaml);
    else terminal.stdout(imported.yaml);
    return 0;
  },
});

async function textOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true)
    throw new OpsError("not_found", `There is no file ${JSON.stringify(file)}.`, { hint: "Give the path of a .md or .yaml file." });
  if (found.size > MOST_BYTES) throw new OpsError("invalid_input", `${JSON.stringify(file)} has over ${MOST_BYTES} bytes.`);
  return readFile(file, "utf8");
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new OpsError("already_exists", `${JSON.stringify(file)} exists.`, { hint: "Name a new file, or move the old one away." });
    }
    throw error;
  }
}

function reportOf({ changes, problems }: Imported): string {
  const told = problems.map(
    ({ line, severity, code, message, suggestion }) =>
      `line ${line}: ${severity} ${code}: ${message}${suggestion === undefined ? "" : ` → ${suggestion}`}`,
  );
  return [...changes, ...told].map((line) => `${line}\n`).join("");
}
