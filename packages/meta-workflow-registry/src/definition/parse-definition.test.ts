import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDefinition } from "./index.ts";

const staged = readFileSync(new URL("./fixture/staged-deployment.yaml", import.meta.url), "utf8");

/** A definition around a list of steps, each on a line of its own from line 5 on. */
const around = (...steps: readonly string[]): string =>
  `id: x\nname: X\nversion: 1.0.0\nsteps:\n${steps.map((step) => `  - ${step}\n`).join("")}`;

const problemsOf = (text: string): string[] =>
  parseDefinition(text).problems.map(({ code, path, line, column }) => `${code} ${path} ${line}:${column}`);
const codesOf = (text: string): string[] => parseDefinition(text).problems.map(({ code }) => code);

describe("the normal form", () => {
  it("of the worked definition has its defaults, its durations in milliseconds, and its aliases resolved", () => {
    const { definition, problems } = parseDefinition(staged);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(definition).toMatchObject({
      id: "staged-deployment",
      code: "MW-010",
      status: "active",
      scope: "universal",
      disclosure: "outline",
      risk: "high",
      budget: { actions: 1_000 },
    });
    const [preflight, plan, note, approval, rollOut, watch] = definition?.steps ?? [];
    expect(preflight).toMatchObject({ type: "parallel", join: "all", on_branch_error: "stop", line: 24 });
    expect(plan).toMatchObject({
      type: "mcp_call",
      runs_on: "server",
      capability: "deploy.plan",
      timeout: 600_000,
      retry: { attempts: 3, initial: 5_000, backoff: 2 },
      idempotent: true,
    });
    expect(note).toMatchObject({
      type: "prompt",
      prompt_type: "task",
      lease: 900_000,
      deadline: 7_200_000,
      on_deadline: "escalate",
      max_attempts: 3,
    });
    expect(approval).toMatchObject({
      type: "approval",
      wait_at_most: 14_400_000,
      on_timeout: "reject",
      min: 1,
      on_reject: { then: "decline" },
    });
    expect(rollOut).toMatchObject({
      guard: "go_live",
      idempotent: false,
      reconcile: { probe: { kind: "tool", capability: "deploy.status" } },
      compensate: { call: { capability: "deploy.rollback" } },
    });
    expect(watch).toMatchObject({
      type: "wait",
      until: { every: 30_000, hold: "${{ inputs.canary_minutes }}m", within: 1_800_000 },
      on_error: { then: "compensate" },
    });
  });

  it("reads JSON as well", () => {
    const text = JSON.stringify({ id: "a", name: "A", version: "1.0.0", steps: [{ id: "s", type: "set", updates: { n: 1 } }] });
    expect(parseDefinition(text).definition?.steps[0]).toMatchObject({
      type: "set_state",
      updates: { n: 1 },
      effects: "none",
      idempotent: true,
    });
  });

  it.each<[string, object]>([
    [
      "{ id: a, type: for_each, items: '${{ [1, 2] }}', steps: [{ id: b, type: finish }] }",
      { type: "foreach", items: "[1, 2]", as: "item", max_parallel: 5, limit: 100, steps: [{ type: "return", value: null }] },
    ],
    ["{ id: a, type: wait, duration_seconds: 90 }", { type: "wait", for: 90_000 }],
    ["{ id: a, type: wait, for: 1h30m }", { type: "wait", for: 5_400_000 }],
    [
      "{ id: a, type: prompt, message: Hi, prompt_type: choice, options: [x, y] }",
      { instructions: "Hi", result: { required: ["selected"], properties: { selected: { enum: ["x", "y"] } } } },
    ],
    ["{ id: a, type: prompt, message: Hi, if: true, prompt_type: confirm }", { when: "true", result: { required: ["confirmed"] } }],
    ["{ id: a, type: prompt, message: Hi, prompt_type: info }", { result: { required: ["acknowledged"] } }],
    ["{ id: a, type: prompt, message: Hi, prompt_type: text }", { result: { required: ["input"] } }],
    [
      "{ id: a, type: shell, command: make }",
      { type: "shell", runs_on: "client", command: "make", argv: [], effects: "write", idempotent: false, retry: { attempts: 1 } },
    ],
    ["{ id: a, type: mcp_call, tool: github.get_pr, parameters: { n: 1 } }", { runs_on: "client", tool: "github.get_pr", args: { n: 1 } }],
    [
      "{ id: a, type: shell, argv: [ls], retry: 5, on_error: [{ id: b, type: fail, message: no }] }",
      { retry: { attempts: 5, initial: 1_000, backoff: 2 }, on_error: { then: "steps", steps: [{ id: "b" }] } },
    ],
    ["{ id: a, type: shell, argv: [ls], compensate: undo it }", { compensate: { prompt: "undo it" } }],
    ["{ id: a, type: shell, argv: [ls], compensate: { argv: [rm] } }", { compensate: { program: { argv: ["rm"] } } }],
    [
      "{ id: a, type: check, that: 'probe.ok', probe: { check: git.clean, with: { dir: . } } }",
      { probe: { kind: "check", check: "git.clean", with: { dir: "." } } },
    ],
  ])("%s", (step, expected) => expect(parseDefinition(around(step)).definition?.steps[0]).toMatchObject(expected));

  it("inputs may be names with types", () => {
    const inputs = parseDefinition(
      `inputs: { a: string, b: { type: integer, default: 3 }, c: { type: boolean, required: false } }\n${around("{ id: a, type: return }")}`,
    ).definition?.inputs;
    expect(inputs).toEqual({
      type: "object",
      additionalProperties: false,
      required: ["a"],
      properties: { a: { type: "string" }, b: { type: "integer", default: 3 }, c: { type: "boolean" } },
    });
  });
});

describe("problems", () => {
  it("are all told at once, in the order of the text, with path, line and column", () => {
    const text = `id: X\nnam: a\nversion: 1.0\nsteps:
  - id: a
    type: shel
  - id: b
    type: shell
    cmd: [x]
    timeout: 5q
  - id: c
    type: condition
    if: "true"
    then:
      - { id: Bad Id, type: set, updates: 3 }
      - { type: approval, id: q }
    else: x
  - 5
  - { id: l, type: loop, while: "true", steps: [] }
  - { id: m, type: mcp_call, parameters: {a: 1}, args: {b: 2}, retry: { attempts: 0 }, effects: reed }
`;
    expect(problemsOf(text)).toEqual([
      "MISSING_REQUIRED_FIELD $.name 1:1",
      "INVALID_NAME_FORMAT $.id 1:5",
      "UNKNOWN_FIELD $.nam 2:1",
      "INVALID_VERSION_FORMAT $.version 3:10",
      "UNKNOWN_STEP_TYPE $.steps[0].type 6:11",
      "UNKNOWN_FIELD $.steps[1].cmd 9:5",
      "INVALID_VALUE $.steps[1].timeout 10:14",
      "INVALID_NAME_FORMAT $.steps[2].then[0].id 15:15",
      "INVALID_TYPE $.steps[2].then[0].updates 15:43",
      "WF130 $.steps[2].then[1].bind 16:9",
      "INVALID_TYPE $.steps[2].else 17:11",
      "INVALID_TYPE $.steps[3] 18:5",
      "WF140 $.steps[4].max 19:5",
      "UNKNOWN_FIELD $.steps[5].args 20:50",
      "INVALID_VALUE $.steps[5].retry.attempts 20:83",
      "INVALID_VALUE $.steps[5].effects 20:97",
    ]);
  });

  it("of one misspelt field are one, with what was meant and what is accepted", () => {
    const { problems, definition } = parseDefinition(around("{ id: a, type: shell, agrv: [x] }"));
    expect(definition).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: "UNKNOWN_FIELD", path: "$.steps[0].agrv", line: 5, column: 27 });
    expect(problems[0]?.suggestion).toMatch(/^Did you mean `argv`\? Accepted: `argv`, /u);
    expect(parseDefinition(around("{ id: a, type: aproval, bind: 1 }")).problems[0]?.suggestion).toMatch(/^Did you mean `approval`\?/u);
  });

  it("name the file that they were given", () => {
    expect(parseDefinition("- 1", { file: "a.yaml" }).problems).toMatchObject([{ file: "a.yaml", code: "INVALID_TYPE" }]);
  });
});

describe("hostile texts", () => {
  it.each<[string, string, string]>([
    ["no YAML", "id: [", "YAML_PARSE_ERROR"],
    ["a key twice", "id: a\nid: b", "YAML_PARSE_ERROR"],
    ["two documents", "id: a\n---\nid: b", "YAML_PARSE_ERROR"],
    ["a tag", "id: !!js/function 'x'", "YAML_PARSE_ERROR"],
    ["no number", "id: .nan", "YAML_PARSE_ERROR"],
    [
      "a bomb of aliases",
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"].map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[at]}`).join(", ")}]\n`).join("")}`,
      "YAML_PARSE_ERROR",
    ],
    ["depth", "[".repeat(100_000), "YAML_PARSE_ERROR"],
    ["depth that closes", `id: ${"[".repeat(3_000)}${"]".repeat(3_000)}`, "YAML_PARSE_ERROR"],
    ["size", `id: ${"a".repeat(300_000)}`, "TOO_LARGE"],
    ["a list", "- 1", "INVALID_TYPE"],
    ["nothing", "", "INVALID_TYPE"],
    ["text", "hello", "INVALID_TYPE"],
  ])("%s", (_, text, code) => expect(codesOf(text)).toContain(code));

  it("ten thousand steps are refused in words", () => {
    const { problems } = parseDefinition(
      around(...Array.from({ length: 10_000 }, (_, index) => `{id: s${index}, type: wait}`)).replaceAll("  - ", "- "),
    );
    expect(problems.map(({ code }) => code)).toContain("TOO_LARGE");
    expect(problems.length).toBeLessThanOrEqual(100);
  });

  it("steps in steps without end are refused", () => {
    let step = "{ id: z, type: return }";
    for (let depth = 0; depth < 25; depth++) step = `{ id: s${depth}, type: condition, if: true, then: [${step}] }`;
    expect(codesOf(around(step))).toEqual(["TOO_LARGE"]);
  });

  it("prototype names are fields like others", () => {
    const { problems } = parseDefinition(
      around(
        "{ id: a, type: set_state, updates: { __proto__: { x: 1 }, constructor: 2 } }",
        "{ id: b, type: constructor }",
        "{ id: c, type: __proto__ }",
        "{ id: d, type: return, toString: 1, __proto__: 2 }",
      ),
    );
    expect(problems.map(({ code }) => code)).toEqual(["UNKNOWN_STEP_TYPE", "UNKNOWN_STEP_TYPE", "UNKNOWN_FIELD", "UNKNOWN_FIELD"]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
