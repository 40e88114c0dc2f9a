import { describe, expect, it } from "vitest";
import { formatOf, parseInfraText } from "./infra-text.ts";

const messages = (text: string | Uint8Array, format: "yaml" | "json" | "unknown" = "yaml") =>
  parseInfraText(text, format).problems.map(({ message }) => message);

describe("formatOf", () => {
  it.each([
    ["infra.yaml", "yaml"],
    ["a.b/INFRA.YML", "yaml"],
    ["infra.json", "json"],
    ["infra.conf", "unknown"],
    ["infra", "unknown"],
    ["v1.yaml/infra", "unknown"],
  ])("000-051: %s is %s", (path, format) => expect(formatOf(path)).toBe(format));
});

describe("parseInfraText", () => {
  it("reads the same data from YAML and JSON, with positions", () => {
    const json = '{\n\t"workspaces": [\n\t\t{"name": "a", "dir": "\\u0061"}\n\t]\n}';
    const yaml = parseInfraText("workspaces:\n- name: a\n  dir: a\n", "yaml").parsed;
    const parsed = parseInfraText(json, "json").parsed;
    expect(parsed.value).toEqual({ workspaces: [{ name: "a", dir: "a" }] });
    expect(yaml.value).toEqual(parsed.value);
    expect(parsed.positionOf("workspaces[0].dir")).toEqual({ line: 3, column: 24 });
    expect(yaml.positionOf("workspaces[0].dir", "key")).toEqual({ line: 3, column: 3 });
    expect(parseInfraText(json, "unknown").parsed.value).toEqual(parsed.value);
  });

  it("reads YAML 1.2: yes and no are text, integers stay exact", () => {
    expect(parseInfraText("{a: yes, b: 0x10, c: 9007199254740991, d: 1.5, e: ~}", "yaml").parsed.value).toEqual({
      a: "yes",
      b: 16,
      c: 9007199254740991,
      d: 1.5,
      e: null,
    });
  });

  it.each([
    ["yaml", "a: [", "invalid YAML config: "],
    ["json", "{a: 1}", "invalid JSON config: "],
    ["json", "", "invalid JSON config: the file is empty"],
    ["unknown", "a: 1", "invalid config format (expected YAML or JSON): "],
  ] as const)("000-084: %s syntax", (format, text, opening) => {
    const problems = parseInfraText(text, format).problems;
    expect(problems[0]!.message.startsWith(opening)).toBe(true);
    expect(problems[0]!.line).toBe(1);
  });

  it.each([
    ["duplicate keys", "a: 1\na: 2\n", /the same key is written twice/, 2],
    ["a tab", "a:\n\tb: 1\n", /a tab where spaces are needed/, 2],
    ["a NUL byte", "a: 1\nb: \0\n", /a NUL byte/, 2],
    ["two documents", "a: 1\n---\nb: 1\n", /more than one document/, 2],
    ["an unknown tag", "a: !run x\n", /a tag/, 1],
    ["an alias without anchor", "a: *b\n", /anchor \(&name\) is not defined/, 1],
    ["an anchor loop", "a: &a [*a]\n", /endless loop/, 1],
    ["an anchor loop through a mapping", "&a\nb: {c: *a}\n", /endless loop/, 2],
    ["__proto__", "a:\n  __proto__: {x: 1}\n", /'__proto__' is not accepted/, 2],
    ["a mapping as key", "? {a: 1}\n: 2\n", /a mapping key must be plain text/, 1],
    ["a number that JSON lacks", "a: .inf\n", /a number that JSON cannot hold/, 1],
    ["deep nesting", `${"[".repeat(100)}1${"]".repeat(100)}`, /levels deep/, 1],
  ])("refuses %s, with its place", (_what, text, message, line) => {
    const { problems } = parseInfraText(text, "yaml");
    expect(problems[0]!.message).toMatch(message);
    expect(problems[0]!.line).toBe(line);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("refuses duplicate keys and __proto__ in JSON", () => {
    expect(messages('{"a": 1,\n\t"a": 2}', "json")[0]).toMatch(/twice/);
    expect(messages('{"__proto__": {}}', "json")[0]).toMatch(/__proto__/);
  });

  it("refuses bytes that are no text", () => {
    expect(messages(Uint8Array.of(0xff, 0xfe, 0x41))[0]).toMatch(/not UTF-8/);
  });

  it("refuses aliases that multiply, without building what they stand for", () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`);
    expect(messages(`l0: &l0 [1, 1, 1]\n${levels.join("\n")}\n`)[0]).toMatch(/more than 50000 values/);
  });

  it("survives brackets that nobody closes", () => {
    expect(messages("[".repeat(200_000)).length).toBeGreaterThan(0);
    expect(messages("[".repeat(100_000), "json").length).toBeGreaterThan(0);
    expect(messages(`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "json").length).toBeGreaterThan(0);
  });

  it("reads sixty thousand keys in a time that grows with their number only", () => {
    expect(messages(Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join("\n"))[0]).toMatch(/more than 50000 values/);
  });

  it("shows no more than twenty syntax problems and nothing of the text", () => {
    const found = messages("secret: s3cr3t\n".repeat(100));
    expect(found).toHaveLength(20);
    expect(found.join()).not.toContain("s3cr3t");
  });
});
