import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { digestOf, pictureOf, readPicture } from "./picture.ts";
import { sameButForTheMoment } from "./same-text.ts";
import { SCENES } from "./scenes.ts";
import { folded, terminalLines } from "./terminal-text.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const IMAGES = join(ROOT, "docs", "images");

describe("what a terminal shows", () => {
  test("colours go over several pieces and lines, and end where they are told to", () => {
    expect(terminalLines("\u001b[32m✓\u001b[39m ok\n\u001b[2mquiet\nstill\u001b[0m loud\n\n")).toEqual([
      [{ color: "#7ee787", text: "✓" }, { text: " ok" }],
      [{ dim: true, text: "quiet" }],
      [{ dim: true, text: "still" }, { text: " loud" }],
    ]);
  });

  test("a line that was written anew is as it is in the end", () => {
    expect(terminalLines("working\r\u001b[2Kdone\r\nnext\r\r\n")).toEqual([[{ text: "done" }], [{ text: "next" }]]);
  });
});

test("a line that is longer than the terminal goes on in the next, in its colours", () => {
  const line = [{ text: "ab" }, { dim: true, text: "cdefg" }];
  expect(folded(line, 3)).toEqual([[{ text: "ab" }, { dim: true, text: "c" }], [{ dim: true, text: "def" }], [{ dim: true, text: "g" }]]);
  expect(folded([], 3)).toEqual([[]]);
});

describe("a picture", () => {
  const svg = pictureOf('$ x "<a> & b"\n\u001b[31mred\u001b[39m\n', { scene: "x", commands: ['x "<a> & b"'], version: "1.0.0" });

  test("gives back what it shows and how it was made", () => {
    const { facts, lines } = readPicture(svg);
    expect(lines).toEqual(['$ x "<a> & b"', "red"]);
    expect(facts).toEqual({ scene: "x", commands: ['x "<a> & b"'], version: "1.0.0", digest: digestOf(lines) });
  });

  test("shows the same as another but for what changes with every run", () => {
    const one = ["apr_01M7ZS518SZ8D7B97J02C7YQMP  until 2026-11-24", "key 9cee2b38e03c25d2", "call_01M8068T9PYH76VTTBR6JDHQ70"];
    expect(
      sameButForTheMoment(one, [
        "apr_01M7ZS6SXCF8HH0MVKMJKS2MCC  until 2026-12-01",
        "key 0123456789abcdef",
        "call_01M804A0RQM3ASEJ1H4GDGRDXK",
      ]),
    ).toBe(true);
    expect(
      sameButForTheMoment(one, [
        "apr_01M7ZS6SXCF8HH0MVKMJKS2MCC  since 2026-12-01",
        "key 0123456789abcdef",
        "call_01M804A0RQM3ASEJ1H4GDGRDXK",
      ]),
    ).toBe(false);
  });
});

test("there is one committed picture of each scene, shown somewhere, and nobody changed it by hand", () => {
  expect(readdirSync(IMAGES).toSorted()).toEqual(SCENES.map(({ name }) => `${name}.svg`).toSorted());
  const pages = ["README.md", "docs/clients/README.md", "docs/reference/doctor.md"]
    .map((page) => readFileSync(join(ROOT, page), "utf8"))
    .join("\n");
  for (const { name } of SCENES) {
    const { facts, lines } = readPicture(readFileSync(join(IMAGES, `${name}.svg`), "utf8"));
    expect(facts.scene).toBe(name);
    expect(digestOf(lines)).toBe(facts.digest);
    // A long command goes on in the next line.
    const typed = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    expect(facts.commands.map((command, index) => command.startsWith(typed[index] ?? "none"))).toEqual(typed.map(() => true));
    expect(pages, `${name}.svg is shown nowhere`).toContain(`images/${name}.svg`);
  }
});
