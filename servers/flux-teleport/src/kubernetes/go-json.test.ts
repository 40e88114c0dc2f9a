import { describe, expect, it } from "vitest";
import { parseGoJson } from "./go-json.ts";
import { parseRows, project, templateOf } from "./projection.ts";

describe("what %#v of Go prints", () => {
  // Left: as Go's strconv.Quote writes it. Right: the text.
  it.each([
    [String.raw`"a\tb\nc\\d\"e"`, 'a\tb\nc\\d"e'],
    [String.raw`"bell \a vertical \v"`, "bell \u0007 vertical \u000b"],
    [String.raw`"\x00\x1b[31m\x7f"`, "\u0000\u001b[31m\u007f"],
    [String.raw`"\u2028\u202e"`, "\u2028\u202e"],
    [String.raw`"\U000e0001 and \U0001f600"`, "\u{e0001} and \u{1f600}"],
    [String.raw`"\\x41 \\U0001f600 \\a"`, "\\x41 \\U0001f600 \\a"],
    ['"Größe 日本"', "Größe 日本"],
  ])("%s", (written, text) => {
    expect(parseGoJson(written)).toBe(text);
  });

  it.each([
    [
      String.raw`map[string]interface {}{"a":[]interface {}{1, "x", map[string]interface {}{"b":true}}, "c":interface {}(nil), "d":1e+06}`,
      { a: [1, "x", { b: true }], c: null, d: 1_000_000 },
    ],
    [String.raw`[]interface {}{map[string]interface {}{}, []interface {}{}}`, [{}, []]],
    // Syntax inside a string is text.
    [
      String.raw`{"kind":"x","m":[]interface {}{"} ] map[string]interface {}{ \" }", 2}}`,
      { kind: "x", m: ['} ] map[string]interface {}{ " }', 2] },
    ],
  ])("maps, lists and nil of Go: %s", (written, value) => {
    expect(parseGoJson(written)).toEqual(value);
  });

  it("other output than was asked for is a failure with a cure", () => {
    expect(() => parseGoJson("Welcome to node-a!")).toThrow(expect.objectContaining({ code: "command_failed" }));
  });
});

describe("a projection", () => {
  it("asks for nothing but its paths", () => {
    const template = templateOf({ name: ["metadata", "name"], by: ["metadata", "labels", "kustomize.toolkit.fluxcd.io/name"] });
    expect(template).toContain(
      '{{with .metadata}}{{with .labels}}{{if eq (printf "%.3T" .) "map"}}{{with index . "kustomize.toolkit.fluxcd.io/name"}},"by":',
    );
    expect(template).not.toContain("spec");
  });

  it("rows of a list; an empty one has none", () => {
    expect(parseRows('{"kind":"Pod","name":"a"}\n{"kind":"Pod","name":"b"}\n')).toEqual([
      { kind: "Pod", name: "a" },
      { kind: "Pod", name: "b" },
    ]);
    expect(parseRows('{"kind":"List"}\n')).toEqual([]);
    expect(parseRows("")).toEqual([]);
  });

  it("takes the same from an object at hand", () => {
    expect(
      project(
        { kind: "Pod", metadata: { name: "a", labels: {} }, spec: { suspend: false } },
        { name: ["metadata", "name"], off: ["spec", "suspend"], no: ["a", "b"] },
      ),
    ).toEqual({
      kind: "Pod",
      name: "a",
    });
  });
});
