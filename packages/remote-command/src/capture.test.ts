import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamCapture } from "./capture.ts";
import { plainOutput } from "./plain-output.ts";

const NOTE = /\[… [\d,]+ bytes left out …\]\n/;

function captured(maxBytes: number, chunks: Iterable<Uint8Array>, kind: "model" | "parser" = "model"): ReturnType<StreamCapture["read"]> {
  const capture = new StreamCapture({ for: kind, maxBytes });
  for (const chunk of chunks) capture.write(chunk);
  return capture.read();
}

function* cutUp(text: string, sizes: readonly number[]): Generator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });
const printable = fc.array(fc.constantFrom("a", "é", "日", "\u{1f600}", "\n", " "), { maxLength: 300 }).map((chars) => chars.join(""));

describe("for a model", () => {
  test("what fits is whole; of more, head and tail are kept, within the bound and without half a character", () => {
    fc.assert(
      fc.property(printable, sizes, fc.integer({ min: 0, max: 400 }), (text, cuts, maxBytes) => {
        const bytes = Buffer.byteLength(text);
        const result = captured(maxBytes, cutUp(text, cuts));
        expect(result.bytes).toBe(bytes);
        expect(result.truncated).toBe(bytes > maxBytes);
        if (!result.truncated) {
          expect(result.text).toBe(text);
          return;
        }
        expect(result.text).toMatch(NOTE);
        expect(result.text).not.toContain("\ufffd");
        const [before = "", tail = ""] = result.text.split(NOTE);
        // A line's end is put before the note where the head has none.
        const head = text.startsWith(before) ? before : before.slice(0, -1);
        expect(text.startsWith(head)).toBe(true);
        expect(text.endsWith(tail)).toBe(true);
        expect(Buffer.byteLength(head) + Buffer.byteLength(tail)).toBeLessThanOrEqual(maxBytes + 1);
      }),
      { numRuns: 1_000, seed: 6 },
    );
  });

  test("the note says how many bytes are missing, and cuts fall between lines where one is near", () => {
    const text = Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`).join("");
    const { text: kept } = captured(400, [Buffer.from(text)]);
    const missing = Number(/… ([\d,]+) bytes/.exec(kept)![1]!.replaceAll(",", ""));
    expect(missing).toBe(text.length - kept.replace(NOTE, "").length);
    expect(kept).toMatch(/^line 0\n.*\nline \d+\n\[… [\d,]+ bytes left out …\]\nline \d+\n.*line 999\n$/s);
  });

  test("memory does not grow with the stream, nor with the chunks that it is cut into", () => {
    const capture = new StreamCapture({ for: "model", maxBytes: 10_000 });
    const chunk = Buffer.alloc(1_048_576, "x");
    const before = process.memoryUsage();
    for (let index = 0; index < 2_048; index += 1) capture.write(chunk);
    // Slices of one byte that each would keep a large chunk alive.
    for (let index = 0; index < 2_000; index += 1) capture.write(Buffer.alloc(1_048_576, "y").subarray(0, 1));
    globalThis.gc?.();
    const { arrayBuffers, external } = process.memoryUsage();
    expect(Math.max(arrayBuffers - before.arrayBuffers, external - before.external)).toBeLessThan(200 * 1_048_576);
    expect(capture.read()).toMatchObject({ bytes: 2_048 * 1_048_576 + 2_000, truncated: true });
    expect(capture.read().text.length).toBeLessThan(10_100);
  });
});

describe("for a parser", () => {
  test("all of it, byte for byte; or nothing, and the fact", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), sizes, fc.integer({ min: 0, max: 300 }), (text, cuts, maxBytes) => {
        const sent = Buffer.from(text).toString();
        const result = captured(maxBytes, cutUp(sent, cuts), "parser");
        const fits = Buffer.byteLength(sent) <= maxBytes;
        expect(result).toEqual({ text: fits ? sent : "", bytes: Buffer.byteLength(sent), truncated: !fits });
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});

describe("plainOutput", () => {
  test.each([
    ["colours and cursor", "\u001b[1;31mred\u001b[0m\u001b[2J\u001b[10;10Hx\u001b7y\u001b(Bz", "redxyz"],
    ["titles and links", "\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b\u001b]8;;\u001b\\c", "abc"],
    ["device strings", "a\u001bPq#0;2;0;0;0\u001b\\b\u001b_hidden\u001b\\c", "abc"],
    ["eight-bit forms", "a\u009b31mb\u009d0;t\u009cc", "abc"],
    ["unfinished ones hide nothing", "\u001b]0;rm -rf\nnext", "0;rm -rf\nnext"],
    ["cut off at the end", "abc\u001b[31", "abc"],
    ["overstriking", "N\bNA\bAM\bME\bE _\bx", "NAME x"],
    ["progress", "10%\r20%\r\ndone\r\n", "10%\n20%\ndone\n"],
    ["bells and NULs", "a\u0007b\u0000c\u007fd\u0085e", "abcde"],
    ["direction and hidden text", "a\u202eb\u2066c\u200bd\ufeffe\u{e0041}\u{e0042}f", "abcdef"],
    ["what is to stay", "tab\there\n日本 é \u{1f468}\u200d\u{1f469} ünï", "tab\there\n日本 é \u{1f468}\u200d\u{1f469} ünï"],
  ])("%s", (_name, output, plain) => expect(plainOutput(output)).toBe(plain));

  test("leaves no control character, in time that grows with the length only", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom("\u001b", "[", "]", "P", "0", ";", "m", "\u0007", "\\", "\b", "\r", "\n", "x", "\u009b", "\u009c", "\u202e"),
          { maxLength: 200 },
        ),
        (parts) => {
          expect(plainOutput(parts.join(""))).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        },
      ),
      { numRuns: 1_000, seed: 8 },
    );
    for (const part of ["\u001b", "\u001b]", "\u001b[", "\u001b[0;", "\b", "x\b", "\r", "\u001b]0;x", "\u009d"])
      expect(plainOutput(part.repeat(200_000)).length).toBeLessThanOrEqual(600_000);
  });
});
