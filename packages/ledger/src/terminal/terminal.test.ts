import { describe, expect, test } from "vitest";
import { paint } from "./paint.ts";
import { progressOn } from "./progress.ts";
import { table, widthOf } from "./table.ts";
import { wrapped } from "./wrap.ts";

const RED = "\u001b[31mred\u001b[39m";

test("a text is coloured only where colours are shown", () => {
  expect(paint({ color: true }, "bad", "red")).toBe(RED);
  expect(paint({ color: false }, "bad", "red")).toBe("red");
});

describe("a table", () => {
  const rows = [
    ["RUN", "STATUS", "PHASE"],
    ["a", RED, "x"],
    ["longer", "ok", ""],
  ];

  test("has columns as wide as what is seen in them", () => {
    expect(table({ isTTY: false, columns: 5 }, rows)).toBe(`RUN     STATUS  PHASE\na       ${RED}     x\nlonger  ok\n`);
  });

  test("is cut at a narrow terminal only, the widest column first", () => {
    const wide = [["short", "x".repeat(100), "end"]];
    expect(widthOf(table({ isTTY: true, columns: 40 }, wide).trimEnd())).toBe(40);
    expect(table({ isTTY: true, columns: 40 }, wide)).toMatch(/^short {2}x+… {2}end\n$/);
    expect(table({ isTTY: false, columns: 40 }, wide)).toContain("x".repeat(100));
    // The first column is what the next command is given.
    const id = "apr_01M7ZSANFN6JZEWS7PD92SFB6Q";
    expect(table({ isTTY: true, columns: 40 }, [[id, "x".repeat(50)]])).toMatch(new RegExp(`^${id} {2}x+…\n$`));
  });

  test("lets nothing of a cell move the cursor", () => {
    expect(table({ isTTY: true, columns: 80 }, [["a\u001b[2Kb\r\nc\u009b1A", RED]])).toBe(`a?[2Kb?c?1A  ${RED}\n`);
  });
});

describe("progress", () => {
  const told = (isTTY: boolean, color: boolean): string => {
    let err = "";
    const progress = progressOn({ isTTY, color, columns: 20, stderr: (text) => void (err += text) });
    progress.say("one");
    progress.say("two, which is longer than the line");
    progress.end();
    return err;
  };

  test("is one line that changes at a terminal, and is gone in the end", () => {
    const err = told(true, true);
    expect(err).not.toContain("\n");
    expect(err.endsWith("\r\u001b[2K")).toBe(true);
    expect(err).not.toContain("longer than the line");
  });

  test.each([
    [false, false],
    [true, false],
  ])("elsewhere, and where control characters are not wanted, is a line for each (%s, %s)", (isTTY, color) => {
    expect(told(isTTY, color)).toBe("one\ntwo, which is longer than the line\n");
  });
});

test("a text is wrapped at words", () => {
  expect(wrapped("one two three\nfour", 9, "  ")).toBe("  one two\n  three\n  four\n");
  expect(wrapped("one two", Number.POSITIVE_INFINITY, "")).toBe("one two\n");
});
