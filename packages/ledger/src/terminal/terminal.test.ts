import { describe, expect, test } from "vitest";
import { paint } from "./paint.ts";
import { progressOn } from "./progress.ts";
import { guarded } from "./guarded.ts";
import { table } from "./table.ts";
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

  test("puts the first cell on a line of its own at a narrow terminal only, and cuts nothing", () => {
    const runs = [
      ["RUN", "STATUS", "KIND"],
      ["r".repeat(50), "awaiting approval", "terraform-run"],
    ];
    expect(table({ isTTY: true, columns: 60 }, runs)).toBe(`RUN\n  STATUS  KIND\n${"r".repeat(50)}\n  awaiting approval  terraform-run\n`);
    expect(table({ isTTY: true, columns: 60 }, [["short", "x".repeat(100)]])).toBe(`short\n  ${"x".repeat(100)}\n`);
    expect(table({ isTTY: false, columns: 40 }, [["short", "x".repeat(100), "end"]])).toBe(`short  ${"x".repeat(100)}  end\n`);
    expect(
      table({ isTTY: true, columns: 9 }, [
        ["short", "b"],
        ["", "cc dd"],
      ]),
    ).toBe("short\n  b\n  cc dd\n");
    // What does not fit goes on below.
    expect(table({ isTTY: true, columns: 20 }, runs.slice(1))).toBe(`${"r".repeat(50)}\n  awaiting approval\n  terraform-run\n`);
    expect(table({ isTTY: true, columns: 40 }, [["r".repeat(50)]])).toBe(`${"r".repeat(50)}\n`);
  });

  test("counts what is wide as two columns and what is joined on as none", () => {
    const rows = [
      ["\u6771\u4eac", "a"],
      ["e\u0301", "b"],
    ];
    expect(table({ isTTY: false, columns: 80 }, rows)).toBe("\u6771\u4eac  a\ne\u0301     b\n");
  });

  test("lets nothing of a cell move the cursor", () => {
    expect(table({ isTTY: true, columns: 80 }, [["a\u001b[2Kb\r\nc\u009b1A", RED]])).toBe(String.raw`a\u{1b}[2Kb c\u{9b}1A` + `  ${RED}\n`);
  });
});

describe("what leaves for a screen", () => {
  test.each([
    ["colours of ours", RED, RED],
    ["lines and tabs", "a\tb\r\nc\n", "a\tb\r\nc\n"],
    ["a line written anew", "\r\u001b[2Ka", "\r\u001b[2Ka"],
    ["a screen drawn anew", "\u001b[H\u001b[Ja", "\u001b[H\u001b[Ja"],
  ])("%s pass", (_, text, seen) => expect(guarded(text)).toBe(seen));

  test.each([
    ["a cursor that moves up", "a\u001b[1A", String.raw`a\u{1b}[1A`],
    ["a line taken away later", "a\r\u001b[2Kb", String.raw`a\u{d}\u{1b}[2Kb`],
    ["a line begun again", "bad\rgood", String.raw`bad\u{d}good`],
    ["hidden text", "\u001b[8mx", String.raw`\u{1b}[8mx`],
    ["a colour with more than a colour", "\u001b[31;8mx", String.raw`\u{1b}[31;8mx`],
    ["the window's name", "\u001b]0;x\u0007", String.raw`\u{1b}]0;x\u{7}`],
    ["C1 controls", "\u009b2K", String.raw`\u{9b}2K`],
    ["turned and invisible text", "a\u202eb\u2066c\u200bd\ufeff\u{e0041}", String.raw`a\u{202e}b\u{2066}c\u{200b}d\u{feff}\u{e0041}`],
    ["a backspace and a bell", "a\bb\u0007", String.raw`a\u{8}b\u{7}`],
  ])("%s is written out", (_, text, seen) => expect(guarded(text)).toBe(seen));
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
