import { describe, expect, test } from "vitest";

import { parseLossless, RawNumber, toJsonText } from "./lossless-json.ts";

describe("parseLossless", () => {
  test("keeps every digit, and ordinary values as they are", () => {
    const text = '{"big":12345678901234567890,"list":[-0.10000000000000000001,1e400,5],"s":"12345678901234567890","t":true,"n":null}';
    const value = parseLossless(text);
    expect(value).toMatchObject({ big: new RawNumber("12345678901234567890"), s: "12345678901234567890", t: true });
    expect(toJsonText(value)).toBe(text);
  });

  test("is plain JSON.parse where no number is large", () => {
    expect(parseLossless('{"a":[1,2.5,-3],"b":"x\\"1"}')).toEqual({ a: [1, 2.5, -3], b: 'x"1' });
  });

  test("strings that look like numbers, end in backslashes or hold our mark are left alone", () => {
    const text =
      '{"a\\\\":"\\\\","b":"\\\\\\"99999999999999999999","raw-number":"1","c":{"raw-number":"99999999999999999999"},"d":99999999999999999999}';
    expect(toJsonText(parseLossless(text))).toBe(text);
  });

  test("a string of megabytes passes", () => {
    const text = `{"a":"${"9\\\\".repeat(1_000_000)}","b":99999999999999999999}`;
    expect(toJsonText(parseLossless(text))).toBe(text);
  });

  test.each([
    "",
    "{",
    '{"a":99999999999999999999',
    "[1 2]",
    "99999999999999999999-1",
    '{"a":012345678901234567890}',
    '{"a":"unclosed 99999999999999999999',
  ])("refuses %j", (text) => {
    expect(() => parseLossless(text)).toThrow(SyntaxError);
  });

  test("__proto__ is a key like others", () => {
    const text = '{"__proto__":{"x":99999999999999999999}}';
    const value = parseLossless(text);
    expect(toJsonText(value)).toBe(text);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("sorted keys make it canonical", () => {
    expect(toJsonText(parseLossless('{"b":{"d":1,"c":2},"a":[{"z":1,"y":2}]}'), true)).toBe('{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}');
  });
});
