import { closeSync, copyFileSync, fstatSync, mkdirSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";

/** Ten megabytes of log are kept twice: the file and the one before it. */
const ROTATE_BYTES = 10 * 1024 * 1024;

/** Opens a log file for a child to append to; the caller closes it after the start. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rotateLog(file);
  return openSync(file, "a", 0o600);
}

/**
 * Keeps a log file bounded while its writer lives: the content goes to `<file>.1` and the file starts anew.
 * Writers append (O_APPEND), so they go on at the new end; lines written during the copy may be lost.
 */
export function rotateLog(file: string, limit = ROTATE_BYTES): void {
  try {
    if (statSync(file).size <= limit) return;
    copyFileSync(file, `${file}.1`);
    truncateSync(file, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** The last bytes of a log; empty where there is none. */
export function tailOf(file: string, bytes = 4096): string {
  try {
    const fd = openSync(file, "r");
    try {
      const size = fstatSync(fd).size;
      const buffer = Buffer.alloc(Math.min(bytes, size));
      readSync(fd, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString("utf8");
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}
