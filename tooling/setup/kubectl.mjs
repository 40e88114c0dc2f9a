// kubectl for the tests, where there is none: built once by Go into our cache.
import { existsSync } from "node:fs";
import { builtByGo, buildWithGo } from "./go-program.mjs";
import { which } from "./program.mjs";

const VERSION = "1.36.3";
const KUBECTL = {
  name: "kubectl",
  module: "kubectl",
  title: "kubectl",
  version: VERSION,
  source: ".",
  // Without these it calls itself v0.0.0.
  linkerFlags: `-s -w -X k8s.io/component-base/version.gitVersion=v${VERSION} -X k8s.io/client-go/pkg/version.gitVersion=v${VERSION}`,
};

/** The kubectl there is: on PATH, or the one that was built; undefined when one has to be built. */
export function findKubectl(cache) {
  const built = builtByGo(cache, KUBECTL);
  return which("kubectl") ?? (existsSync(built) ? built : undefined);
}

/** Builds it from the Go module proxy. Takes about two minutes of processor time. */
export async function bringKubectl(options) {
  return findKubectl(options.cache) ?? (await buildWithGo(KUBECTL, options));
}
