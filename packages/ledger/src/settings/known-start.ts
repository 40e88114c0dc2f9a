import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { defaultConfigFile, defaultDataDirectory } from "../places.ts";
import { SYSTEM_POLICY_FILE } from "./system-policy.ts";
import { onlyRoots, saysNothing, type Start } from "./unconfigured.ts";

// Reading the operator's file takes longer than all else of a start. What a start must know of it before the first call
// (that it has no fault, whether it is read-only, and its toolsets) is kept, and stays true as long as nothing that it was told by changes.
// Nothing is allowed by what is kept: the first call reads the settings themselves.

/** A start whose settings come from files alone, and the files as they were when it was looked at. */
export interface FileStart {
  /** What was said to the server. */
  readonly said: string;
  /** Each file by which its settings are told, with what changes when it does. */
  readonly files: Readonly<Record<string, string>>;
  /** Where what is known of starts is kept. */
  readonly keptIn: string;
}

/** What a reading of the settings told of a start. */
export interface KnownStart {
  readonly readOnly: boolean;
  /** Those that are offered; all where none are named. */
  readonly toolsets?: readonly string[];
}

interface Kept extends KnownStart {
  readonly said: string;
  readonly files: Readonly<Record<string, string>>;
}

/** How many starts are kept: clients of one machine with other folders each have their own. */
const MOST = 16;
const MOST_BYTES = 256 * 1024;
/** A file younger than this may change again without a change of its times, which some file systems keep in steps. */
const SETTLED_AFTER_MS = 2000;

/**
 * The start, if nothing but existing roots, the data directory, the cache and the operator's file are said to the server;
 * `program` is the file that reads settings. Undefined where something else is said, or in doubt.
 */
export function fileStart(start: Start, program: string): FileStart | undefined {
  const { argv, cwd, home, platform } = start;
  const { PLATFORM_OPS_HOME: directory, PLATFORM_OPS_CONFIG: config, PLATFORM_OPS_CACHE: cache, ...env } = start.env;
  if (!onlyRoots(argv, cwd) || !saysNothing(env) || !isAbsolute(home)) return undefined;
  if (![directory, config, cache].every((path) => path === undefined || isAbsolute(path))) return undefined;
  const keptIn = directory ?? defaultDataDirectory(platform, { ...env, HOME: home });
  const configFile = config ?? defaultConfigFile(platform, { ...env, HOME: home });
  const files = lookAt([configFile, SYSTEM_POLICY_FILE, dirname(SYSTEM_POLICY_FILE), program]);
  if (files === undefined) return undefined;
  return { said: JSON.stringify([program, argv, cwd, home, platform, keptIn, configFile, cache, process.getuid?.()]), files, keptIn };
}

/** What was kept of such a start, if no file changed since. */
export function knownStart(start: FileStart): KnownStart | undefined {
  const found = read(start).find(({ said }) => said === start.said);
  return found !== undefined && isSame(found.files, start.files) ? told(found) : undefined;
}

const told = ({ readOnly, toolsets }: KnownStart): KnownStart => ({ readOnly, ...(toolsets !== undefined && { toolsets }) });

/**
 * Keeps what the settings told, read after `start` was looked at; `more` are further files by which they are valid. Keeps
 * nothing where a file is so young at `now` (milliseconds since 1970) that a change could be missed, or where there is no
 * data directory yet.
 */
export function keepStart(start: FileStart, known: KnownStart, more: readonly string[], now: number = Date.now()): void {
  const files = lookAt([...Object.keys(start.files), ...more]);
  if (files === undefined || Object.keys(start.files).some((path) => files[path] !== start.files[path])) return;
  if (Object.keys(files).some((path) => now - changedAt(path) < SETTLED_AFTER_MS)) return;
  const kept: Kept[] = [
    { said: start.said, files, ...told(known) },
    ...read(start)
      .filter(({ said }) => said !== start.said)
      .slice(0, MOST - 1),
  ];
  const path = placeOf(start);
  const partial = `${path}.${process.pid}`;
  try {
    writeFileSync(partial, JSON.stringify(kept), { mode: 0o600 });
    renameSync(partial, path);
  } catch {
    // No data directory yet, or a full disk: the next start reads its settings, as this one did.
    rmSync(partial, { force: true });
  }
}

const placeOf = ({ keptIn }: FileStart): string => join(keptIn, "known-starts.json");

function read(start: FileStart): Kept[] {
  try {
    const path = placeOf(start);
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MOST_BYTES) return [];
    const kept: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(kept) ? kept.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is Kept {
  const { said, files, readOnly, toolsets } = (value ?? {}) as Partial<Record<keyof Kept, unknown>>;
  const areToolsets = toolsets === undefined || (Array.isArray(toolsets) && toolsets.every((name) => typeof name === "string"));
  return typeof said === "string" && typeof files === "object" && files !== null && typeof readOnly === "boolean" && areToolsets;
}

/** No file that was kept may have changed; those beyond the start's own are looked at now. */
function isSame(kept: Readonly<Record<string, string>>, now: FileStart["files"]): boolean {
  const more = lookAt(Object.keys(kept).filter((path) => !(path in now)));
  return more !== undefined && Object.keys(now).every((path) => path in kept) && same(kept, { ...now, ...more });
}

const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).every((path) => a[path] === b[path]);

/** Of each file its identity, owner, mode, size and times; of one that is not there "absent". Undefined where one may not be looked at. */
function lookAt(paths: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(
      paths.map((path) => {
        const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
        const { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs } = stat ?? {};
        return [path, stat === undefined ? "absent" : [dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join(" ")];
      }),
    );
  } catch {
    return undefined;
  }
}

/** Milliseconds since 1970 of the last change of content, owner or mode; 0 where there is no such file. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
}
