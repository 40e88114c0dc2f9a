import { access, constants, realpath, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { OpsError } from "@platform-ops/errors";

async function executable(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    await access(real, constants.X_OK);
    return (await stat(real)).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The program that a definition names, if the operator allows it: by the name under which PATH has it, or by its whole path.
 * @throws OpsError not_allowed, program_missing
 */
export async function findProgram(name: string, allowed: readonly string[], path: string | undefined): Promise<string> {
  const refused = (): OpsError =>
    new OpsError("not_allowed", `The program ${JSON.stringify(name.slice(0, 200))} is not one that the server may start.`, {
      hint:
        allowed.length === 0
          ? "The operator allows none: meta_workflows.programs."
          : `Allowed: ${allowed.join(", ")}. The operator extends it: meta_workflows.programs.`,
    });
  if (!allowed.includes(name)) throw refused();
  if (name.includes("/") && !isAbsolute(name)) throw refused();
  // A relative folder on PATH would be one of whoever chose the working directory.
  const places = isAbsolute(name)
    ? [name]
    : (path ?? "")
        .split(":")
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, name));
  for (const place of places) {
    const found = await executable(place);
    if (found !== undefined) return found;
  }
  throw new OpsError("program_missing", `${name} is not installed here.`);
}
