import { describe, expect, test } from "vitest";

import { resolveVariables, tfvarsJson } from "./variables.ts";

const outputs = { id: { sensitive: false, json: "12345678901234567890" }, key: { sensitive: true, json: '"k"' } };
const input = (sourceOutput: string, targetVar: string): { sourceWorkspace: string; sourceOutput: string; targetVar: string } => ({
  sourceWorkspace: "vpc",
  sourceOutput,
  targetVar,
});

describe("resolveVariables", () => {
  test("mapped outputs win over extraVars, keep their text, and sensitive ones are named", () => {
    const resolved = resolveVariables(
      { extraVars: { a: { x: [1, "two"] }, vpc_id: 0 }, inputs: [input("id", "vpc_id"), input("key", "key")] },
      () => outputs,
    );
    expect(resolved).toEqual({ variables: { a: '{"x":[1,"two"]}', vpc_id: "12345678901234567890", key: '"k"' }, sensitive: ["key"] });
  });

  test.each(["nope", "__proto__", "toString"])("a missing output %s names workspace and output", (name) => {
    expect(() => resolveVariables({ inputs: [input(name, "x")] }, () => outputs)).toThrow(
      expect.objectContaining({
        code: "invalid_config",
        message: expect.stringContaining(`Output "${name}" of workspace "vpc"`),
        hint: "It has: id, key.",
      }),
    );
  });

  test("a workspace that has no outputs yet is said so", () => {
    expect(() => resolveVariables({ inputs: [input("id", "x")] }, () => undefined)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("no outputs yet") }),
    );
  });
});

describe("tfvarsJson", () => {
  test("writes raw values as they are", () => {
    expect(tfvarsJson({ n: "12345678901234567890", größe: "[1, 2]", "a-b": "null" })).toBe(
      '{\n  "n": 12345678901234567890,\n  "größe": [1,2],\n  "a-b": null\n}\n',
    );
    expect(tfvarsJson({})).toBe("{}\n");
  });

  test.each<[string, string]>([
    ["a b", "1"],
    ["", "1"],
    ["-x", "1"],
    ["a\n", "1"],
    ["ok", '1, "evil": 2'],
    ["ok", ""],
    ["ok", "{"],
  ])("refuses %j = %j", (name, json) => {
    expect(() => tfvarsJson({ [name]: json })).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});
