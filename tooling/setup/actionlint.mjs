// actionlint, which checks the workflows of CI for the tests: built once by Go into our cache, in seconds.
import { existsSync } from "node:fs";
import { builtByGo, buildWithGo } from "./go-program.mjs";

const ACTIONLINT = {
  name: "actionlint",
  module: "actionlint",
  title: "actionlint",
  version: "1.7.12",
  source: "github.com/rhysd/actionlint/cmd/actionlint",
  linkerFlags: "-s -w",
};

/** The one that was built; undefined when it has to be built. */
export function findActionlint(cache) {
  const built = builtByGo(cache, ACTIONLINT);
  return existsSync(built) ? built : undefined;
}

/** Builds it from the Go module proxy. */
export async function bringActionlint(options) {
  return findActionlint(options.cache) ?? (await buildWithGo(ACTIONLINT, options));
}
