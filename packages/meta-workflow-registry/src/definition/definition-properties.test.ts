import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseDefinition } from "./index.ts";

const staged = readFileSync(new URL("./fixture/staged-deployment.yaml", import.meta.url), "utf8");
const words = [...new Set(staged.match(/[\w$#/.-]+/gu) ?? [])];

const change = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(staged.length), length: fc.nat(40) }),
  fc.record({
    kind: fc.constant("word" as const),
    at: fc.nat(10_000),
    word: fc.constantFrom(...words, "null", "[]", "{}", "5", "__proto__", "&a", "*a", "${{ }}", "'"),
  }),
  fc.record({ kind: fc.constant("line" as const), at: fc.nat(200), to: fc.nat(200) }),
);

function changed(text: string, one: typeof change extends fc.Arbitrary<infer Change> ? Change : never): string {
  if (one.kind === "cut") return text.slice(0, one.at) + text.slice(one.at + one.length);
  if (one.kind === "word") {
    const found = [...text.matchAll(/[\w$#/.-]+/gu)];
    const { index = 0, 0: old = "" } = found[one.at % Math.max(1, found.length)] ?? { index: 0, 0: "" };
    return text.slice(0, index) + one.word + text.slice(index + old.length);
  }
  const lines = text.split("\n");
  const [line = ""] = lines.splice(one.at % lines.length, 1);
  lines.splice(one.to % (lines.length + 1), 0, line);
  return lines.join("\n");
}

it("a definition with anything wrong in it gives problems with places in the text, and is never half read", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const text = changes.reduce((before, one) => changed(before, one), staged);
      const { definition, problems } = parseDefinition(text);
      const lines = text.split("\n");
      expect(definition === undefined).toBe(problems.some(({ severity }) => severity === "error"));
      for (const { line, column, path, message } of problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length + 1);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 2);
        expect(path).toMatch(/^\$/u);
        expect(message).not.toMatch(/\bundefined\b|\[object/u);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});
