import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Unix socket's path may have 104 bytes on macOS, 108 on Linux; ssh first makes it under a name 17 bytes longer. */
const LONGEST = 104 - 17;

/**
 * A private folder whose sockets have a path short enough, in which ssh expands nothing: the given one, else one in the folder
 * for temporary files.
 *
 * @param longestName of what will be in it
 */
export async function socketFolder(preferred: string, longestName: number): Promise<string> {
  const fits = (folder: string): boolean => Buffer.byteLength(folder) + 1 + longestName < LONGEST && !/[%$~"\s]/.test(folder);
  if (fits(preferred)) {
    await mkdir(preferred, { recursive: true, mode: 0o700 });
    return preferred;
  }
  // mkdtemp makes it for this account alone.
  return await mkdtemp(join(fits(join(tmpdir(), "ssh-XXXXXX")) ? tmpdir() : "/tmp", "ssh-"));
}
