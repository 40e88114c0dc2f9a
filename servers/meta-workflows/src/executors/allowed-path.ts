import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { OpsError } from "@platform-ops/errors";

/** Whether a real path lies in a real folder, or is it. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The allowed folders that exist, as they really are: a root may be a link, what is compared never is. */
async function realRoots(roots: readonly string[]): Promise<string[]> {
  const found = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)));
  return found.filter((root) => root !== undefined);
}

/**
 * Where a path really is, if that is inside an allowed folder. A relative path starts at the first folder.
 * @throws OpsError invalid_input (a NUL), path_not_allowed (outside, also by a link, or no folder is allowed), not_found
 */
export async function allowedPath(roots: readonly string[], path: string, base?: string): Promise<string> {
  if (path.includes("\0")) throw new OpsError("invalid_input", "A path holds a NUL character.");
  const real = await realRoots(roots);
  const first = base ?? real[0];
  if (first === undefined)
    throw new OpsError("path_not_allowed", "No folder is allowed in which the server may work.", {
      hint: "Let the operator name one in meta_workflows.working_directories.",
    });
  const wanted = resolve(first, path);
  const outside = (): OpsError =>
    new OpsError("path_not_allowed", `${JSON.stringify(path)} leads outside the folders in which the server may work.`, {
      details: { roots: [...roots] },
    });
  // Of what is not there, only that much is told that is inside.
  const found = await realpath(wanted).catch((error: unknown) => {
    if (!real.some((root) => isWithin(root, wanted)) && !roots.some((root) => isWithin(root, wanted))) throw outside();
    throw new OpsError("not_found", `There is nothing at ${JSON.stringify(path)}.`, { hint: "Check the path.", cause: error });
  });
  if (!real.some((root) => isWithin(root, found))) throw outside();
  return found;
}

/** As `allowedPath`, for a folder. @throws OpsError as `allowedPath` */
export async function allowedFolder(roots: readonly string[], path: string | undefined): Promise<string> {
  const found = await allowedPath(roots, path ?? ".");
  if (!(await stat(found)).isDirectory()) throw new OpsError("invalid_input", `${JSON.stringify(path)} is no folder.`);
  return found;
}
