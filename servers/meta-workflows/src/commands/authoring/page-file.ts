import { lstat, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { Definition } from "@platform-ops/meta-workflow-registry/definition";
import { newSkill, PAGE_BEGINS, putPage, renderPage } from "@platform-ops/meta-workflow-registry/page";

/** A page as it is and as it should be. */
export interface PageFile {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string;
}

const MOST_BYTES = 2_000_000;

/**
 * The page beside a definition: SKILL.md, or a README.md that has the markers where there is no SKILL.md. What a person wrote
 * outside the markers stays; of the front matter only version and status are brought up to date.
 * @throws OpsError invalid_config (broken markers), path_not_allowed (a link)
 */
export async function pageOf(file: string, definition: Definition): Promise<PageFile> {
  const [skill, readme] = [join(dirname(file), "SKILL.md"), join(dirname(file), "README.md")];
  const existing = await textOf(skill);
  const other = existing === undefined ? await textOf(readme) : undefined;
  const isReadme = other?.split("\n").some((line) => line.trimEnd() === PAGE_BEGINS) === true;
  const [path, before] = isReadme ? [readme, other] : [skill, existing];
  return { path, before, after: putPage(upToDate(before ?? newSkill(definition), definition), renderPage(definition)) };
}

async function textOf(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new OpsError("path_not_allowed", `${path} is no file but a link or a folder; it is not written.`);
  if (found.size > MOST_BYTES) throw new OpsError("invalid_config", `${path} has over ${MOST_BYTES} bytes.`);
  return readFile(path, "utf8");
}

/** Version and status in the front matter, where they stand there. */
function upToDate(text: string, { version, status }: Definition): string {
  const front = /^---\r?\n[^]*?\n---\r?\n/.exec(text)?.[0];
  if (front === undefined) return text;
  const changed = front
    .replace(/^( *workflow-version: ).*$/m, (_all, name: string) => name + JSON.stringify(version))
    .replace(/^( *workflow-status: ).*$/m, (_all, name: string) => name + JSON.stringify(status));
  return changed + text.slice(front.length);
}
