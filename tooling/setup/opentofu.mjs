// OpenTofu, where there is no terraform, and for tests, which run with both: built once by Go into our cache.
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { partialFolder, settle } from "./cache.mjs";
import { MissingPart, run, which } from "./program.mjs";

const VERSION = "1.11.0";
const MODULE = join(dirname(fileURLToPath(import.meta.url)), "opentofu");
// Without the last one the binary calls itself a development build and writes that into plans.
const LINKER_FLAGS = "-s -w -X github.com/opentofu/opentofu/version.dev=no";

/**
 * The OpenTofu there is: on PATH, or the one that was built; undefined when one has to be built.
 * @param {string} cache
 * @returns {string | undefined}
 */
export function findTofu(cache) {
  return which("tofu") ?? (existsSync(builtTofu(cache)) ? builtTofu(cache) : undefined);
}

/**
 * A folder for PATH in which that OpenTofu is called terraform, for examples and tests that say `kind: terraform`.
 * @param {string} cache
 * @param {string} tofu
 */
export function terraformFolder(cache, tofu) {
  const folder = join(cache, "opentofu", "as-terraform");
  const link = join(folder, "terraform");
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(tofu, link);
  return folder;
}

/**
 * Where the built one lies: a folder that holds nothing else, so that it can be put on PATH.
 * @param {string} cache
 */
export function builtTofu(cache) {
  return join(cache, "opentofu", VERSION, "tofu");
}

/** Builds OpenTofu from the Go module proxy; Go checks every module by go.sum. Takes about four minutes of processor time. */
export async function bringOpenTofu({ cache, step, signal }) {
  const found = findTofu(cache);
  if (found !== undefined) return found;
  if (which("go") === undefined) {
    throw new MissingPart("No tofu is on PATH, and without Go none can be built. Install terraform or tofu, or Go, then set up again.");
  }
  const partial = partialFolder(cache, "opentofu");
  try {
    for (const name of ["go.mod", "go.sum"]) cpSync(join(MODULE, name), join(partial, name));
    step.update(`building OpenTofu ${VERSION} with Go, a few minutes the first time`);
    const args = [
      "build",
      "-trimpath",
      "-ldflags",
      LINKER_FLAGS,
      "-o",
      join(partial, "out", "tofu"),
      "github.com/opentofu/opentofu/cmd/tofu",
    ];
    await run("go", args, { cwd: partial, env: { ...process.env, GOFLAGS: "" }, signal, onLine: (line) => step.update(line) });
    settle(join(partial, "out"), dirname(builtTofu(cache)));
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return builtTofu(cache);
}
