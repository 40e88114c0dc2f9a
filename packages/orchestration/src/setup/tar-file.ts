const BLOCK = 512;

/**
 * One plain file out of a tar archive (POSIX ustar): a header block of 512 bytes with the name at 0, the size in octal at
 * 124 and the type at 156, then the content in whole blocks. Undefined where it is not in it or the archive is cut.
 */
export function fileInTar(archive: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const entry = textAt(header, 0, 100);
    if (entry === "") return undefined;
    const size = Number.parseInt(textAt(header, 124, 12), 8);
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    const type = header[156];
    const start = at + BLOCK;
    const isFile = type === 0x30 || type === 0;
    if (isFile && entry.replace(/^\.\//, "") === name)
      return start + size <= archive.length ? archive.subarray(start, start + size) : undefined;
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

function textAt(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? length : end).trim();
}
