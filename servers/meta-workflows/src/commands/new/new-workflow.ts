import { mkdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { Terminal } from "@platform-ops/ledger";
import {
  closeOver,
  definitionJsonSchema,
  parseDefinition,
  type Definition,
  type Json,
} from "@platform-ops/meta-workflow-registry/definition";
import { importRunbook } from "@platform-ops/meta-workflow-registry/importer";
import { newSkill, putPage, renderPage } from "@platform-ops/meta-workflow-registry/page";
import { parseScenario, runScenario } from "@platform-ops/meta-workflow-registry/scenario";
import type { AuthorsRun } from "../authors-run.ts";
import { shownPath, usualFolders } from "../authoring/definition-set.ts";
import { oneLine, paintedProblem, problemText } from "../authoring/problem-text.ts";
import { playThrough } from "../simulation/play-through.ts";
import { sampleValue } from "../simulation/sample-value.ts";
import { SimulatedWorld } from "../simulation/simulated-world.ts";
import { firstDefinition, happyScenario, withHead } from "./first-files.ts";

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MOST_BYTES = 256 * 1024;

/** `new`: a folder with a definition, a scenario that passes, and its page. Nothing that is there is written over. */
export const newWorkflow: AuthorsRun = async ({ positionals, options }, deps, terminal, signal) => {
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0)
    throw new OpsError("invalid_input", "new takes one name.", {
      hint: "For example: new restart-a-node, or new restart-a-node --from runbook.md",
    });
  if (!NAME.test(name) || name.length > 80)
    throw new OpsError("invalid_input", `${JSON.stringify(name.slice(0, 100))} is no name: kebab-case, at most 80 characters.`, {
      hint: "For example: restart-a-node",
    });
  const { cwd } = deps.config;
  const from = options["from"];
  const yaml = withHead(typeof from === "string" ? await imported(resolve(cwd, from), terminal) : firstDefinition(name), name);
  const { definition, problems } = parseDefinition(yaml, { file: "workflow.yaml" });
  if (definition === undefined)
    throw new OpsError("definition_invalid", "What was made is not valid.", { hint: problems.map(problemText).join("\n") });
  const scenario = await scenarioOf(definition, signal);
  const [parent = join(cwd, "meta-workflows")] = await usualFolders(deps).catch(() => []);
  const folder = join(parent, name);
  await writeAll(folder, {
    "workflow.yaml": yaml,
    ...(scenario === undefined ? {} : { "tests/happy.test.yaml": scenario }),
    "SKILL.md": putPage(newSkill(definition), renderPage(definition)),
  });
  await writeSchema(join(parent, "schema", "v1.json"));
  for (const problem of problems) terminal.stderr(`${paintedProblem(problem, terminal)}\n`);
  if (scenario === undefined) terminal.stderr("No scenario was found by which it ends well: write tests/happy.test.yaml.\n");
  terminal.stdout(`${shownPath(cwd, folder)}: workflow.yaml${scenario === undefined ? "" : ", tests/happy.test.yaml"}, SKILL.md\n`);
  terminal.stdout(`Next: write its steps, then lint, test, docs in turn: ${deps.config.startedAs} lint ${shownPath(cwd, parent)}\n`);
  return 0;
};

async function imported(file: string, terminal: Terminal): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new OpsError("invalid_input", `--from: there is no file ${JSON.stringify(file)}.`);
  if (!/\.(?:md|markdown)$/i.test(file))
    throw new OpsError("invalid_input", "--from takes a Markdown file.", { hint: "Definitions of other servers: import FILE." });
  if (found.size > MOST_BYTES) throw new OpsError("invalid_input", `--from: ${JSON.stringify(file)} has over ${MOST_BYTES} bytes.`);
  const { yaml, changes, problems } = importRunbook(await readFile(file, "utf8"));
  for (const change of changes) terminal.stderr(`${oneLine(change)}\n`);
  if (yaml !== undefined) return yaml;
  throw new OpsError("definition_invalid", `${file} cannot be made a definition.`, {
    hint: problems.map((problem) => problemText({ file, ...problem })).join("\n"),
  });
}

/** A scenario that passes, made by playing the run through with answers from its schemas; undefined where none of them ends well. */
async function scenarioOf(definition: Definition, signal: AbortSignal): Promise<string | undefined> {
  const closure = closeOver(definition, () => undefined);
  const inputs = sampleValue(definition.inputs) as { readonly [name: string]: Json } | undefined;
  if (inputs === undefined) return undefined;
  const world = new SimulatedWorld(closure, undefined, () => ({ decision: "approved", after: 0 }));
  const played = await playThrough({
    closure,
    inputs,
    world,
    signal,
    answer: async ({ result_schema, type }) => {
      const result = type === "shell" ? { exit_code: 0 } : sampleValue(result_schema);
      return result === undefined ? undefined : { outcome: "completed", result };
    },
  });
  const text = happyScenario(definition, inputs, played);
  const { scenario } = parseScenario(text);
  if (scenario === undefined || scenario.expect.end !== "completed") return undefined;
  return (await runScenario({ ...scenario, carry_on: true }, closure)).passed ? text : undefined;
}

/** All or nothing: where a file is there, none is written. */
async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new OpsError("already_exists", `${folder} is there already; nothing was written.`, {
      hint: "Take another name, or move it away.",
    });
  }
  const written: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { flag: "wx" });
      written.push(path);
    }
  } catch (error) {
    // The folder is ours: what was made in it is taken away, and nothing else.
    for (const path of written) await rm(path, { force: true });
    await rmdir(join(folder, "tests")).catch(() => undefined);
    await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** What the editor's line of the definition names; one that is there stays. */
async function writeSchema(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`, { flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}
