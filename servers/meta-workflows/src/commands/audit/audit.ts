import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { AuthorsRun } from "../authors-run.ts";
import { auditPage } from "./audit-page.ts";
import { readRunRecord } from "./run-record.ts";

/** `audit`: a run as a Markdown page, on stdout or in a new file. */
export const audit: AuthorsRun = async ({ positionals, options }, deps, terminal) => {
  const [id, ...more] = positionals;
  if (id === undefined || id === "" || id.length > 200 || more.length > 0)
    throw new OpsError("invalid_input", "audit takes the id of one run.", { hint: "`runs` lists them." });
  const page = deps.redactor.text(auditPage(await readRunRecord(deps, id)));
  const { out } = options;
  if (typeof out !== "string") {
    terminal.stdout(page);
    return 0;
  }
  const path = resolve(deps.config.cwd, out);
  try {
    await writeFile(path, page, { flag: "wx", mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new OpsError("already_exists", `${JSON.stringify(out)} is there already.`, { hint: "Name a new file." });
    throw new OpsError("invalid_input", `${JSON.stringify(out)} cannot be written (${code ?? "unknown"}).`, {
      hint: "Name a file in a folder that exists.",
    });
  }
  terminal.stderr(`Written: ${path}\n`);
  return 0;
};
