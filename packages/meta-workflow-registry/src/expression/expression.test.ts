import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  compileExpression,
  digestOf,
  evaluate,
  evaluateCondition,
  ExpressionError,
  fillTemplate,
  fillToText,
  sha256Hex,
  templateParts,
  type Scope,
} from "./index.ts";

const run = (source: string, scope: Scope = {}): unknown => evaluate(compileExpression(source), scope);

/** The code with which an expression fails; undefined where it does not. */
function failure(source: string, scope: Scope = {}): string | undefined {
  try {
    run(source, scope);
    return undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return error.code;
    throw error;
  }
}

describe("values", () => {
  const scope = {
    inputs: { n: 5, half: 0.5, name: "api", tags: ["b", "a", "b"], on: true, none: null },
    steps: { test: { output: { failed: 0 } } },
  };
  it.each<[string, unknown]>([
    ["1 + 2 * 3", 7],
    ["inputs.n + 1", 6],
    ["1 + inputs.n", 6],
    ["inputs.n / 2", 2.5],
    ["7 / 2", 3],
    ["inputs.n % 2 == 1", true],
    ["inputs.n == 5 && 5 == inputs.n && inputs.n != 6", true],
    ["inputs.n in [1, 5]", true],
    ["inputs.n > 4 ? 'many' : 'few'", "many"],
    ["-inputs.n", -5],
    ["-(0.0 * inputs.n)", 0],
    ["steps.test.output.failed == 0", true],
    ["has(steps.deploy)", false],
    ["has(steps.test.output)", true],
    ["steps.?deploy.?output.orValue('none')", "none"],
    ["default(steps.deploy.output.x, 3)", 3],
    ["default(inputs.none, 'x')", "x"],
    ["default(inputs.tags[7], 'x')", "x"],
    ["inputs.tags.map(t, t + '!')", ["b!", "a!", "b!"]],
    ["inputs.tags.filter(t, t == 'b').size()", 2],
    ["inputs.tags.exists(t, t == 'a') && inputs.tags.all(t, size(t) == 1)", true],
    ["sort(unique(inputs.tags))", ["a", "b"]],
    ["join(inputs.tags, ',')", "b,a,b"],
    ["inputs.tags.join('-')", "b-a-b"],
    ["split('a,b', ',')", ["a", "b"]],
    ["'a,b,c'.split(',', 2)", ["a", "b,c"]],
    ["'abc'.contains('b') && contains('abc', 'c') && starts_with('abc', 'ab')", true],
    ["'abcb'.indexOf('b') + 'abcb'.lastIndexOf('b')", 4],
    ["keys(inputs)[0]", "n"],
    ["values({'a': 1, 'b': [2]})", [1, [2]]],
    ["merge({'a': 1}, {'a': 2, 'b': inputs.n})", { a: 2, b: 5 }],
    ["min([3, inputs.half, 2]) + max(1, inputs.n)", 5.5],
    ["sum([1, 2, inputs.n])", 8],
    ["range(3)", [0, 1, 2]],
    ["round(2.5) + floor(2.5) + ceil(2.1)", 8],
    ['parse_json(\'{"a": [1, {"b": null}]}\').a[1]', { b: null }],
    ["to_json({'b': 1, 'a': [true, null]})", '{"a":[true,null],"b":1}'],
    ["hash('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["base64_decode(base64_encode('grün ✓'))", "grün ✓"],
    ["base64_encode('any carnal pleas')", "YW55IGNhcm5hbCBwbGVhcw=="],
    ["regex_match('v1.2.3', '^v[0-9]+\\\\.')", true],
    ["regex_find('took 15 ms', '([0-9]+) ms')", "15"],
    ["regex_find('nothing', 'x')", null],
    ["regex_find_all('a1b22', '[0-9]+')", ["1", "22"]],
    ["regex_replace('2024-05', '([0-9]+)-([0-9]+)', '$2/$1 $$')", "05/2024 $"],
    ["regex_replace('abc', 'x*', '-')", "-a-b-c-"],
    ["glob('deploy/prod-eu', 'deploy/*-e?')", true],
    ["glob('deploy/prod', 'prod*')", false],
    ["replace('a.b.c', '.', '/')", "a/b/c"],
    ["timestamp('2024-01-15T14:30:45Z')", "2024-01-15T14:30:45.000Z"],
    ["[1, 'a', null, {'k': 1.5}, -2.0, 1e3]", [1, "a", null, { k: 1.5 }, -2, 1000]],
    ["2u", 2],
    ["string(b'\\x41\\x42')", "AB"],
    ["text(inputs.n) + 'm' + string(3)", "5m3"],
    ["!inputs.on || false", false],
    ["inputs['na' + 'me']", "api"],
    ["1.0 == 1 && [1] == [1.0]", true],
    ["{'a': inputs.n} == {'a': 5}", true],
  ])("%s", (source, expected) => expect(run(source, scope)).toEqual(expected));

  it("knows the time that its scope gives, and no other", () => {
    expect(run("iso(now())", { now: 0 })).toBe("1970-01-01T00:00:00.000Z");
    expect(run("epoch_ms(now()) + 1", { now: 5 })).toBe(6);
    expect(failure("now()")).toBe("expression_failed");
    expect(failure("now", { now: 0 })).toBe("expression_failed");
  });
});

describe("failures", () => {
  it.each<[string, string]>([
    ["1 +", "expression_syntax"],
    ["", "expression_syntax"],
    ["a b", "expression_syntax"],
    ["missing", "expression_failed"],
    ["inputs.nothing", "expression_failed"],
    ["inputs.text + 1", "expression_type"],
    ["1 / 0", "expression_failed"],
    ["1.0 / 0.0", "expression_failed"],
    ["inputs.text && true", "expression_type"],
    ["size(3)", "expression_type"],
    ["unknown_function(1)", "expression_type"],
    ["regex_match('a', '(a')", "expression_failed"],
    ["regex_match('a', '(?=a)')", "expression_failed"],
    ["parse_json('{')", "expression_failed"],
    ["b'ab'", "expression_failed"],
    ["type(1)", "expression_failed"],
    ["9007199254740993", "expression_failed"],
  ])("%s is %s", (source, code) => expect(failure(source, { inputs: { text: "x" } })).toBe(code));

  it("say where, and name the types in plain words", () => {
    expect(() => run("inputs.text + 1", { inputs: { text: "x" } })).toThrow("`inputs.text + 1`: no such overload: string + int");
    try {
      compileExpression("a + + ) b");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "expression_syntax", start: 4 });
    }
  });

  it("conditions are booleans", () => {
    expect(evaluateCondition(compileExpression("1 < 2"), {})).toBe(true);
    expect(() => evaluateCondition(compileExpression("'true'"), {})).toThrow("must be true or false");
    expect(() => evaluateCondition(compileExpression("null"), {})).toThrow("is null");
  });
});

describe("hostile expressions", () => {
  const long = "a".repeat(100_000);
  const many = Array.from({ length: 5_000 }, (_, index) => index);
  const scope = { s: long, l: many, evil: JSON.parse('{"__proto__": {"x": 1}, "constructor": {"name": "Object"}, "toString": "t"}') };

  it.each<[string, string]>([
    ["'x'.matches('^(a+)+$')", "expression_refused"],
    ["s.matches('a')", "expression_refused"],
    ["l.map(x, s.matches('a'))", "expression_refused"],
    ["cel.bind(a, s + s, a + a)", "expression_refused"],
    ["__m(1)", "expression_refused"],
    ["__join([s], s)", "expression_refused"],
    ["[1].map(__m, __m)", "expression_refused"],
    ["l.map(a, l.map(b, a * b))", "expression_limit"],
    ["l.all(a, l.all(b, l.all(c, a + b + c >= 0.0)))", "expression_limit"],
    ["l.exists(a, l.exists(b, l.exists(c, a + b + c < 0.0))) || true", "expression_limit"],
    ["l.map(x, s).join('')", "expression_limit"],
    ["join(l.map(x, s), s)", "expression_limit"],
    ["s + s + s + s + s + s", "expression_limit"],
    [`[s]${".map(x, x + x)".repeat(10)}`, "expression_limit"],
    [`[0]${".map(x, [x, x])".repeat(30)}`, "expression_limit"],
    [`[l]${".map(x, x + x)".repeat(20)}`, "expression_limit"],
    ["'a' * 1000000000", "expression_type"],
    ["range(1000000000)", "expression_failed"],
    ["l.exists(x, regex_match(s, '(x+x+)+y'))", "expression_limit"],
    ["regex_find_all(s, 'a*b|a')", "expression_limit"],
    ["regex_replace(s, 'a', s)", "expression_limit"],
    ["regex_match(s, '((a{100}){10}){10}')", "expression_failed"],
    ["l.map(x, l == l)", "expression_limit"],
    ["l.filter(x, x in l)", "expression_limit"],
    ["s.contains(s + 'b')", "expression_failed"],
    [`${"(".repeat(500)}1${")".repeat(500)}`, "expression_limit"],
    [`${"[".repeat(200)}${"]".repeat(200)}`, "expression_limit"],
    [`${"!".repeat(3_000)}true`, "expression_limit"],
    [Array.from({ length: 1_900 }, () => "1").join("+"), "expression_limit"],
    ["1".repeat(5_000), "expression_limit"],
  ])("%s", (source, code) => expect(failure(source, scope)).toBe(code));

  it.each([
    "s.constructor",
    "l.constructor",
    "evil.hasOwnProperty",
    "evil.valueOf",
    "inputs.__proto__",
    "inputs.constructor",
    "inputs['constructor']",
    "inputs['__pro' + 'to__']",
    "{}.constructor",
    "[].length",
    "constructor",
    "toString",
    "globalThis",
    "inputs.f()",
  ])("%s reaches nothing", (source) => expect(failure(source, { ...scope, inputs: {} })).toMatch(/^expression_(failed|type)$/u));

  it("keys named as prototype fields are data like others", () => {
    expect(run("evil.constructor.name + evil.toString", scope)).toBe("Objectt");
    expect(run("evil['__proto__'].x + 1", scope)).toBe(2);
    const out = run("evil", scope) as object;
    expect(Object.getPrototypeOf(out)).toBe(Object.prototype);
    expect(Object.keys(out)).toEqual(["__proto__", "constructor", "toString"]);
    expect(run("merge(evil, {'b': 1})", scope)).toHaveProperty("b");
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it("what is allowed fits", () => {
    expect(run("l.filter(x, x % 2 == 0).map(x, x * 2).size()", scope)).toBe(2_500);
    expect(run("size(s + s)", scope)).toBe(200_000);
    expect(run("regex_match(s + 'b', 'a+b$')", scope)).toBe(true);
  });
});

describe("templates", () => {
  const scope = { inputs: { n: 3, name: "api", list: [1, "a"], none: null } };
  it.each<[unknown, unknown]>([
    ["plain", "plain"],
    ["${{ inputs.n }}", 3],
    ["${{inputs.list}}", [1, "a"]],
    ["v${{ inputs.n }}-${{ inputs.name }}", "v3-api"],
    [" ${{ inputs.n }}", " 3"],
    ["l: ${{ inputs.list }}, ${{ inputs.none }}", 'l: [1,"a"], null'],
    ["${{ {'a': {'b': inputs.n}} }}", { a: { b: 3 } }],
    ["${{ '}}' + \"}}\" }}", "}}}}"],
    ["${{ 'it\\'s }}' }}", "it's }}"],
    ["${{ r'\\w}}' + 'x' }}", "\\w}}x"],
    ["cost: $${{ inputs.n }} and $5 {{ x }}", "cost: ${{ inputs.n }} and $5 {{ x }}"],
    [
      { a: ["${{ inputs.n }}", { "${{ k }}": "x${{ inputs.n }}" }], b: null, c: 1 },
      { a: [3, { "${{ k }}": "x3" }], b: null, c: 1 },
    ],
  ])("%j", (template, expected) => expect(fillTemplate(template as never, scope)).toEqual(expected));

  it("what is filled in is not read again", () => {
    expect(fillTemplate("a ${{ inputs.x }}", { inputs: { x: "${{ inputs.secret }}", secret: "s" } })).toBe("a ${{ inputs.secret }}");
  });

  it("text stays text where it must", () => {
    expect(fillToText("${{ inputs.n }}", scope)).toBe("3");
    expect(fillToText("${{ inputs.list }}", scope)).toBe('[1,"a"]');
  });

  it("unclosed and empty ones are refused with their place", () => {
    expect(() => templateParts("ab ${{ 1")).toThrow(expect.objectContaining({ code: "expression_syntax", start: 3 }));
    expect(() => templateParts("ab ${{ '}} ")).toThrow("not closed");
    expect(() => templateParts("ab ${{  }}")).toThrow("empty");
    expect(templateParts("ab ${{ x }} c")).toEqual([{ text: "ab " }, { expression: "x", start: 7, end: 8 }, { text: " c" }]);
  });

  it("a bomb of texts is refused", () => {
    const big = { s: "a".repeat(400_000) };
    expect(() => fillTemplate("${{ s }}${{ s }}", big)).toThrow(expect.objectContaining({ code: "expression_limit" }));
  });
});

describe("references", () => {
  const of = (source: string): unknown =>
    compileExpression(source).references.map(({ path, optional }) => `${path.join(".")}${optional ? "?" : ""}`);
  it.each<[string, readonly string[]]>([
    ["steps.a.output.x + inputs['n']", ["steps.a.output.x", "inputs.n"]],
    ["has(steps.a.b) && steps.?c.?d.orValue(state.e)", ["steps.a.b?", "steps.c.d?", "state.e"]],
    ["inputs.l.map(x, x.y + state.z)", ["inputs.l", "state.z"]],
    ["inputs.l.exists(inputs, inputs.a)", ["inputs.l"]],
    ["default(steps[inputs.n].x, item)", ["steps?", "inputs.n?", "item"]],
  ])("%s", (source, expected) => expect(of(source)).toEqual(expected));
});

describe("digests", () => {
  it("are those of RFC 8785, as the ledger has them; key order does not count", () => {
    const value = { b: [1, { z: null, y: undefined }], a: 'é"\n', "": true, __proto__x: 1.5e21 };
    expect(canonicalJson(value)).toBe('{"":true,"__proto__x":1.5e+21,"a":"é\\"\\n","b":[1,{"z":null}]}');
    expect(sha256Hex("grün ✓")).toBe(createHash("sha256").update("grün ✓").digest("hex"));
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    for (const bad of [Number.NaN, undefined, () => 1, [undefined], 1n]) expect(() => canonicalJson(bad)).toThrow();
  });
});
