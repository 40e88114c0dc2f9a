import { lstat, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { AuthorsRun } from "../authors-run.ts";
import { isFolderForm } from "../../library/read-folder.ts";
import { readSet, shownPath } from "./definition-set.ts";
import { pageOf } from "./page-file.ts";
import { updateRows } from "./registry-rows.ts";

interface Stale {
  readonly path: string;
  readonly after: string;
  readonly why: string;
}

/** `docs`: writes the pages and rows of definitions; with --check only says which are not current, and ends with 1. */
export const docs: AuthorsRun = async ({ positionals, options }, deps, terminal) => {
  const set = await readSet(deps, positionals);
  const broken = set.definitions.filter(({ definition }) => definition === undefined);
  if (broken.length > 0)
    throw new OpsError("definition_invalid", `Not valid: ${broken.map(({ shown }) => shown).join(", ")}.`, { hint: "lint says why." });
  const stale: Stale[] = [];
  for (const { definition, path, shown } of set.definitions) {
    if (definition === undefined) continue;
    if (!isFolderForm(path)) {
      terminal.stderr(`no page: ${shown} has no folder of its own; move it to ${definition.id}/workflow.yaml.\n`);
      continue;
    }
    const page = await pageOf(path, definition);
    if (page.before !== page.after) stale.push({ path: page.path, after: page.after, why: page.before === undefined ? "new" : "page" });
  }
  const today = new Date().toISOString().slice(0, 10);
  for (const { path, text } of set.registries) {
    const below = set.definitions.filter((one) => one.path.startsWith(`${dirname(path)}/`)).flatMap(({ definition }) => definition ?? []);
    const rows = updateRows(text, below, today);
    if (rows.changed.length > 0) stale.push({ path, after: rows.text, why: `rows ${rows.changed.join(", ")}` });
  }
  const check = options["check"] === true;
  for (const { path, after, why } of stale) {
    if (!check) await replaceFile(path, after);
    terminal.stdout(`${check ? "out of date" : "written"}: ${shownPath(deps.config.cwd, path)} (${why})\n`);
  }
  if (stale.length === 0) terminal.stdout("All pages and rows are current.\n");
  return check && stale.length > 0 ? 1 : 0;
};

/** Whole or not at all. */
async function replaceFile(path: string, text: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined))?.isSymbolicLink() === true)
    throw new OpsError("path_not_allowed", `${path} is a link; it is not written.`);
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, text, { flag: "wx" });
  await rename(partial, path);
}
