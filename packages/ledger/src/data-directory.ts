import { randomBytes } from "node:crypto";
import { chmod, lstat, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { errno, makePrivateDirectory, readPrivate, writeDurably } from "./durable-file.ts";

/** The folder in which everything of one operator is kept. */
export interface DataDirectory {
  /** Absolute and real (no symbolic link on the way). */
  readonly root: string;
  /** 12 hex digits, made once; names task queues and locks. */
  readonly id: string;
  /** A path inside the directory; a part that would lead outside throws. */
  path(...parts: string[]): string;
}

/** What makes up the layout; each is a private directory. */
const ROOMS = [
  "keys",
  "artifacts",
  "approvals",
  "approvals/requests",
  "approvals/records",
  "approvals/signatures",
  "approvals/used",
  "approvals/work",
  "audit",
  "reports",
  "logs",
  "temporal",
  "supervisor",
  "workers",
  "runtimes",
  "bin",
  "runs",
  "locks",
  "tokens",
] as const;

/**
 * Opens the data directory, making it (0700) and its rooms where they are missing.
 * @throws OpsError `data_directory_unsafe` when it, or a room of it, belongs to somebody else, is writable by others, is
 * reached through a folder in which anybody may rename, or holds a damaged id.
 */
export async function openDataDirectory(root: string): Promise<DataDirectory> {
  if (!isAbsolute(root)) throw new OpsError("data_directory_unsafe", `The data directory must be an absolute path, not ${root}.`);
  const real = await realRoot(resolve(root));
  await makePrivateDirectory(real);
  await refuseOpenParent(real);
  const mode = (await lstat(real)).mode & 0o777;
  if ((mode & 0o077) !== 0) await chmod(real, 0o700);
  for (const room of ROOMS) await makePrivateDirectory(join(real, room));
  const id = await openId(join(real, "id"));
  return { root: real, id, path: (...parts) => inside(real, parts) };
}

/** The place where a link at the root's own name points to: an operator may move the directory, nobody else may. */
async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (error) {
    if (errno(error) !== "ENOENT")
      throw new OpsError("data_directory_unsafe", `The data directory ${root} cannot be reached (${errno(error) ?? "unknown"}).`, {
        cause: error,
      });
    const entry = await lstat(root).catch(() => undefined);
    if (entry?.isSymbolicLink()) throw new OpsError("data_directory_unsafe", `The data directory ${root} is a link to nothing.`);
    return root;
  }
}

/** In a folder that anybody may write and that has no sticky bit, anybody could put another directory in our place. */
async function refuseOpenParent(root: string): Promise<void> {
  const parent = dirname(root);
  const { mode } = await stat(parent);
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new OpsError("data_directory_unsafe", `Anybody may rename what is in ${parent}, which holds the data directory.`, {
      hint: `Run: chmod o-w ${parent}`,
    });
  }
}

async function openId(path: string): Promise<string> {
  for (;;) {
    const found = await readPrivate(path, 1024);
    if (found !== undefined) {
      const id = found.toString("utf8").trim();
      if (/^[0-9a-f]{12}$/.test(id)) return id;
      throw new OpsError("data_directory_unsafe", `${path} should hold 12 hexadecimal digits.`, {
        hint: "Restore it from a backup: task queues and open runs are named by it.",
      });
    }
    await writeDurably(path, `${randomBytes(6).toString("hex")}\n`, { mode: "once", flushDirectory: true });
  }
}

function inside(root: string, parts: string[]): string {
  const path = resolve(root, ...parts.map((part) => (part.startsWith(sep) ? `.${part}` : part)));
  const way = relative(root, path);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way))
    throw new OpsError("path_not_allowed", "A path leads outside the data directory.");
  return path;
}
