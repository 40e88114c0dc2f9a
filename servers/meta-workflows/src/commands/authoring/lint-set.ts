import { readFile } from "node:fs/promises";
import { entryOf, parseRegistry, type Problem, type Workflow } from "@platform-ops/meta-workflow-registry";
import { lintDefinitions, type Definition, type Linted, type LintOptions } from "@platform-ops/meta-workflow-registry/definition";
import { parseScenario } from "@platform-ops/meta-workflow-registry/scenario";
import type { Library } from "../../library/library.ts";
import { definitionOfRow } from "../../library/row-definition.ts";
import type { DefinitionSet } from "./definition-set.ts";

/** Everything that is wrong in a set, in the order of files and lines: in each text, and between definitions, rows and what else the server has. */
export async function lintSet(
  set: DefinitionSet,
  library: Library,
  options: LintOptions,
  show: (path: string) => string,
): Promise<readonly Problem[]> {
  const registries = set.registries.map(({ shown, text }) => ({ shown, ...parseRegistry(text) }));
  const own = set.definitions.flatMap(({ definition, shown }): Linted[] => (definition === undefined ? [] : [{ definition, file: shown }]));
  const rows = registries.flatMap(({ shown, workflows }) => workflows.map((row) => ({ row, file: shown })));
  const about = new Set([...own.map(({ definition }) => definition.id), ...own.flatMap(({ definition }) => definition.code ?? [])]);
  const others = (await library.read()).entries.filter(({ id, definition }) => !about.has(id) && !about.has(definition?.id ?? id));
  const listed = new Set(rows.map(({ row }) => row.id));
  const ids = new Set([...about, ...listed, ...others.map(({ id }) => id)]);
  const prose = [
    ...rows.filter(({ row }) => !about.has(row.id)),
    ...others.filter(({ fromRow, id }) => fromRow && !listed.has(id)).map(({ row }) => ({ row, file: undefined })),
  ].flatMap(({ row, file }) => asLinted(row, file, ids));
  const defined = others.flatMap(({ fromRow, definition }): Linted[] => (fromRow || definition === undefined ? [] : [{ definition }]));
  const between = lintDefinitions([...own, ...prose, ...defined], options).filter(({ file }) => file !== undefined);
  const lines = new Map(rows.map(({ row }) => [row.id, row.line]));
  const problems = [
    ...set.definitions.flatMap(({ problems: found }) => found),
    ...(await Promise.all(set.definitions.flatMap(({ scenarios }) => scenarios).map((path) => scenarioProblems(path, show(path))))).flat(),
    ...registries.flatMap(({ shown, problems: found }) => found.map((problem) => ({ ...problem, file: shown }))),
    ...between.map((problem) => placed(problem, registries, lines)),
  ];
  return problems.toSorted((a, b) => compare(a.file ?? "", b.file ?? "") || a.line - b.line || a.column - b.column);
}

/** A row without definition as one, so that words that call it are compared with those of definitions. */
function asLinted(row: Workflow, file: string | undefined, ids: ReadonlySet<string>): Linted[] {
  const made = definitionOfRow(row, file ?? "");
  if (made === undefined) return [];
  const { phrases, not_this = {} } = entryOf(row, ids);
  // Its code is its id here: said once, it is no double.
  const { code: _code, ...rest } = made;
  const definition: Definition = { ...rest, id: row.id, triggers: { phrases, not_this, alerts: [] } };
  return [{ definition, ...(file === undefined ? {} : { file }) }];
}

/** Problems between rows stand at the row that they name. */
function placed(problem: Problem, registries: readonly { readonly shown: string }[], lines: ReadonlyMap<string, number>): Problem {
  if (!registries.some(({ shown }) => shown === problem.file)) return problem;
  const named = [...problem.message.matchAll(/[A-Za-z0-9]+(?:[-_:][A-Za-z0-9]+)*/g)]
    .map(([word]) => lines.get(word))
    .find((line) => line !== undefined);
  return { ...problem, line: named ?? problem.line };
}

async function scenarioProblems(path: string, shown: string): Promise<readonly Problem[]> {
  return parseScenario(await readFile(path, "utf8"), { file: shown }).problems;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
