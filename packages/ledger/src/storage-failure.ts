import { OpsError } from "@platform-ops/errors";

/** What the disk says, in words (errno names of POSIX; EDQUOT and EFBIG are a quota and a limit of this process). */
const SAID: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "a limit on the size of files is reached",
  EROFS: "the file system is read-only",
  EACCES: "this user may not",
  EPERM: "this user may not",
  EIO: "the disk reports an error",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
};

/** The failure of a file operation as `storage_failed` with what the disk says; everything else as it is. */
export function asStorageFailure(error: unknown, path?: string): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const { code, path: named } = error as NodeJS.ErrnoException;
  const said = code === undefined ? undefined : SAID[code];
  if (said === undefined) return error;
  const place = path ?? named;
  return new OpsError("storage_failed", `${place ?? "A file"} could not be written: ${said} (${code}).`, {
    details: { errno: code, ...(place === undefined ? {} : { path: place }) },
    cause: error,
  });
}
