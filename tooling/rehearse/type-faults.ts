import { join } from "node:path";
import type { PackedLibrary } from "../release/pack-library.ts";
import { plainEnv } from "../release/tarball.ts";
import { ROOT } from "../setup.mjs";
import { ProgramFailed, run } from "../setup/program.mjs";

/** What attw finds wrong in how the types of a packed library are found, for whom modules are the only form. */
export async function typeFaults(folder: string, { tarball, name }: PackedLibrary): Promise<string[]> {
  const attw = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const args = [attw, join(folder, tarball.file), "--profile", "esm-only", "--no-color", "--no-emoji", "--format", "ascii"];
  try {
    await run(process.execPath, args, { env: plainEnv() });
    return [];
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    return [`the types of ${name}: ${(error.output as string[]).join(" | ")}`];
  }
}
