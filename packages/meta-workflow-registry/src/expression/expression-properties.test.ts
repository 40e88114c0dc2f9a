import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../definition/definition.ts";
import { compileExpression, evaluate, ExpressionError, fillTemplate } from "./index.ts";
import { newEnvironment } from "./environment.ts";
import { scopeValues, wantedParts } from "./scope.ts";
import { toJson } from "./values.ts";

const SCOPE = {
  n: 3,
  half: 0.5,
  s: "a b",
  l: [1, 2, "x", [null]],
  m: JSON.parse('{"a": {"b": [1]}, "__proto__": {"c": 1}, "constructor": "k", "": 0}') as Json,
  t: true,
  z: null,
};

const { tree: expressions } = fc.letrec<{ tree: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom(
    "1",
    "2.5",
    "0",
    "-1",
    "'a'",
    "''",
    '"b\\n"',
    "true",
    "null",
    "n",
    "half",
    "s",
    "l",
    "m",
    "t",
    "z",
    "m.a.b",
    "m.a",
    "m.constructor",
    "m['__proto__']",
    "l[0]",
    "x",
    "nope",
    "[]",
    "{}",
    "b'a'",
    "2u",
  ),
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    tie("leaf"),
    fc
      .tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "in"), tie("tree"))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc.tuple(tie("tree"), tie("tree"), tie("tree")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc
      .tuple(
        fc.constantFrom("size", "sort", "unique", "keys", "to_json", "hash", "text", "flatten", "sum", "string", "lower", "range", "dyn"),
        tie("tree"),
      )
      .map(([name, a]) => `${name}(${a})`),
    fc
      .tuple(fc.constantFrom("default", "contains", "join", "split", "min", "regex_match", "glob", "merge"), tie("tree"), tie("tree"))
      .map(([name, a, b]) => `${name}(${a}, ${b})`),
    fc
      .tuple(tie("tree"), fc.constantFrom("map", "filter", "all", "exists", "exists_one"), tie("tree"))
      .map(([a, macro, b]) => `${a}.${macro}(x, ${b})`),
    fc
      .tuple(tie("tree"), fc.constantFrom("contains", "split", "indexOf", "join", "startsWith"), tie("tree"))
      .map(([a, method, b]) => `${a}.${method}(${b})`),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `{'k': ${a}, "b": ${b}}`),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `${a}[${b}]`),
    tie("tree").map((a) => `!${a}`),
    tie("tree").map((a) => `-${a}`),
    tie("tree").map((a) => `${a}.?k.orValue(1)`),
  ),
}));

function outcome(work: () => unknown): { value: unknown } | "failed" {
  try {
    return { value: work() };
  } catch {
    return "failed";
  }
}

describe("expressions of every form", () => {
  it("give JSON, or fail in our words", () => {
    fc.assert(
      fc.property(expressions, (source) => {
        try {
          const value = evaluate(compileExpression(source), SCOPE);
          expect(JSON.parse(JSON.stringify(value))).toEqual(value);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          // Besides the words that are the author's.
          expect(error.message.replaceAll(/`[^`]*`/gu, "")).not.toMatch(
            /__(?:m|c|contains|index_of|last_index_of|split|join)\b|undefined|\[object/u,
          );
        }
      }),
      { numRuns: 1_500, seed: 7 },
    );
  });

  it("mean with their meter what they mean without", () => {
    expect.hasAssertions();
    const plain = newEnvironment(false);
    // The library's own methods; ours for contains and the like are allowed to refuse less (join of numbers).
    const stood = /\.(?:join|split|indexOf|contains)\(/u;
    fc.assert(
      fc.property(
        expressions.filter((source) => !stood.test(source)),
        (source) => {
          const own = outcome(() => evaluate(compileExpression(source), SCOPE));
          if (own === "failed") return;
          const theirs = outcome(() => toJson(plain.parse(source)(scopeValues(SCOPE, wantedParts(compileExpression(source).references)))));
          // What the library finds at fault when it checks types of literals is only known when it runs metered.
          if (theirs !== "failed") expect(own).toEqual(theirs);
        },
      ),
      { numRuns: 1_500, seed: 7 },
    );
  });

  it("and texts that are none, fail in our words too", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: fc.constantFrom(..."(){}[]'\"\\.,?:!+-*/ab10 \n$&|<>="), maxLength: 40 })),
        (text) => {
          for (const work of [() => evaluate(compileExpression(text), SCOPE), () => fillTemplate(`a \${{ ${text} }} b`, SCOPE)]) {
            try {
              work();
            } catch (error) {
              expect(error).toBeInstanceOf(ExpressionError);
            }
          }
        },
      ),
      { numRuns: 1_500, seed: 7 },
    );
  });
});
