// Our cache folder: downloaded and built parts that every clone of this user shares. Plain Node: runs before anything is installed.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** PLATFORM_OPS_CACHE, else `platform-ops` in the user's cache folder. */
export function cacheFolder(env = process.env) {
  if (env.PLATFORM_OPS_CACHE) return env.PLATFORM_OPS_CACHE;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "platform-ops");
}

/** A private folder in which a part is made before it is renamed to its place. Its name bears our pid, see `sweepPartials`. */
export function partialFolder(cache, name) {
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, `.partial-${process.pid}-${name}-`));
}

/** Renames a finished file or folder to its place. When another process was faster, its equal result stays. */
export function settle(from, to) {
  mkdirSync(join(to, ".."), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
}

/** Removes what killed set-ups left half made. */
export function sweepPartials(cache) {
  for (const name of list(cache)) {
    const pid = /^\.partial-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** Takes a lock of this user, waiting for a live holder. Returns the function that gives it back. */
export async function takeLock(cache, name, onWait) {
  const folder = join(cache, "locks");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = Number(read(file));
    // An empty file belongs to a process between creating and writing: one more look decides.
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    else onWait(holder);
    await new Promise((wake) => setTimeout(wake, 300));
  }
}

/** SHA-256 (hex) over names, as given, and contents. A file that is not there counts as such. Relative names lie in `base`. */
export function hashFiles(files, base = ".") {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0${read(resolve(base, file)) ?? "-"}\0`);
  return hash.digest("hex");
}

/** The text of a file, or undefined. */
export function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
