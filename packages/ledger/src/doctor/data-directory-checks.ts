import { access, chmod, constants, lstat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { errno } from "../durable-file.ts";
import type { Ledger } from "../open-ledger.ts";
import type { Check } from "./check.ts";

/** Below this the database and what is kept may not find room. */
const LEAST_FREE_BYTES = 1_000_000_000;

/** The data directory as it lies there, its keys, and the room around it. Nothing is made: where there is none yet, that is said. */
export async function dataDirectoryChecks({ home, open }: { home: string; open(): Promise<Ledger> }): Promise<Check[]> {
  const directory = await directoryCheck(home);
  const disk = await diskCheck(home);
  if (directory.status === "broken" || directory.found === NOT_MADE) return [directory, ...disk];
  return [directory, await keysCheck(open), ...disk];
}

const NOT_MADE = "not made yet; the first use makes it";

async function directoryCheck(home: string): Promise<Check> {
  const about = { id: "data_directory", name: "data directory", path: home } as const;
  const wanted = "yours alone (mode 700)";
  try {
    const stat = await lstat(home);
    const mode = stat.mode & 0o777;
    const octal = mode.toString(8);
    if (stat.isSymbolicLink()) return { ...about, status: "ok", found: "a link" };
    if (!stat.isDirectory()) return { ...about, status: "broken", found: "not a directory", wanted, cure: `Move ${home} away.` };
    const self = process.getuid?.();
    if (self !== undefined && stat.uid !== self)
      return {
        ...about,
        status: "broken",
        found: `belongs to user ${stat.uid}, this is user ${self}`,
        wanted,
        cure: `Run as its owner, or choose another PLATFORM_OPS_HOME. A person who knows what is in it may: sudo chown -R ${self} ${home}`,
      };
    // What others could write they may have written: only a person can judge what is in it.
    if ((mode & 0o022) !== 0)
      return { ...about, status: "broken", found: `mode ${octal}`, wanted, cure: `Look at what is in it, then run: chmod 700 ${home}` };
    if ((mode & 0o077) !== 0)
      return {
        ...about,
        status: "warn",
        found: `mode ${octal}: others can look into it`,
        wanted,
        cure: `Run: chmod 700 ${home}`,
        mend: { what: `Set the mode of ${home} to 700`, run: () => chmod(home, 0o700) },
      };
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
    return { ...about, status: "ok", found: `mode ${octal}` };
  } catch (error) {
    if (errno(error) === "ENOENT") return await notMade(home, about);
    return {
      ...about,
      status: "broken",
      found: `cannot be used (${errno(error)})`,
      wanted,
      cure: "Check its owner and permissions, and that its disk may be written.",
    };
  }
}

async function notMade(home: string, about: Pick<Check, "id" | "name" | "path">): Promise<Check> {
  const parent = await nearestFolder(home);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
    return { ...about, status: "ok", found: NOT_MADE };
  } catch (error) {
    return {
      ...about,
      status: "broken",
      found: `cannot be made in ${parent} (${errno(error)})`,
      cure: `Make ${home} yourself and give it to this user, or choose another PLATFORM_OPS_HOME.`,
    };
  }
}

async function keysCheck(open: () => Promise<Ledger>): Promise<Check> {
  const about = { id: "keys", name: "keys" } as const;
  try {
    const { keys } = await open();
    return { ...about, status: "ok", found: `key ${keys.id}` };
  } catch (error) {
    if (isOpsError(error))
      return {
        ...about,
        status: error.code === "key_missing" ? "missing" : "broken",
        found: `${error.code}: ${error.message}`,
        cure: error.hint,
      };
    return {
      ...about,
      status: "broken",
      found: `cannot be opened (${errno(error)})`,
      cure: "Check owner and permissions of the data directory.",
    };
  }
}

async function diskCheck(home: string): Promise<Check[]> {
  const about = { id: "disk", name: "disk" } as const;
  try {
    const folder = await nearestFolder(home);
    const { bavail, bsize, ffree, files } = await statfs(folder);
    const free = bavail * bsize;
    const found = `${Math.round(free / 1e8) / 10} GB free`;
    const cure = `Free some space where ${folder} is: what is kept and the database need it.`;
    // Some file systems make inodes as they need them, and count none.
    if (files > 0 && ffree === 0) return [{ ...about, status: "broken", found: "no inodes left", cure }];
    if (free < LEAST_FREE_BYTES / 50) return [{ ...about, status: "broken", found, wanted: "1 GB", cure }];
    return [free < LEAST_FREE_BYTES ? { ...about, status: "warn", found, wanted: "1 GB", cure } : { ...about, status: "ok", found }];
  } catch {
    return [];
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const there = await lstat(folder).catch(() => undefined);
    if (there !== undefined || folder === dirname(folder)) return folder;
  }
}
