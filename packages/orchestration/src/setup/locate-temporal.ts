import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { PINNED_CLI, PINNED_SERVER, minorOf, serverVersionOf } from "../local/server-version.ts";

export interface LocateTemporalOptions {
  /** The operator's word: taken whatever its version. */
  readonly configured?: string | undefined;
  /** The data directory. */
  readonly home: string;
  readonly cache: string;
  /** A search path as in PATH. */
  readonly path: string;
}

export interface LocatedTemporal {
  readonly path: string;
  readonly serverVersion: string;
  readonly from: "configured" | "cache" | "path";
}

/** Where an installed binary is kept. */
export function cachedTemporal(cache: string): string {
  return join(cache, "temporal", PINNED_CLI, "temporal");
}

/**
 * The Temporal binary to use: the configured one, else ours, else one on the search path of the pinned server's minor
 * version (another minor could not read our database). Undefined where there is none. Downloads nothing.
 * @throws OpsError program_missing, where the configured one is not there or is not a Temporal CLI
 */
export async function locateTemporal(options: LocateTemporalOptions): Promise<LocatedTemporal | undefined> {
  const { configured } = options;
  if (configured !== undefined) {
    const serverVersion = isProgram(configured) ? await knownVersion(configured) : undefined;
    if (serverVersion === undefined)
      throw new OpsError("program_missing", `temporal.binary names ${configured}, which is not a Temporal CLI.`, {
        hint: "Correct temporal.binary, or leave it out and run `setup`.",
      });
    return { path: configured, serverVersion, from: "configured" };
  }
  const cached = cachedTemporal(options.cache);
  if (isProgram(cached)) {
    const serverVersion = await knownVersion(cached);
    if (serverVersion !== undefined) return { path: cached, serverVersion, from: "cache" };
  }
  for (const folder of options.path.split(":")) {
    const path = join(folder, "temporal");
    if (!isAbsolute(folder) || !isProgram(path)) continue;
    const serverVersion = await knownVersion(path);
    if (serverVersion !== undefined && minorOf(serverVersion) === minorOf(PINNED_SERVER)) return { path, serverVersion, from: "path" };
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const versions = new Map<string, string>();

/** Asks each file once in the life of this process: it is 200 MB that must be mapped to answer. */
async function knownVersion(path: string): Promise<string | undefined> {
  const { size, mtimeMs } = statSync(path);
  const key = `${path}\0${size}\0${mtimeMs}`;
  const version = versions.get(key) ?? (await serverVersionOf(path));
  if (version !== undefined) versions.set(key, version);
  return version;
}
