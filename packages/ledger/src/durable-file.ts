import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { asStorageFailure } from "./storage-failure.ts";

/** Marks files that are being written; a crash may leave some behind, a sweep takes them away. */
export const UNFINISHED = ".unfinished";

/** How a file is put in place. */
export interface WriteOptions {
  /** "replace" renames over what is there; "once" fails when the name is taken. */
  readonly mode: "replace" | "once";
  /** Also flush the directory, so that the name itself survives a power cut. */
  readonly flushDirectory?: boolean;
}

/**
 * Writes a file, mode 0600, so that a reader sees all of it or nothing: a temporary file beside it, flushed, then
 * renamed ("replace") or linked ("once").
 * @returns false when mode is "once" and the name is taken; nothing is changed then.
 * @throws OpsError `storage_failed` when the disk takes no more, or may not be written
 */
export async function writeDurably(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<boolean> {
  try {
    return await write(path, bytes, options);
  } catch (error) {
    throw asStorageFailure(error, path);
  }
}

async function write(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}${UNFINISHED}`;
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.mode === "replace") await rename(temporary, path);
    else if (!(await linked(temporary, path))) return false;
    if (options.flushDirectory) await flushDirectory(dirname(path));
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errno(error) === "EEXIST") return false;
    throw error;
  }
}

async function flushDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a regular file without following a symbolic link at its end.
 * @returns undefined when nothing has that name.
 * @throws OpsError `data_directory_unsafe` for a link or anything that is no regular file; `too_large` over `maxBytes`.
 */
export async function readPrivate(path: string, maxBytes: number): Promise<Buffer | undefined> {
  return withPrivateFile(path, async (handle, size) => {
    if (size > maxBytes) throw new OpsError("too_large", `${path} has ${size} bytes; the bound is ${maxBytes}.`);
    return handle.readFile();
  });
}

/** As `readPrivate`, but only the first `length` bytes, or fewer when the file is shorter. */
export async function readPrivateStart(path: string, length: number): Promise<Buffer | undefined> {
  return withPrivateFile(path, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  });
}

async function withPrivateFile<T>(path: string, read: (handle: FileHandle, size: number) => Promise<T>): Promise<T | undefined> {
  let handle: FileHandle;
  try {
    // O_NONBLOCK: a named pipe put in a file's place must not make us wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    if (errno(error) === "ELOOP") throw new OpsError("data_directory_unsafe", `${path} is a symbolic link; a plain file is expected.`);
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new OpsError("data_directory_unsafe", `${path} is not a plain file.`);
    return await read(handle, stat.size);
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory 0700 where it is missing, and checks one that is there.
 * @throws OpsError `data_directory_unsafe` when it is a link, no directory, another user's, or writable by others.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  await makeFolders(path);
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) throw new OpsError("data_directory_unsafe", `${path} is a symbolic link; a directory is expected.`);
  if (!stat.isDirectory()) throw new OpsError("data_directory_unsafe", `${path} is not a directory.`);
  const self = process.getuid?.();
  if (self !== undefined && stat.uid !== self) {
    throw new OpsError("data_directory_unsafe", `${path} belongs to user ${stat.uid}, not to this process's user ${self}.`);
  }
  if ((stat.mode & 0o022) !== 0) {
    throw new OpsError(
      "data_directory_unsafe",
      `${path} can be written by its group or by everybody (mode ${(stat.mode & 0o777).toString(8)}).`,
      {
        hint: `Look at what is in it, then run: chmod 700 ${path}`,
      },
    );
  }
}

/**
 * Node's own `recursive` never ends where a folder that is there takes none (ENOENT of /proc, or of an automounter's folder), and
 * keeps a processor busy meanwhile.
 */
async function makeFolders(path: string): Promise<void> {
  const failure = await mkdir(path, { mode: 0o700 }).then(
    () => undefined,
    (error: unknown) => error,
  );
  // What stands there instead is named by the caller.
  if (failure === undefined || errno(failure) === "EEXIST") return;
  const above = dirname(path);
  if (errno(failure) !== "ENOENT" || above === path) throw asStorageFailure(failure, path);
  if (!(await isThere(above))) await makeFolders(above);
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errno(error) === "ENOENT")
      throw new OpsError("storage_failed", `${path} could not be made: ${above} takes no folders.`, { details: { path }, cause: error });
    if (errno(error) !== "EEXIST") throw asStorageFailure(error, path);
  });
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** The errno name of a system error, such as ENOENT. */
export function errno(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error ? String((error as { code: unknown }).code) : undefined;
}
