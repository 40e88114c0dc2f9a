import { expect, test } from "vitest";
import { addCounts, missingIn, summaryOf, type CountedFile } from "./counted-files.ts";

const at = (line: number, column = 0) => ({ start: { line, column } });
const file = (s: number[], b: number[][], lines = [1, 2, 2, 3, 7]): CountedFile => ({
  statementMap: Object.fromEntries(s.map((_, id) => [id, at(lines[id]!, id)])),
  s: Object.fromEntries(s.entries()),
  branchMap: Object.fromEntries(b.map((arms, id) => [id, { type: "if", loc: at(lines[id]!), locations: arms }])),
  b: Object.fromEntries(b.entries()),
});

test("a line ran when one of its statements did; each arm of a branch counts", () => {
  expect(
    summaryOf(
      file(
        [1, 0, 3, 0, 0],
        [
          [1, 0],
          [0, 0, 2],
        ],
      ),
    ),
  ).toEqual({
    lines: { total: 4, covered: 2 },
    branches: { total: 5, covered: 2 },
  });
});

test("what did not run is listed by its lines", () => {
  expect(
    missingIn(
      file(
        [1, 0, 0, 0, 0],
        [
          [1, 0],
          [0, 2],
        ],
      ),
    ),
  ).toBe("lines 2–7; branches at 1, 2");
  expect(missingIn(file([1, 1, 0, 0, 1], [[1, 1]]))).toBe("lines 3");
  expect(missingIn(file([1], [[1, 0]]))).toBe("all lines run; branches at 1");
});

test("what a bundle ran is added by its place; what it places elsewhere, or has not, adds nothing", () => {
  const ours = file(
    [1, 0, 0],
    [
      [1, 0],
      [0, 0],
    ],
  );
  const bundle = file(
    [0, 2, 5],
    [
      [0, 4],
      [3, 3],
    ],
    [1, 2, 9],
  );
  addCounts({ "/a.ts": ours, "/b.ts": file([0], []) }, { "/a.ts": bundle, "/c.ts": file([9], []) });
  expect(ours.s).toEqual({ 0: 1, 1: 2, 2: 0 });
  expect(ours.b).toEqual({ 0: [1, 4], 1: [3, 3] });
  const other = { ...bundle, branchMap: { 0: { type: "cond-expr", loc: at(1), locations: [0, 0] } } };
  const again = file([0], [[0, 0]]);
  addCounts({ "/a.ts": again }, { "/a.ts": other });
  expect(again.b).toEqual({ 0: [0, 0] });
});
