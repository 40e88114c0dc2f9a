import { OpsError } from "@platform-ops/errors";
import { checkDraft } from "./check-draft.ts";
import { readConfigFile, type ConfigFile } from "./config-file.ts";
import { filesMatching, WALK_LIMITS } from "./glob.ts";
import { allow } from "./paths.ts";
import { ProblemList } from "./problem-list.ts";

/** The names that a search for definitions takes for configurations. */
const CONFIG_NAMES = "**/infra.{yaml,yml,json}";

/**
 * The one configuration under the roots that defines all the named workspaces, for an inline configuration that gives
 * no `dir`. The search is bounded in depth and count. Throws `invalid_config` when none or several do, naming them.
 */
export async function definingFile(names: readonly string[], roots: readonly string[]): Promise<ConfigFile> {
  const defining: ConfigFile[] = [];
  const partly: string[] = [];
  const unreadable: string[] = [];
  let truncated = false;
  for (const root of roots) {
    const found = await filesMatching(root, CONFIG_NAMES, WALK_LIMITS);
    truncated ||= found.truncated;
    for (const path of found.files) {
      const allowed = allow(path, root, roots);
      if ("refused" in allowed || defining.some((file) => file.path === allowed.path)) continue;
      const defined = definedNames(allowed);
      if (defined === undefined) unreadable.push(path);
      else if (names.every((name) => defined.has(name))) defining.push(allowed);
      else if (names.some((name) => defined.has(name))) partly.push(path);
    }
  }
  if (defining.length === 1) return defining[0]!;
  const missing = names.map((name) => `workspace ${name} missing dir`).join("; ");
  if (defining.length > 1) {
    const matches = defining.map(({ path }) => path);
    throw new OpsError(
      "invalid_config",
      `Invalid config: ${missing}, and several configurations define ${names.length === 1 ? "it" : "them"}: ${matches.join(", ")}`,
      {
        hint: "Say which one with config_path, or give each workspace its dir.",
        details: { matches },
      },
    );
  }
  const parts = [
    partly.length === 0 ? "" : ` Some are defined in ${partly.slice(0, 5).join(", ")}.`,
    unreadable.length === 0 ? "" : ` Not readable: ${unreadable.slice(0, 5).join(", ")}.`,
    truncated ? " The search stopped at its limit." : "",
  ].join("");
  throw new OpsError(
    "invalid_config",
    `Invalid config: ${missing}, and no infra.yaml under the allowed roots defines ${names.length === 1 ? "it" : "all of them"}.${parts}`,
    {
      hint: "Give each workspace its dir, or name the file that defines it with config_path.",
    },
  );
}

function definedNames(file: ConfigFile): Set<string> | undefined {
  try {
    const { value } = readConfigFile(file);
    return new Set(checkDraft(value, new ProblemList(), { dirOptional: true }).workspaces.map(({ name }) => name));
  } catch {
    return undefined;
  }
}
