import { expect, test } from "vitest";
import { changesBetween } from "./changes-between.ts";

test.each([
  [{ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3, 4] } }, ["b.c[1]: 2 → 3", "b.c[2]: added 4"]],
  [{ a: 1, gone: true }, { a: "1" }, ['a: 1 → "1"', "gone: gone"]],
  ["x", "y", ['it: "x" → "y"']],
  [[], {}, ["it: [] → {}"]],
  [{ a: { b: 1 } }, { a: 2 }, ["a.b: gone", "a: added 2"]],
  [{ same: [null, "x"] }, { same: [null, "x"] }, []],
])("%j → %j", (before, after, told) => {
  expect(changesBetween(before, after)).toEqual(told);
});

test("long values and many changes are cut", () => {
  const many = Array.from({ length: 50 }, (_, at) => at);
  expect(changesBetween([], many).at(-1)).toMatch(/^and \d+ more$/);
  expect(changesBetween("", "x".repeat(1_000))[0]!.length).toBeLessThan(200);
});
