import { lstatSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { defaultConfigFile } from "../places.ts";
import { SYSTEM_POLICY_FILE } from "./system-policy.ts";

/** What a program was started with. */
export interface Start {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/**
 * Variables that are settings, or could be: ours, Temporal's, Teleport's, and those of the source documents. Not SSH_AUTH_SOCK:
 * it is set on most machines, and nothing that it may hold is a fault or counts before the first call.
 */
const SETTING =
  /^(PLATFORM_OPS_.*|TEMPORAL_.*|TELEPORT_.*|LOG_LEVEL|ALLOWED_TELEPORT_CLUSTERS|WORKFLOW_DEFINITIONS_PATH|MAX_PENDING_ACTIONS)$/;
/** Says only where things are kept; switches of our own tests. */
const HARMLESS = /^PLATFORM_OPS_(HOME|TEST_.*)$/;

/**
 * Whether nothing but the data directory and existing roots is said to a server: no file, no variable, no other flag. Its settings
 * are the defaults then, without a fault, and need not be read before the first call. False where in doubt.
 */
export function isUnconfigured({ argv, env, cwd, home, platform }: Start): boolean {
  return (
    onlyRoots(argv, cwd) &&
    saysNothing(env) &&
    isAbsolute(home) &&
    !isThere(SYSTEM_POLICY_FILE) &&
    !isThere(defaultConfigFile(platform, { ...env, HOME: home }))
  );
}

/** True for nothing but `--root` with folders that are there. */
export function onlyRoots(argv: readonly string[], cwd: string): boolean {
  if (argv.length % 2 !== 0) return false;
  return argv.every((word, i) => (i % 2 === 0 ? word === "--root" : /^[^~,:-][^,:]*$/.test(word) && isFolder(resolve(cwd, word))));
}

/** True where no variable is a setting, or could be. */
export function saysNothing(env: Start["env"]): boolean {
  return Object.keys(env).every((name) => !SETTING.test(name) || HARMLESS.test(name));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Also what may not be looked at is there: reading it says so. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
