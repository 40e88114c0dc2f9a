import { describe, expect, it } from "vitest";
import { compileExpression, evaluate, evaluateCondition, fillTemplate, type Scope } from "../../expression/index.ts";
import type { Cel } from "./cel.ts";
import type { Names } from "./names.ts";
import { Refused } from "./refused.ts";
import { translatedExpression, translatedText } from "./template.ts";

const ROOTS = new Set(["state", "inputs", "item", "steps", "run"]);

function names(changes: string[] = []): Names {
  return {
    variable: (name): Cel => {
      if (!ROOTS.has(name)) throw new Refused(`There is no ${name}.`);
      return { source: name, tight: true };
    },
    isBoolean: (source) => source === "inputs.flag",
    stepId: (name) => name.replaceAll("-", "_"),
    environment: (name) => (name === "REGION" ? "eu'1" : undefined),
    place: () => "here",
    inItems: false,
    told: (change) => void changes.push(change),
  };
}

const scope: Scope = {
  now: Date.UTC(2024, 0, 15, 14, 30, 45),
  state: {
    n: 5,
    zero: 0,
    name: "Ada Lovelace",
    empty: "",
    list: ["b", "a"],
    none: null,
    json: '{"a":[1,2]}',
    people: [
      { name: "x", on: true },
      { name: "y", on: false },
    ],
    package: "p",
    map: { k: 1, l: "two" },
  },
  inputs: { go: true, service: "api" },
  steps: { get_it: { output: { ok: 1 } } },
  run: { id: "r-1" },
};
const fill = (text: string): unknown => fillTemplate(translatedText(text, names()), scope);

describe("templates", () => {
  it.each<[string, unknown]>([
    ["plain $ text", "plain $ text"],
    ["{% raw %}${{ x }}{% endraw %}", "${{ x }}"],
    ["{{ state.n }}", 5],
    ["n={{ state.n }}!", "n=5!"],
    ["cost: ${{ state.n }}", "cost: $5"],
    ["{{ state.list }}", ["b", "a"]],
    ["{{ state.name | upper }} {{ state.name|lower|length }}", "ADA LOVELACE 12"],
    ["{{ state.json | parse_json }}", { a: [1, 2] }],
    ["{{ (state.json | parse_json).a[1] + 1 }}", 3],
    ["{{ state.list | tojson(indent=2) }}", '["b","a"]'],
    ["{{ state.name | regex_search('(L)ove') }}", "Love"],
    ["{{ state.name | regex_findall('[A-Z]') | join('-') }}", "A-L"],
    ["{{ state.name | regex_replace('(\\w+) (\\w+)', '\\2 $ \\1') }}", "Lovelace $ Ada"],
    ["{{ 'abc' | hash }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["{{ 'abc' | base64_encode | base64_decode }}", "abc"],
    ["{{ state.missing | default('d') }} {{ state.empty | default('e', true) }}", "d e"],
    ["{{ state.list | first }}{{ state.list | last }}{{ state.list[-1] }}{{ state.list | sort | join(',') }}", "baaa,b"],
    ["{{ state.people | map(attribute='name') | list }}", ["x", "y"]],
    ["{{ state.people | selectattr('on') | map(attribute='name') | join }}", "x"],
    ["{{ 'yes' if state.n > 3 and not state.zero else 'no' }}", "yes"],
    ["{{ 1 if state.empty else 'none' }}", "none"],
    ["{{ state.empty or 'other' }}", "other"],
    ["{{ state.n / 2 }} {{ 7 // 2 }} {{ state.n % 2 }} {{ -state.n }}", "2.5 3 1 -5"],
    ["{{ state.n ~ '-' ~ state.name }}", "5-Ada Lovelace"],
    ["{{ state['package'] }}{{ state.package }}", "pp"],
    ["{{ 'a' in state.list }} {{ 'Ada' in 'Ada L' }} {{ 'z' not in state.list }}", "true true true"],
    ["{{ state.gone is defined }} {{ state.n is defined }} {{ state.none is none }}", "false true true"],
    ["{{ steps['get-it'].output.ok }}", 1],
    ["{{ now().isoformat() }}", "2024-01-15T14:30:45.000Z"],
    ["{{ now().strftime('%Y-%m-%d') }} {{ now().time() }}", "2024-01-15 14:30:45"],
    ["{{ (now() + timedelta(hours=1)).isoformat() }}", "2024-01-15T15:30:45.000Z"],
    ["{{ env('REGION') }} {{ env('OTHER', 'x') }}", "eu'1 x"],
    ["{{ {'a': state.n, 'b': [1, 'x']} }}", { a: 5, b: [1, "x"] }],
    ["{{ state.map.get('k', 0) }}{{ state.map.get('z', 9) }}", "19"],
    ["{% if state.n > 9 %}A{% elif state.n > 4 %}B {{ state.n }}{% else %}C{% endif %}.", "B 5."],
    ["{% if state.empty %}A{% endif %}-", "-"],
    ["{% for p in state.people %}{{ p.name }},{% endfor %}", "x,y,"],
    ["{% for p in state.people if p.on %}{{ p.name }}{% endfor %}", "x"],
    ["{% for p in state.list %}{{ loop.index }}:{{ p }}{% if not loop.last %}; {% endif %}{% endfor %}", "1:b; 2:a"],
    ["{% for k, v in state.map.items() %}{{ k }}={{ v }} {% endfor %}", "k=1 l=two "],
    ["{% for p in state.list %}{% for q in state.list %}{{ p }}{{ q }} {% endfor %}{% endfor %}", "bb ba ab aa "],
    ["a {# note }} #} b", "a  b"],
    ["a  {{- state.n -}}  b", "a5b"],
    ["{% raw %}{{ x }}{% endraw %}", "{{ x }}"],
    ["{{ '}}' }}{{ \"it's\" }}", "}}it's"],
  ])("%s", (text, expected) => expect(fill(text)).toEqual(expected));

  it("makes the same ids each time, and others in other runs", () => {
    const text = translatedText("{{ uuid() }}", names());
    const made = fillTemplate(text, scope);
    expect(made).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(fillTemplate(text, scope)).toBe(made);
    expect(fillTemplate(text, { ...scope, run: { id: "r-2" } })).not.toBe(made);
    const number = translatedText("{{ random(3, 9) }}", names());
    const drawn = Array.from({ length: 40 }, (_, index) => fillTemplate(number, { run: { id: `r-${index}` } }) as number);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(9);
    expect(new Set(drawn).size).toBeGreaterThan(3);
  });

  it.each<[string, boolean]>([
    ["{{ state.n > 3 }}", true],
    ["state.n > 3 and inputs.go", true],
    ["{{ state.list }}", true],
    ["{{ not state.list }}", false],
    ["state.none", false],
    ["state.name | regex_search('x')", false],
    ["inputs.go == true", true],
  ])("the condition %s", (text, expected) => {
    expect(evaluateCondition(compileExpression(translatedExpression(text, names(), "condition")), scope)).toBe(expected);
  });

  it("keeps an expression's type", () => {
    expect(evaluate(compileExpression(translatedExpression("{{ state.people }}", names(), "value")), scope)).toHaveLength(2);
  });
});

describe("hostile templates", () => {
  it.each([
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cl' ~ 'ass__']() }}",
    "{{ state | attr('__class__') }}",
    "{{ state | map(attribute='__class__') }}",
    "{{ state.get('__class__') }}",
    "{{ self }}",
    "{{ config }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ env('HOME') }}",
    "{{ env(state.name) }}",
    "{% set x = 1 %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% macro m() %}{% endmacro %}",
    "{% if x %}",
    "{% endif %}",
    "{% for x in y %}{% else %}{% endfor %}",
    "{{ state.name | regex_search('(?=a)') }}",
    "{{ state.name | regex_search(state.n) }}",
    "{{ a",
    "{{ }}",
    "{{ {{ state.n }} }}",
    "{{ 'a' 'b' }}",
    "{{ 1 < 2 < 3 }}",
    "{{ state.n.append(1) }}",
    "{{ (lambda: 1)() }}",
    "{{ 2 ** 999999 }}",
    "{{ random(0, 10 ** 9) }}",
    "{{ nothing }}",
    `{{ ${"(".repeat(500)}1${")".repeat(500)} }}`,
    `{{ ${"not ".repeat(500)}true }}`,
    `{{ ${"-".repeat(500)}1 }}`,
    `{{ ${"[".repeat(500)}${"]".repeat(500)} }}`,
    `{{ state${".a".repeat(500)} }}`,
    `{{ 'x'${" | upper".repeat(300)} }}`,
    `${"{% if true %}".repeat(100)}x${"{% endif %}".repeat(100)}`,
    "{{ 1 }}".repeat(5_000),
    "x".repeat(100_000),
    `{{ ${"9".repeat(400)} }}`,
    `{% if true %}${"x".repeat(9_000)}{% endif %}`,
  ])("refuses %.60s", (text) => {
    expect(() => translatedText(text, names())).toThrow(Refused);
  });
});
