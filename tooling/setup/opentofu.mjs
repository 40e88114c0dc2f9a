// OpenTofu, where neither terraform nor tofu is on PATH: built once by Go into our cache.
import { cpSync, existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { partialFolder, settle } from "./cache.mjs";
import { MissingPart, run, which } from "./program.mjs";

const VERSION = "1.11.0";
const MODULE = join(dirname(fileURLToPath(import.meta.url)), "opentofu");
// Without the last one the binary calls itself a development build and writes that into plans.
const LINKER_FLAGS = "-s -w -X github.com/opentofu/opentofu/version.dev=no";

/**
 * The terraform or tofu that examples and tests will use, or undefined when one has to be built.
 * @param {string} cache
 * @returns {string | undefined}
 */
export function findTerraform(cache) {
  return which("terraform") ?? which("tofu") ?? (existsSync(builtTofu(cache)) ? builtTofu(cache) : undefined);
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
  const found = findTerraform(cache);
  if (found !== undefined) return found;
  if (which("go") === undefined) {
    throw new MissingPart(
      "Neither terraform nor tofu is on PATH, and without Go none can be built. Install one of the three, then set up again.",
    );
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
