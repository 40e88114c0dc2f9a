import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import type { Release } from "../release/pack.ts";
import { PUBLISHER_MODULE } from "../setup/mcp-publisher.mjs";
import { run } from "../setup/program.mjs";

const PUBLISHER_FOLDER = join(import.meta.dirname, "../setup/mcp-publisher");

/**
 * Checks the registry entries of a release by the registry's own schema, which its Go module carries. Returns their faults.
 * @throws ProgramFailed without Go or without a module proxy
 */
export async function entryFaults(folder: string): Promise<string[]> {
  const { Dir } = JSON.parse(
    await run("go", ["mod", "download", "-json", PUBLISHER_MODULE], { cwd: PUBLISHER_FOLDER, env: { ...process.env, GOFLAGS: "" } }),
  ) as {
    Dir: string;
  };
  const json = async (...path: string[]): Promise<any> => JSON.parse(await readFile(join(...path), "utf8"));
  const { servers } = (await json(folder, "release.json")) as Release;
  const faults: string[] = [];
  for (const { registry } of servers) {
    const entry = await json(folder, registry);
    const [date = ""] = /\d{4}-\d\d-\d\d/.exec(entry["$schema"]) ?? [];
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const isValid = ajv.compile(await json(Dir, "internal/validators/schemas", `${date}.json`));
    if (!isValid(entry))
      faults.push(...(isValid.errors ?? []).map(({ instancePath, message }) => `${registry}: ${instancePath} ${message}`));
  }
  return faults;
}
