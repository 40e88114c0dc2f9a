import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDefinition } from "../index.ts";

const HEAD = `id: x
name: X
version: 1.0.0
inputs: { n: integer, name: string, list: { type: array }, on: boolean, deep: { type: object, properties: { a: { type: object, properties: { b: { type: string } } } } } }
initial_state: { count: 0 }
secrets: [token]
schemas: { report: { type: object, properties: { failed: { type: integer }, list: { type: array, items: { $ref: "#/schemas/item" } } } }, item: { type: string } }
`;
const BASE = `{ id: base, type: prompt, instructions: Do it, result: { type: object, properties: { ok: { type: boolean }, text: { type: string }, count: { type: integer } } } }`;

/** Problems of steps, as `CODE path`, warnings in brackets. */
function found(steps: readonly string[], more = ""): string[] {
  const text = `${HEAD}${more}steps:\n${steps.map((step) => `  - ${step}\n`).join("")}`;
  return parseDefinition(text).problems.map(({ code, path, severity }) => (severity === "error" ? `${code} ${path}` : `(${code} ${path})`));
}
const returning = (expression: string): string => `{ id: r, type: return, value: ${JSON.stringify(`\${{ ${expression} }}`)} }`;
const maybe = (expression: string): string[] => [`{ id: c, type: condition, if: inputs.on, then: [${BASE}] }`, returning(expression)];

describe("references", () => {
  it.each<[string, readonly string[]]>([
    ["inputs.n + 1", []],
    ["inputs.m", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["inputs.deep.a.b", []],
    ["inputs.deep.a.c", ["WF101 $.steps[1].value"]],
    ["inputs.name.x", ["WF101 $.steps[1].value"]],
    ["inputs['name'] + 'x'", []],
    ["state.count", []],
    ["state.cuont", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["steps.base.output.text", []],
    ["steps.base.output.txet", ["WF101 $.steps[1].value"]],
    ["steps.base.result", ["WF101 $.steps[1].value"]],
    ["steps.base.status == 'done'", []],
    ["steps.bose.output", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["steps.r.output", ["WF103 $.steps[1].value"]],
    ["run.id + run.started_at", []],
    ["run.name", ["WF101 $.steps[1].value"]],
    ["item", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["result.x", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["secrets.token", ["WF111 $.steps[1].value"]],
    ["secrets.tokem", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["inputs.list.map(x, x.y)", []],
    ["steps.base.output", []],
    ["keys(inputs)", []],
    ["size(steps)", []],
    ["constructor", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["inputs.constructor", ["UNDEFINED_REFERENCE $.steps[1].value"]],
    ["steps.__proto__", ["UNDEFINED_REFERENCE $.steps[1].value"]],
  ])("%s", (expression, expected) => expect(found([BASE, returning(expression)])).toEqual(expected));

  it("give the place in the line, and what was meant", () => {
    const { problems } = parseDefinition(`${HEAD}steps:\n  - { id: r, type: return, value: "a \${{ inputs.n + inputs.nmae }} b" }\n`);
    expect(problems).toMatchObject([
      { line: 9, column: 53, suggestion: expect.stringMatching(/^Did you mean `name`\? Accepted: `n`, `name`/u) as string },
    ]);
  });

  it("in texts over several lines give the line of the expression", () => {
    const { problems } = parseDefinition(
      `${HEAD}steps:\n  - id: p\n    type: prompt\n    instructions: |\n      Hello\n      and \${{ inputs.nope }}\n`,
    );
    expect(problems).toMatchObject([{ line: 13, column: 15, path: "$.steps[0].instructions" }]);
  });

  it("secrets may stand in env and args", () => {
    const step = (where: string): string =>
      `{ id: s, type: shell, argv: [a, "${where === "argv" ? "${{ secrets.token }}" : "b"}"], env: { T: "${where === "env" ? "${{ secrets.token }}" : "b"}" }, effects: read }`;
    expect(found([step("env")])).toEqual([]);
    expect(found([step("argv")])).toEqual(["WF111 $.steps[0].argv[1]"]);
  });

  it.each<[string, string[]]>([
    ['{ T: "${{ secrets.token }}", U: "plain ${{ inputs.on }}" }', []],
    ['{ T: "${{  secrets.token  }}" }', []],
    ['{ T: "Bearer ${{ secrets.token }}" }', ["WF111 $.steps[0].args.T"]],
    ['{ T: "${{ secrets.token }} " }', ["WF111 $.steps[0].args.T"]],
    ['{ T: "${{ secrets.token }}${{ secrets.token }}" }', ["WF111 $.steps[0].args.T"]],
    ["{ T: \"${{ 'Bearer ' + secrets.token }}\" }", ["WF111 $.steps[0].args.T"]],
    ['{ headers: { T: "${{ secrets.token }}" } }', ["WF111 $.steps[0].args.headers.T"]],
    ['{ list: ["${{ secrets.token }}"] }', ["WF111 $.steps[0].args.list[0]"]],
  ])("a secret is a whole field or none: %s", (args, expected) => {
    expect([...new Set(found([`{ id: s, type: mcp_call, server: a, tool: b, args: ${args}, effects: read }`]))]).toEqual(expected);
    const env = args.replaceAll("args", "env");
    if (!args.includes("headers") && !args.includes("list"))
      expect([...new Set(found([`{ id: s, type: shell, argv: [a], env: ${env}, effects: read }`]))]).toEqual(
        expected.map((one) => one.replace("args", "env")),
      );
  });

  it("state is seen as far as needs_state says", () => {
    const step = (needs: string): string => `{ id: s, type: return, value: "\${{ state.count }}", needs_state: ${needs} }`;
    expect(found([step("[count]")])).toEqual([]);
    expect(found([step('["*"]')])).toEqual([]);
    expect(found([step("[]")])).toEqual(["WF105 $.steps[0].value"]);
    expect(found([step("[count, nope]")])).toEqual(["UNDEFINED_REFERENCE $.steps[0].needs_state"]);
  });

  it("state comes from outputs and updates too", () => {
    expect(
      found([
        `{ id: a, type: return, value: 1, when: inputs.on, output_to: made }`,
        `{ id: s, type: set_state, updates: { "deep.er": 1 } }`,
        returning("[state.made, state.deep.er]"),
      ]),
    ).toEqual([]);
  });
});

describe("what may not have run", () => {
  it.each<[string, readonly string[]]>([
    ["steps.base.output.text", ["WF103 $.steps[1].value"]],
    ["default(steps.base.output.text, 'none')", []],
    ["has(steps.base) ? steps.base.output.text : 'none'", []],
    ["has(steps.base.output) && steps.base.output.ok", []],
    ["steps.?base.?output.?text.orValue('none')", []],
    ["steps.base.status", ["WF103 $.steps[1].value"]],
  ])("after a condition: %s", (expression, expected) => expect(found(maybe(expression))).toEqual(expected));

  const read = `{ id: r, type: set_state, updates: { a: "\${{ steps.base.output.text }}" } }`;
  it.each<[string, readonly string[], readonly string[]]>([
    ["its own `when`", [BASE.replace("type:", "when: inputs.on, type:"), read], ["WF103 $.steps[1].updates.a"]],
    ["its failure is passed over", [BASE.replace("type:", "on_error: continue, type:"), read], ["WF103 $.steps[1].updates.a"]],
    ["its failure ends the run", [BASE.replace("type:", "on_error: compensate, type:"), read], []],
    ["a branch of all", [`{ id: p, type: parallel, branches: { a: [${BASE}], b: [{ id: w, type: wait, for: 1s }] } }`, read], []],
    [
      "a branch of any",
      [`{ id: p, type: parallel, join: any, branches: { a: [${BASE}], b: [{ id: w, type: wait, for: 1s }] } }`, read],
      ["WF103 $.steps[1].updates.a"],
    ],
    [
      "another branch",
      [`{ id: p, type: parallel, branches: { a: [${BASE}], b: [${read}] } }`],
      ["WF103 $.steps[0].branches.b[0].updates.a"],
    ],
    ["a case", [`{ id: s, type: switch, cases: [{ when: inputs.on, steps: [${BASE}] }], else: [] }`, read], ["WF103 $.steps[1].updates.a"]],
    ["a loop", [`{ id: l, type: loop, while: inputs.on, max: 3, steps: [${BASE}] }`, read], ["WF103 $.steps[1].updates.a"]],
    [
      "an earlier turn",
      [
        `{ id: l, type: loop, while: "!has(steps.base) || !steps.base.output.ok", max: 3, steps: [${read.replace("steps.base.output.text", "default(steps.base.output.text, '')")}, ${BASE}] }`,
      ],
      [],
    ],
    ["within the same branch", [`{ id: c, type: condition, if: inputs.on, then: [${BASE}, ${read}] }`], []],
    [
      "a condition that asks",
      [
        `{ id: c, type: condition, if: inputs.on, then: [${BASE}] }`,
        `{ id: d, type: condition, if: has(steps.base), then: [${read}], else: [${read.replace("id: r", "id: r2")}] }`,
      ],
      ["WF103 $.steps[1].else[0].updates.a"],
    ],
    ["a handler of errors", [`{ id: h, type: wait, for: 1s, on_error: [${BASE}] }`, read], ["WF103 $.steps[1].updates.a"]],
    [
      "a loop over items",
      [`{ id: f, type: foreach, items: inputs.list, steps: [${BASE}] }`, read],
      ["UNDEFINED_REFERENCE $.steps[1].updates.a"],
    ],
    [
      "the same item",
      [
        `{ id: f, type: foreach, items: inputs.list, as: it, steps: [${BASE}, ${read}, { id: q, type: return, value: "\${{ it.x + item.y + string(index + total) }}" }] }`,
      ],
      [],
    ],
  ])("%s", (_, steps, expected) => expect(found(steps)).toEqual(expected));

  it("a step that was skipped or failed has its status and error still", () => {
    const told = `{ id: r, type: return, value: "\${{ [steps.base.status, steps.base.error.code] }}" }`;
    expect(found([BASE.replace("type:", "on_error: continue, type:"), told])).toEqual([]);
    expect(found([BASE.replace("type:", "when: inputs.on, type:"), told])).toEqual([]);
  });

  it("in `finally` and after it", () => {
    expect(found([BASE], `finally: [${read}]\n`)).toEqual(["WF103 $.finally[0].updates.a"]);
    expect(found([BASE], `output: { a: "\${{ steps.base.output.text }}" }\n`)).toEqual([]);
    expect(
      found([`{ id: c, type: condition, if: inputs.on, then: [${BASE}] }`], `output: { a: "\${{ steps.base.output.text }}" }\n`),
    ).toEqual(["WF103 $.output.a"]);
  });

  it("handlers of errors see the error", () => {
    expect(found([`{ id: h, type: wait, for: 1s, on_error: [{ id: f, type: fail, message: "\${{ error.message }}" }] }`])).toEqual([]);
  });
});

describe("types", () => {
  const condition = (expression: string): string => `{ id: c, type: condition, if: ${JSON.stringify(expression)}, then: [] }`;
  it.each<[string, readonly string[]]>([
    ["inputs.on && steps.base.output.ok", []],
    ["inputs.n > 3", []],
    ["inputs.n", ["WF102 $.steps[1].if"]],
    ["inputs.name", ["WF102 $.steps[1].if"]],
    ["inputs.name == 3", ["WF106 $.steps[1].if"]],
    ["inputs.name + 1 == ''", ["WF106 $.steps[1].if"]],
    ["steps.base.output.count + 1 > inputs.n * 2.5", []],
    ["size(inputs.list) / 2 > 1", ["(WF104 $.steps[1].if)"]],
    ["size(inputs.n) > 1", ["WF106 $.steps[1].if"]],
    ["contians(inputs.name, 'a')", ["WF106 $.steps[1].if"]],
    ["inputs.name.matches('a')", ["WF200 $.steps[1].if"]],
    ["regex_match(inputs.name, 'a')", []],
    ["inputs.list.exists(x, x == inputs.name)", []],
    ["inputs.list.all(x, x)", []],
    ["inputs.name == 'a' ? 1 : 2", ["WF102 $.steps[1].if"]],
    ["1 +", ["INVALID_EXPRESSION $.steps[1].if"]],
    ["state.count == 1", []],
    ["now() > timestamp(run.started_at) + duration('1h')", []],
    ["default(inputs.name, 'x') == 'x'", []],
    ["'a' in inputs.deep", []],
    ["inputs.n in [1, 2]", []],
    ["inputs.n == 1 || inputs.n == 1.5", []],
  ])("%s", (expression, expected) => expect(found([BASE, condition(expression)])).toEqual(expected));

  it("lists are needed where there are items", () => {
    expect(found([`{ id: f, type: foreach, items: inputs.name, steps: [] }`])).toEqual(["WF106 $.steps[0].items"]);
  });

  it("misspelt functions are named", () => {
    const { problems } = parseDefinition(`${HEAD}steps:\n  - ${condition("contians(inputs.name, 'a')")}\n`);
    expect(problems[0]?.suggestion).toMatch(/^Did you mean `contains`\?/u);
  });

  it("checks see what they look at", () => {
    expect(found([`{ id: k, type: check, that: "probe.ok", probe: { check: git.clean } }`])).toEqual([]);
    expect(found([`{ id: k, type: check, that: "probe.ok" }`])).toEqual(["UNDEFINED_REFERENCE $.steps[0].that"]);
    expect(
      found([
        `{ id: p, type: prompt, message: Hi, result: { type: object, properties: { a: { type: string } } }, accept: [{ check: "result.a == ''" }, { check: "result.b == ''" }, { check: "probe.x == 1" }] }`,
      ]),
    ).toEqual(["WF101 $.steps[0].accept[1].check", "UNDEFINED_REFERENCE $.steps[0].accept[2].check"]);
  });
});

describe("schemas", () => {
  const prompt = (schema: string): string => `{ id: p, type: prompt, message: Hi, result: ${schema} }`;
  it.each<[string, readonly string[]]>([
    ['{ $ref: "#/schemas/report" }', []],
    ['{ $ref: "#/schemas/repotr" }', ["UNDEFINED_REFERENCE $.steps[0].result.$ref"]],
    [
      '{ type: object, properties: { a: { $ref: "https://example.invalid/a.json" } } }',
      ["INVALID_SCHEMA $.steps[0].result.properties.a.$ref"],
    ],
    ['{ $ref: "../../../etc/passwd" }', ["INVALID_SCHEMA $.steps[0].result.$ref"]],
    ['{ $ref: "file:///etc/passwd#/x" }', ["INVALID_SCHEMA $.steps[0].result.$ref"]],
    ["{ type: strnig }", ["INVALID_SCHEMA $.steps[0].result"]],
    ['{ type: string, pattern: "^(a+)+$" }', []],
    ['{ type: string, pattern: "(?=a)" }', ["INVALID_SCHEMA $.steps[0].result.pattern"]],
    ['{ patternProperties: { "(a)\\\\1": {} } }', ["INVALID_SCHEMA $.steps[0].result.patternProperties"]],
    ["{ $id: urn:x }", ["INVALID_SCHEMA $.steps[0].result.$id"]],
    ["{ type: array, uniqueItems: true }", ["INVALID_SCHEMA $.steps[0].result.uniqueItems"]],
    ['{ $defs: { a: { properties: { b: { $ref: "#/$defs/a" } } } }, $ref: "#/$defs/a" }', ["INVALID_SCHEMA $.steps[0].result"]],
    ["{ enum: [{ $ref: x, pattern: '(' }] }", []],
  ])("%s", (schema, expected) => expect(found([prompt(schema)])).toEqual(expected));

  it("that unfold without end are refused", () => {
    const bomb = Array.from(
      { length: 20 },
      (_, at) => `s${at + 1}: { allOf: [{ $ref: "#/schemas/s${at}" }, { $ref: "#/schemas/s${at}" }] }`,
    ).join(", ");
    const { problems } = parseDefinition(
      `id: x\nname: X\nversion: 1.0.0\nschemas: { s0: { type: string }, ${bomb} }\nsteps: [{ id: r, type: return }]\n`,
    );
    expect(problems.map(({ code }) => code)).toContain("INVALID_SCHEMA");
  });

  it("stand alone in the normal form", () => {
    const { definition } = parseDefinition(`${HEAD}steps:\n  - ${prompt('{ $ref: "#/schemas/report" }')}\n`);
    expect(definition?.steps[0]).toMatchObject({
      result: {
        $ref: "#/$defs/report",
        $defs: { report: { properties: { list: { items: { $ref: "#/$defs/item" } } } }, item: { type: "string" } },
      },
    });
  });
});

describe("risks", () => {
  const destroy = (more = ""): string =>
    `{ id: d, type: mcp_call, capability: a.b, effects: destructive, idempotent: true, no_compensation: gone is gone${more} }`;
  const approval = (more = ""): string => `{ id: ok, type: approval, bind: 1, on_timeout: reject${more} }`;
  it.each<[string, readonly string[], readonly string[]]>([
    ["destructive without approval", [destroy()], ["WF120 $.steps[0]"]],
    ["approved, not guarded", [approval(), destroy()], ["(WF120 $.steps[1])"]],
    ["approved and guarded", [approval(), destroy(", guard: ok")], []],
    [
      "guarded by what is not decided on every way",
      [`{ id: c, type: condition, if: inputs.on, then: [${approval()}] }`, destroy(", guard: ok")],
      ["WF123 $.steps[1].guard"],
    ],
    ["the approval comes later", [destroy(", guard: ok"), approval()], ["WF123 $.steps[0].guard"]],
    ["guarded by nothing", [destroy(", guard: okay")], ["UNDEFINED_REFERENCE $.steps[0].guard"]],
    ["guarded by another step", [BASE, destroy(", guard: base")], ["WF123 $.steps[1].guard"]],
    ["guarded in a branch of its own", [approval(), `{ id: c, type: condition, if: inputs.on, then: [${destroy(", guard: ok")}] }`], []],
    [
      "approval in another branch",
      [`{ id: p, type: parallel, branches: { a: [${approval()}], b: [${destroy(", guard: ok")}] } }`],
      ["WF123 $.steps[0].branches.b[0].guard"],
    ],
    ["an approval that may be skipped", [approval(", when: inputs.on"), destroy()], ["WF120 $.steps[1]"]],
    ["not idempotent", [`{ id: s, type: shell, argv: [a], effects: write, no_compensation: none }`], ["(WF121 $.steps[0])"]],
    ["not undone", [`{ id: s, type: shell, argv: [a], effects: write, idempotent: true }`], ["(WF122 $.steps[0])"]],
    ["no word on timeout", [`{ id: ok, type: approval, bind: 1 }`], ["(WF131 $.steps[0])"]],
    ["no bind", [`{ id: ok, type: approval }`], ["WF130 $.steps[0].bind"]],
    ["no bound", [`{ id: l, type: loop, while: "true", steps: [] }`], ["WF140 $.steps[0].max"]],
    [
      "expression in a shell text",
      [`{ id: s, type: shell, command: "echo \${{ inputs.name }}", effects: read }`],
      ["WF110 $.steps[0].command"],
    ],
    ["vague", [`{ id: p, type: prompt, message: "Make sure it works" }`], ["(WF170 $.steps[0].message)"]],
    ["never reached", [`{ id: r, type: return }`, BASE], ["(WF142 $.steps[1])"]],
    ["reached", [`{ id: r, type: return, when: inputs.on }`, BASE], []],
  ])("%s", (_, steps, expected) => expect(found(steps)).toEqual(expected));
});

describe("ids, tasks and calls", () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ["the same id twice", [BASE, `{ id: c, type: condition, if: inputs.on, then: [${BASE}] }`], "", ["DUPLICATE_ID $.steps[1].then[0].id"]],
    ["the same id in a task", [BASE], `tasks: { t: { steps: [${BASE}] } }\n`, []],
    [
      "a task that is not there",
      [`{ id: f, type: foreach, items: inputs.list, task: revew }`],
      "tasks: { review: { instructions: Look } }\n",
      ["UNDEFINED_REFERENCE $.steps[0].task"],
    ],
    ["neither task nor steps", [`{ id: f, type: foreach, items: inputs.list }`], "", ["MISSING_REQUIRED_FIELD $.steps[0].task"]],
    [
      "inputs of a task",
      [`{ id: f, type: foreach, items: inputs.list, task: t, with: { a: "\${{ item }}", b: 1 } }`],
      `tasks: { t: { inputs: { a: string, c: string }, steps: [${returning("inputs.a + string(index)")}] } }\n`,
      ["UNDEFINED_REFERENCE $.steps[0].with", "MISSING_REQUIRED_FIELD $.steps[0].with"],
    ],
    [
      "a task sees its own only",
      [`{ id: f, type: foreach, items: inputs.list, as: it, task: t }`, BASE],
      `tasks: { t: { steps: [${returning("[inputs.n, state.count, steps.base.output, it]")}] } }\n`,
      [
        "UNDEFINED_REFERENCE $.tasks.t.steps[0].value",
        "UNDEFINED_REFERENCE $.tasks.t.steps[0].value",
        "UNDEFINED_REFERENCE $.tasks.t.steps[0].value",
      ],
    ],
    [
      "tasks in a circle",
      [BASE],
      `tasks: { a: { steps: [{ id: f, type: foreach, items: "[1]", task: b }] }, b: { steps: [{ id: f, type: foreach, items: "[1]", task: a }] } }\n`,
      ["CIRCULAR_DEPENDENCY $.tasks.a"],
    ],
    ["a workflow that calls itself", [`{ id: w, type: workflow, workflow: x }`], "", ["CIRCULAR_DEPENDENCY $.steps[0].workflow"]],
    ["a path as a workflow", [`{ id: w, type: workflow, workflow: ../../x }`], "", ["INVALID_VALUE $.steps[0].workflow"]],
    ["a call of nothing", [`{ id: m, type: mcp_call, effects: read }`], "", ["MISSING_REQUIRED_FIELD $.steps[0].tool"]],
    ["a wait for nothing", [`{ id: w, type: wait }`], "", ["MISSING_REQUIRED_FIELD $.steps[0].for"]],
    [
      "a shell text on the server",
      [`{ id: s, type: shell, command: ls, runs_on: server, effects: read }`],
      "",
      ["INVALID_VALUE $.steps[0].command"],
    ],
    [
      "more branches than there are",
      [`{ id: p, type: parallel, join: 3, branches: { a: [], b: [] } }`],
      "",
      ["INVALID_VALUE $.steps[0].join"],
    ],
  ])("%s", (_, steps, more, expected) => expect(found(steps, more)).toEqual(expected));

  it("what refers to a step that could not be read is not told to be wrong", () => {
    expect(found([`{ id: base, type: promtp }`, returning("steps.base.output.x")])).toEqual(["UNKNOWN_STEP_TYPE $.steps[0].type"]);
  });
});

it("the worked definition has no problem", () => {
  const { problems } = parseDefinition(readFileSync(new URL("../fixture/staged-deployment.yaml", import.meta.url), "utf8"));
  expect(problems).toEqual([]);
});
