// The parser of Docker Compose as a program, for the test of our compose file: built once by Go into our cache.
import { existsSync } from "node:fs";
import { builtByGo, buildWithGo } from "./go-program.mjs";

const COMPOSE = {
  name: "compose-go",
  module: "compose",
  title: "compose-go",
  version: "2.16.2",
  source: ".",
  linkerFlags: "-s -w",
};

/** The one that was built; undefined when it has to be. */
export function findCompose(cache) {
  const built = builtByGo(cache, COMPOSE);
  return existsSync(built) ? built : undefined;
}

/** Builds it from the Go module proxy. Takes some ten seconds of processor time. */
export async function bringCompose(options) {
  return findCompose(options.cache) ?? (await buildWithGo(COMPOSE, options));
}
