// OpenTofu, where there is no terraform, and for tests, which run with both: built once by Go into our cache.
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { builtByGo, buildWithGo } from "./go-program.mjs";
import { which } from "./program.mjs";

const TOFU = {
  name: "tofu",
  module: "opentofu",
  title: "OpenTofu",
  version: "1.11.0",
  source: "github.com/opentofu/opentofu/cmd/tofu",
  // Without the last one the binary calls itself a development build and writes that into plans.
  linkerFlags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
};

/**
 * The OpenTofu there is: on PATH, or the one that was built; undefined when one has to be built.
 * @param {string} cache
 * @returns {string | undefined}
 */
export function findTofu(cache) {
  return which("tofu") ?? (existsSync(builtByGo(cache, TOFU)) ? builtByGo(cache, TOFU) : undefined);
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

/** Builds OpenTofu from the Go module proxy. Takes about four minutes of processor time. */
export async function bringOpenTofu(options) {
  return findTofu(options.cache) ?? (await buildWithGo(TOFU, options));
}
