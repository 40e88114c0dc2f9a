import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The OpenTofu to test with: the one that PLATFORM_OPS_TEST_TOFU names, else that of our cache; undefined where there is none. */
export function tofuForTests(): string | undefined {
  const named = process.env["PLATFORM_OPS_TEST_TOFU"];
  if (named !== undefined && named !== "") return named;
  const cache = process.env["PLATFORM_OPS_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "platform-ops");
  try {
    const folder = join(cache, "opentofu");
    return readdirSync(folder)
      .sort()
      .toReversed()
      .map((version) => join(folder, version, "tofu"))
      .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  } catch {
    return undefined;
  }
}
