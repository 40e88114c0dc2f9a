import { OpsError } from "@platform-ops/errors";
import type { AuthorsRun } from "../authors-run.ts";
import { readSet, shownPath } from "./definition-set.ts";
import { lintSet } from "./lint-set.ts";
import { count, paintedProblem } from "./problem-text.ts";
import { publishedAt } from "./published.ts";
import { sarif } from "./sarif.ts";

/** `lint`: 0 where nothing is an error, else 1. */
export const lint: AuthorsRun = async ({ positionals, options }, deps, terminal, signal) => {
  const { json, sarif: asSarif, since } = options;
  if (json === true && asSarif === true) throw new OpsError("invalid_input", "--json and --sarif cannot both be printed.");
  const { config, library } = deps;
  const set = await readSet(deps, positionals);
  const published =
    typeof since === "string"
      ? await publishedAt(since, set.definitions, { path: config.path, home: config.homeFolder, signal })
      : undefined;
  const problems = await lintSet(set, library, published === undefined ? {} : { published }, (path) => shownPath(config.cwd, path));
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const looked = { definitions: set.definitions.length, registries: set.registries.length };
  if (looked.definitions + looked.registries === 0)
    throw new OpsError("invalid_input", "There is no definition and no registry in these paths.", { hint: "A first one: new NAME." });
  if (asSarif === true)
    terminal.stdout(`${JSON.stringify(sarif(problems, { name: config.name, version: config.version }), undefined, 2)}\n`);
  else if (json === true)
    terminal.stdout(`${JSON.stringify({ ...looked, errors, warnings: problems.length - errors, problems }, undefined, 2)}\n`);
  else {
    for (const problem of problems) terminal.stdout(`${paintedProblem(problem, terminal)}\n`);
    terminal.stdout(
      `${count(looked.definitions, "definition")}, ${count(looked.registries, "registry", "registries")}: ${count(errors, "error")}, ${count(problems.length - errors, "warning")}\n`,
    );
  }
  return errors === 0 ? 0 : 1;
};
