import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LONGEST_LINE, checkLine, quoteWord, quoteWords } from "./quote.ts";
import { SHELLS, type ShellUnderTest } from "./testing/shells.ts";

/** What bit somebody somewhere: each must come out of the shell as it went in. */
const NASTY = [
  "",
  " ",
  "it's",
  "''",
  "'\\''",
  '"double"',
  "$(touch canary)",
  "`touch canary`",
  "${IFS}",
  "$0",
  "a\nb",
  "\n",
  "trailing\n",
  "\ttab\t",
  "\r",
  "\u001b[31mred\u001b[0m",
  "\u007f",
  "\\",
  "\\\\",
  "back\\slash'quote",
  "!history!!",
  "~",
  "~root",
  "=ls",
  "a=~",
  "*",
  "?",
  "[a-z]*",
  "{a,b}",
  "**/*",
  "; touch canary",
  "& touch canary &",
  "| touch canary",
  "> canary",
  "<canary",
  "#comment",
  "-oProxyCommand=touch canary",
  "--kubeconfig=/x",
  "--",
  "-",
  "%1",
  "^a^b",
  "\u00a0nbsp\u2003em",
  "\u202eRTL",
  "日本語",
  "\u{1f600}",
  "\u0081\u0088\u0080",
  "x".repeat(5_000),
];

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "quote-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the words have become after a real shell has read the line. */
function wordsSeen(shell: ShellUnderTest, words: readonly string[]): string[] {
  const [program, ...args] = shell.argv;
  const line = quoteWords(["/usr/bin/printf", String.raw`%s\0`, ...words]);
  const out = execFileSync(program, [...args, line], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return out.split("\0").slice(0, -1);
}

describe.each(SHELLS)("words given to $title", (shell) => {
  test.skipIf(shell.missing !== undefined)("arrive as they are: what bit somebody before", () => {
    expect(wordsSeen(shell, NASTY)).toEqual(NASTY);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(shell.missing !== undefined)("arrive as they are: 4,000 made-up ones", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc
        .array(fc.constantFrom(..."'\"\\`$(){}[]<>|&;!~=*?#%^ \n\t\r-".split(""), "$(touch canary)", "a", "\u00e9"), { maxLength: 20 })
        .map((parts) => parts.join("")),
    );
    const word = hostile.filter((each) => !each.includes("\0") && !/\p{Surrogate}/u.test(each));
    fc.assert(
      fc.property(fc.array(word, { minLength: 80, maxLength: 80 }), (words) => {
        expect(wordsSeen(shell, words)).toEqual(words);
      }),
      { numRuns: 50, seed: 20_261_121, endOnFailure: true },
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(shell.missing !== undefined)("are arguments also where the program looks like an assignment or syntax", () => {
    const [program, ...args] = shell.argv;
    for (const first of ["PATH=/nowhere", "if", "while", "{", "function"]) {
      const line = `${quoteWords([first, "/usr/bin/touch", "canary"])} 2>/dev/null || /usr/bin/printf none`;
      expect(
        execFileSync(program, [...args, line], {
          cwd: folder,
          env: { PATH: "/nowhere" },
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
        }),
      ).toBe("none");
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("quoteWords", () => {
  test("leaves plain words readable", () => {
    expect(quoteWords(["kubectl", "get", "pods", "-n", "flux-system", "--field-selector=a=b", "/a/b:c,d@e%f+g"])).toBe(
      "kubectl get pods -n flux-system --field-selector=a=b /a/b:c,d@e%f+g",
    );
    expect(quoteWords(["echo", "it's", "=x"])).toBe(String.raw`echo 'it'\''s' '=x'`);
  });

  test("refuses what would end the connection or has no bytes", () => {
    expect(() => quoteWord("a\0b")).toThrow(/NUL/);
    expect(() => quoteWords(["echo", "\ud800"])).toThrow(/surrogate/);
    expect(() => checkLine("echo \0")).toThrow(/NUL/);
    expect(() => quoteWords([])).toThrow(/program/);
    expect(() => quoteWords(["", "x"])).toThrow(/program/);
    expect(() => quoteWords(["echo", "é".repeat(LONGEST_LINE / 2)])).toThrow(/100000/);
    expect(checkLine("x".repeat(LONGEST_LINE))).toHaveLength(LONGEST_LINE);
  });
});
