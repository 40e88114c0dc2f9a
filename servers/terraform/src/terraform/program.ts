import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { access, mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";

import { OpsError } from "@platform-ops/errors";

import type { ProgramRef } from "./step.ts";

/** Which of the two. */
export type ProgramKind = ProgramRef["kind"];
type Kind = ProgramKind;

/** Older ones lack what we drive by: the version line with `ui`, `-lockfile=readonly` and the apply summary as measured. */
export const LEAST_VERSIONS: Record<Kind, readonly [number, number]> = { terraform: [1, 5], tofu: [1, 6] };

const TITLE: Record<Kind, string> = { terraform: "Terraform", tofu: "OpenTofu" };

const cure = (kind: Kind): string =>
  `Install ${TITLE[kind]} ${LEAST_VERSIONS[kind].join(".")} or newer, or name its path in the settings (terraform.${kind}_path).`;

/**
 * What was found out about a binary; valid as long as path, size and times stay the same. The modification time can be set
 * by whoever put another file in its place, the time of the last change of its inode cannot.
 */
interface CacheEntry {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly version: string;
  readonly digest: string;
}

async function isExecutable(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile()) return false;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function findOnPath(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    if (isAbsolute(folder) && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

function digestOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash("sha256");
    createReadStream(path, { highWaterMark: 1024 * 1024 })
      .on("data", (chunk) => hash.update(chunk))
      .on("error", reject)
      .on("end", () => resolve(hash.digest("hex")));
  });
}

/** Asks the binary for its version; a private HOME-less environment keeps a user's settings out of the answer. */
function versionOf(kind: Kind, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      path,
      ["version", "-json"],
      { env: { PATH: "/usr/bin:/bin", CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" }, timeout: 30_000, cwd: dirname(path) },
      (error, stdout) => {
        const version = /"terraform_version"\s*:\s*"(\d+\.\d+\.\d+[^"]*)"/.exec(stdout)?.[1];
        if (version !== undefined) resolve(version);
        else
          reject(
            new OpsError("program_missing", `${path} does not answer like ${TITLE[kind]} when asked for its version.`, {
              hint: cure(kind),
              cause: error ?? undefined,
            }),
          );
      },
    );
  });
}

function requireVersion(kind: Kind, path: string, version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSIONS[kind];
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new OpsError("program_missing", `${path} is ${TITLE[kind]} ${version}; at least ${LEAST_VERSIONS[kind].join(".")} is needed.`, {
    hint: cure(kind),
    details: { path, version },
  });
}

async function readCache(file: string | undefined): Promise<Record<string, CacheEntry>> {
  if (file === undefined) return {};
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, CacheEntry>) : {};
  } catch {
    return {};
  }
}

async function writeCache(file: string | undefined, path: string, entry: CacheEntry): Promise<void> {
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(temporary, JSON.stringify({ ...(await readCache(file)), [path]: entry }), { mode: 0o600 });
  await rename(temporary, file);
}

/**
 * Finds terraform or tofu: the configured path, else the first on `searchPath`. Version and SHA-256 are kept in
 * `cacheFile` by path, size and times (hashing 90 MB costs 0.2 s). Throws `program_missing` with the cure.
 */
export async function findProgram(
  kind: Kind,
  options: { configured?: string; searchPath: string; cacheFile?: string },
): Promise<ProgramRef> {
  const found = options.configured ?? (await findOnPath(kind, options.searchPath));
  if (found === undefined)
    throw new OpsError("program_missing", `${kind} is not on PATH.`, { hint: cure(kind), details: { program: kind } });
  if (!isAbsolute(found) || !(await isExecutable(found))) {
    throw new OpsError("program_missing", `${found} is not a program that can be run (an absolute path to ${kind} is needed).`, {
      hint: cure(kind),
      details: { program: kind, path: found },
    });
  }
  const path = await realpath(found);
  const { size, mtimeMs, ctimeMs } = await stat(path);
  const kept = (await readCache(options.cacheFile))[path];
  const isValid = kept !== undefined && isOf(kept, { size, mtimeMs, ctimeMs }) && typeof kept.version === "string";
  const entry = isValid ? kept : { size, mtimeMs, ctimeMs, version: await versionOf(kind, path), digest: await digestOf(path) };
  requireVersion(kind, path, entry.version);
  if (!isValid) await writeCache(options.cacheFile, path, entry);
  return { kind, path, version: entry.version, digest: entry.digest };
}

function isOf(kept: CacheEntry, file: Pick<CacheEntry, "size" | "mtimeMs" | "ctimeMs">): boolean {
  return kept.size === file.size && kept.mtimeMs === file.mtimeMs && kept.ctimeMs === file.ctimeMs && /^[0-9a-f]{64}$/.test(kept.digest);
}

/** Digests of this process's programs, so that they are hashed once where no file has them. */
const hashed = new Map<string, CacheEntry>();

/**
 * Checks that a program is still the one that a run was started with. One that is not there passes: its start tells.
 * @throws OpsError program_missing
 */
export async function requireSameProgram(
  { kind, path, digest }: Pick<ProgramRef, "kind" | "path" | "digest">,
  cacheFile: string,
): Promise<void> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return;
  const known = [hashed.get(path), (await readCache(cacheFile))[path]].find((entry) => entry !== undefined && isOf(entry, file));
  const now = known?.digest ?? (await digestOf(path));
  const { size, mtimeMs, ctimeMs } = file;
  hashed.set(path, { size, mtimeMs, ctimeMs, version: "", digest: now });
  if (now === digest) return;
  throw new OpsError("program_missing", `${path} is another ${TITLE[kind]} than the one that the run was started with; it was not run.`, {
    hint: "Start a new run: its plans are made, and approved, with the program of now.",
    details: { program: kind, path },
  });
}
