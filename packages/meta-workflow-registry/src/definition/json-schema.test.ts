import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { definitionJsonSchema } from "./index.ts";

const validate = new Ajv2020({ allErrors: true, strict: false }).compile(definitionJsonSchema());
const errorsOf = (text: string): string[] =>
  validate(parse(text))
    ? []
    : (validate.errors ?? []).map(({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`);
const around = (step: string): string => `id: a\nname: A\nversion: 1.0.0\nsteps: [${step}]\n`;

describe("the schema for editors", () => {
  it("takes the worked definition", () => {
    expect(errorsOf(readFileSync(new URL("./fixture/staged-deployment.yaml", import.meta.url), "utf8"))).toEqual([]);
  });

  it.each([
    "{ id: a, type: set, updates: { a: 1 } }",
    "{ id: a, type: for_each, items: x, steps: [{ id: b, type: finish }] }",
    "{ id: a, type: prompt, message: Hi }",
    "{ id: a, type: condition, if: true, then: [{ id: b, type: shell, argv: [ls] }] }",
    "{ id: a, type: wait, duration_seconds: 5 }",
    "{ id: a, type: shell, argv: [ls], on_failure: [{ id: c, type: fail, message: no }] }",
  ])("takes %s", (step) => expect(errorsOf(around(step))).toEqual([]));

  it("tells few errors of one wrong field", () => {
    expect(errorsOf(around("{ id: a, type: shell, agrv: [x] }"))).toEqual([
      '/steps/0 additionalProperties {"additionalProperty":"agrv"}',
      '/steps/0 if {"failingKeyword":"then"}',
    ]);
    expect(errorsOf(around("{ id: a, type: prompt }")).length).toBeLessThanOrEqual(5);
    expect(errorsOf(around("{ id: a, type: shel }"))).toHaveLength(1);
    expect(errorsOf(around("{ id: a, type: condition, if: x, then: [{ id: b, type: wait, fro: 1s }] }"))).toContain(
      '/steps/0/then/0 additionalProperties {"additionalProperty":"fro"}',
    );
  });

  it("is the one that stands beside the definitions", () => {
    const file = readFileSync(new URL("../../../../meta-workflows/schema/v1.json", import.meta.url), "utf8");
    // Written by `pnpm catalog`.
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(definitionJsonSchema())));
  });
});
