import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MarkedStream, type EndMark } from "./marked-stream.ts";

const MARK = `platform-ops-${"0123456789abcdef".repeat(2)}`;

interface Read {
  noise: string;
  output: string;
  starts: string[];
  ends: EndMark[];
  refusals: string[];
}

/** What a stream reads out of these chunks. */
function read(chunks: readonly Uint8Array[]): Read {
  const seen: Read = { noise: "", output: "", starts: [], ends: [], refusals: [] };
  const stream = new MarkedStream(MARK, {
    onNoise: (chunk) => (seen.noise += Buffer.from(chunk).toString("latin1")),
    onOutput: (chunk) => (seen.output += Buffer.from(chunk).toString("latin1")),
    onStart: (words) => seen.starts.push(words),
    onEnd: (end) => seen.ends.push(end),
    onRefused: (reason) => seen.refusals.push(reason),
  });
  for (const chunk of chunks) {
    stream.write(chunk);
    // The transport uses its memory again.
    chunk.fill(0);
  }
  stream.end();
  return seen;
}

/** Cut at these places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => Buffer.from(bytes.subarray(at[index - 1] ?? 0, end)));
}

const places = fc.array(fc.nat(), { maxLength: 40 });
/** Texts in which beginnings of marks and forged marks are frequent. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary-ascii", maxLength: 20 }),
      fc.constantFrom(
        "p",
        "platform-ops-",
        MARK.slice(0, 30),
        `${MARK.slice(0, -1)}0-end 0 0 137\n`,
        "\n",
        "-end 0 0 143\n",
        `platform-ops-${"f".repeat(32)}-end 0 0 143\n`,
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""))
  .filter((each) => !each.includes(MARK));

test("noise, output and end are told apart, however the stream is cut and whatever the output holds", () => {
  fc.assert(
    fc.property(text, text, text, fc.nat({ max: 255 }), fc.boolean(), places, (noise, output, after, status, left, at) => {
      const stream = `${noise}${MARK}-start 1\n${output}${MARK}-end ${status} ${left ? 1 : 0} 138\n${after}`;
      expect(read(cut(stream, at))).toEqual({ noise, output, starts: ["1"], ends: [{ status, left, stopped: false }], refusals: [] });
    }),
    { numRuns: 2_000, seed: 4 },
  );
});

test("every byte alone is the same as all at once", () => {
  const stream = `hello${MARK}-start 0\na${MARK.slice(0, 20)}b${MARK}-end 7 1 3\nrest`;
  const bytewise = read([...Buffer.from(stream)].map((byte) => Buffer.from([byte])));
  expect(bytewise).toEqual({
    noise: "hello",
    output: `a${MARK.slice(0, 20)}b`,
    starts: ["0"],
    ends: [{ status: 7, left: true, stopped: true }],
    refusals: [],
  });
  expect(read([Buffer.from(stream)])).toEqual(bytewise);
});

test("without an end mark all that came counts, also what looked like the beginning of one", () => {
  fc.assert(
    fc.property(text, fc.nat({ max: MARK.length }), places, (output, length, at) => {
      const stream = `${MARK}-start 1\n${output}${MARK.slice(0, length)}`;
      expect(read(cut(stream, at))).toMatchObject({ output: output + MARK.slice(0, length), ends: [] });
    }),
    { numRuns: 500, seed: 5 },
  );
  expect(read([Buffer.from(`${MARK}-start 1\nx${MARK}-end 0 0`)]).output).toBe(`x${MARK}-end 0 0`);
});

test("a mark that is not of our making, though it bears the right secret, is output", () => {
  for (const forged of [
    `${MARK}-end x 0 0\n`,
    `${MARK}-end 0\n`,
    `${MARK}-end 0 2 0\n`,
    `${MARK}-${"x".repeat(200)}\n`,
    `${MARK}-start 1\n`,
  ]) {
    const { output, ends, starts } = read([Buffer.from(`${MARK}-start 1\n${forged}z`)]);
    expect({ output, ends, starts }).toEqual({ output: `${forged}z`, ends: [], starts: ["1"] });
  }
  expect(read([Buffer.from(`${MARK}-end 0 0 0\nz`)])).toMatchObject({ noise: `${MARK}-end 0 0 0\nz`, ends: [] });
});

test("a reason not to begin is told", () => {
  expect(read(cut(`cd: no such directory\n${MARK}-refused directory\n`, [5, 30, 60]))).toMatchObject({
    noise: "cd: no such directory\n",
    refusals: ["directory"],
    starts: [],
  });
});
