import { cacheFolder } from "./cache.mjs";
import { builtTofu, findTerraform } from "./opentofu.mjs";

/** The OpenTofu that the set-up built, where it is the only one there is; undefined where terraform or tofu is on PATH. */
export function tofuOfCache(): Promise<string | undefined> {
  const cache = cacheFolder();
  // The set-up may have put its folder on PATH: the same file is found either way.
  const built = builtTofu(cache);
  return Promise.resolve(findTerraform(cache) === built ? built : undefined);
}
