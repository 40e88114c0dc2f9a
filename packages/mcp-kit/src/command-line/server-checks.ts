import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commonChecks, type Check } from "@platform-ops/ledger";
import type { ServerDeps } from "../server-deps.ts";

/** What `doctor` looks at for every server, from what every server knows of its surroundings. */
export function serverChecks({ config, ledger }: Pick<ServerDeps, "config" | "ledger">): Promise<Check[]> {
  const { settings, policy, files, notes, path, env, dist } = config;
  return commonChecks({ settings, policy, files, notes, searchPath: path, env, builtAt: builtAt(dist), open: ledger });
}

function builtAt(dist: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(dist, "build.json"), "utf8")) as { built_at?: string }).built_at;
  } catch {
    return undefined;
  }
}
