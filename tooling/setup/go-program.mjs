// Programs that Go builds into our cache from a go.mod and go.sum of ours: every module is checked by its sum.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { partialFolder, settle } from "./cache.mjs";
import { MissingPart, run, which } from "./program.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * Builds a program unless it is there. Resolves to its path, in a folder that holds nothing else, so that it can be put on PATH.
 * @param {{ name: string, module: string, title: string, version: string, source: string, linkerFlags: string }} program
 *   name: of the file; module: the folder beside this one with its go.mod; source: the package that is built
 * @param {{ cache: string, step: { update(text: string): void }, signal?: AbortSignal }} options
 * @throws MissingPart without Go, ProgramFailed
 */
export async function buildWithGo({ name, module, title, version, source, linkerFlags }, { cache, step, signal }) {
  const built = builtByGo(cache, { module, name, version });
  if (existsSync(built)) return built;
  if (which("go") === undefined)
    throw new MissingPart(`No ${name} is on PATH, and without Go none can be built. Install ${name}, or Go, then set up again.`);
  const partial = partialFolder(cache, module);
  try {
    for (const file of readdirSync(join(HERE, module))) cpSync(join(HERE, module, file), join(partial, file));
    step.update(`building ${title} ${version} with Go, a few minutes the first time`);
    const args = ["build", "-trimpath", "-ldflags", linkerFlags, "-o", join(partial, "out", name), source];
    await run("go", args, { cwd: partial, env: { ...process.env, GOFLAGS: "" }, signal, onLine: (line) => step.update(line) });
    settle(join(partial, "out"), dirname(built));
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return built;
}

/** Where such a program lies once it is built. */
export function builtByGo(cache, { module, name, version }) {
  return join(cache, module, version, name);
}
