import { describe, expect, it } from "vitest";
import { validateValue, withDefaults } from "./index.ts";

const messages = (schema: object, value: unknown): string[] => validateValue(schema as never, value).map(({ message }) => message);

describe("values by schemas", () => {
  const schema = {
    type: "object",
    required: ["risk", "files"],
    additionalProperties: false,
    properties: {
      risk: { enum: ["low", "high"] },
      files: {
        type: "array",
        items: { type: "object", required: ["path"], properties: { path: { type: "string", pattern: "^[a-z/]+$" } } },
      },
      at: { type: "string", format: "date-time" },
      count: { $ref: "#/$defs/count" },
    },
    $defs: { count: { type: "integer", minimum: 1 } },
  };

  it("fit", () => {
    expect(messages(schema, { risk: "low", files: [{ path: "a/b" }], at: "2024-01-01T00:00:00Z", count: 2 })).toEqual([]);
    expect(messages({ not: {} }, 1)).toHaveLength(1);
    expect(messages({}, { anything: 1 })).toEqual([]);
  });

  it("do not fit, and all reasons are told with their places", () => {
    expect(messages(schema, { risk: "middle", files: [{ path: "a/b" }, { path: "A" }, {}], at: "yesterday", count: 0, x: 1 })).toEqual([
      "`$.x` is not a field here.",
      '`$.risk` must be one of: "low","high".',
      '`$.files[1].path` must match pattern "^[a-z/]+$".',
      "`$.files[2].path` is missing.",
      '`$.at` must match format "date-time".',
      "`$.count` must be >= 1.",
    ]);
  });

  it("are read in linear time", () => {
    expect(messages({ type: "string", pattern: "^(a+)+$" }, `${"a".repeat(50_000)}!`)).toHaveLength(1);
    expect(messages({ type: "string", pattern: "^(a+)+$" }, "aaa")).toEqual([]);
    expect(messages({ patternProperties: { "^(x+x+)+y": { type: "string" } } }, { [`${"x".repeat(5_000)}`]: 1 })).toEqual([]);
  });

  it("by a schema that cannot be used are wrong", () => {
    for (const bad of [{ $ref: "https://example.invalid/s.json" }, { $ref: "#/nowhere" }, { pattern: "(?=a)" }]) {
      expect(messages(bad, "a")[0]).toMatch(/^The schema cannot be used/u);
    }
  });

  it("many problems are cut, and equal schemas under one $id do not meet", () => {
    expect(messages({ items: { type: "string" } }, Array(1_000).fill(1))).toHaveLength(20);
    expect(messages({ $id: "urn:x:a", type: "string" }, 1)).toHaveLength(1);
    expect(messages({ $id: "urn:x:a", type: "number" }, 1)).toEqual([]);
  });

  it("get their defaults, and the value given stays as it is", () => {
    const given = { a: { y: 1 } };
    const wanted = {
      properties: { a: { properties: { x: { default: [1] }, y: { default: 5 } } }, b: { default: "z" }, __proto__: { default: 1 } },
    };
    expect(withDefaults(wanted as never, given)).toEqual({ a: { x: [1], y: 1 }, b: "z" });
    expect(given).toEqual({ a: { y: 1 } });
  });
});
