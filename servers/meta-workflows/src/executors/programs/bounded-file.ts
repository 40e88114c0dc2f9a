import { open } from "node:fs/promises";

/** What is kept of a stream: head and tail where it is too long. */
export interface BoundedText {
  readonly text: string;
  readonly bytes: number;
  readonly truncated: boolean;
}

/** The head and the tail of a file, of `most` bytes together; an empty text where there is no file. */
export async function boundedFile(path: string, most: number): Promise<BoundedText> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return { text: "", bytes: 0, truncated: false };
  try {
    const { size } = await file.stat();
    const read = async (from: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    };
    if (size <= most) return { text: (await read(0, size)).toString("utf8"), bytes: size, truncated: false };
    const half = Math.floor(most / 2);
    const [head, tail] = [await read(0, half), await read(size - half, half)];
    const before = endAtLine(head);
    const after = beginAtLine(tail);
    const left = size - before.length - after.length;
    const text = `${before.toString("utf8")}\n[… ${left} bytes left out …]\n${after.toString("utf8")}`;
    return { text, bytes: size, truncated: true };
  } finally {
    await file.close();
  }
}

/** How far a cut may move to fall between two lines: half a line may hold half of a secret, which nothing would mask. */
const LINE_REACH = 4_096;

function endAtLine(head: Buffer): Buffer {
  const line = head.lastIndexOf(10);
  return head.subarray(0, head.length - line <= LINE_REACH ? Math.max(0, line) : Math.max(0, head.length - LINE_REACH));
}

function beginAtLine(tail: Buffer): Buffer {
  const line = tail.indexOf(10);
  return tail.subarray(line >= 0 && line < LINE_REACH ? line + 1 : Math.min(tail.length, LINE_REACH));
}
