import { describe, expect, it } from "vitest";
import type { Step } from "../definition/definition.ts";
import { parseDefinition } from "../definition/parse-definition.ts";
import { everyStep } from "../definition/walk.ts";
import { evaluateCondition, compileExpression, fillTemplate, fillToText } from "../expression/index.ts";
import { richDefinition } from "../page/fixture/rich-definition.ts";
import { PROSE_WORKFLOWS } from "./fixture/prose-workflows.ts";
import { SERVER_WORKFLOWS } from "./fixture/server-workflows.ts";
import { importDefinition, type Imported } from "./import-definition.ts";
import { toYaml } from "./to-yaml.ts";

const load = (text: string, environment: Record<string, string> = {}): Imported => importDefinition(text, { environment });
const errorsOf = ({ problems }: Imported): string[] =>
  problems.filter(({ severity }) => severity === "error").map(({ code, path, message }) => `${code} ${path}: ${message}`);
const stepsOf = (imported: Imported): Step[] => (imported.definition === undefined ? [] : [...everyStep(imported.definition)]);
const stepOf = (imported: Imported, id: string): Step => {
  const step = stepsOf(imported).find((one) => one.id === id);
  if (step === undefined)
    throw new Error(
      `There is no ${id}: ${stepsOf(imported)
        .map((one) => one.id)
        .join(", ")}; ${errorsOf(imported).join("; ")}`,
    );
  return step;
};
const around = (...steps: string[]): string => `name: x\nversion: 1.0.0\nsteps:\n${steps.map((step) => `  - ${step}\n`).join("")}`;

describe("every workflow of the sources", () => {
  it.each(Object.entries({ ...SERVER_WORKFLOWS, ...PROSE_WORKFLOWS }))("%s loads without an error, and is kept as text", (name, text) => {
    const imported = load(text);
    expect(errorsOf(imported)).toEqual([]);
    expect(imported.definition?.id).toBe(name);
    expect(imported.changes.length).toBeGreaterThan(0);
    const again = parseDefinition(imported.yaml ?? "");
    expect(again.definition).toEqual({ ...imported.definition, env: {} });
    expect(withoutLines(parseDefinition(toYaml(again.definition ?? richDefinition())).definition)).toEqual(withoutLines(again.definition));
  });

  it("are seventeen", () => {
    expect([Object.keys(SERVER_WORKFLOWS).length, Object.keys(PROSE_WORKFLOWS).length]).toEqual([4, 13]);
  });
});

function withoutLines(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => (key === "line" ? undefined : field)));
}

describe("typed steps", () => {
  const deploy = load(SERVER_WORKFLOWS["deploy-service"] ?? "", { REGION: "eu" });

  it("keep inputs with their validation", () => {
    expect(deploy.definition?.inputs).toEqual({
      type: "object",
      additionalProperties: false,
      required: ["service"],
      properties: {
        service: { type: "string", description: "Which service", pattern: "^[a-z-]+$", minLength: 2, maxLength: 40 },
        environment: { type: "string", default: "staging", enum: ["staging", "production"] },
        replicas: { type: "number", default: 2, minimum: 1, maximum: 10 },
      },
    });
    expect(deploy.definition).toMatchObject({
      version: "1.0.0",
      tags: ["deploy", "docker"],
      initial_state: { tag: "${{ inputs.service }}-latest" },
    });
  });

  it("make a shell text a step of the client, its values in variables whatever the quotes", () => {
    const build = stepOf(deploy, "build_image");
    expect(build).toMatchObject({
      type: "shell",
      runs_on: "client",
      argv: [],
      command: `docker build -t ''"\${VALUE_1}"'' ./"\${VALUE_2}" && echo "built \${VALUE_1}"`,
      env: { VALUE_1: "${{ state.tag }}", VALUE_2: "${{ inputs.service }}" },
      cwd: "/srv/${{ inputs.service }}",
      timeout: 120_000,
      output_to: "build",
    });
    expect(deploy.changes).toContain(
      "line 21: the client runs the command on its own machine and reports what came of it: the server starts no shell.",
    );
    expect(deploy.changes).toContain("line 19: the step's id is `build_image`.");
  });

  it("keep conditions, calls, waits and returns", () => {
    expect(stepOf(deploy, "check_build")).toMatchObject({ if: "state.build.exit_code == 0", needs_state: ["build"] });
    expect(stepOf(deploy, "roll_out")).toMatchObject({
      runs_on: "client",
      tool: "kubernetes.apply",
      args: { image: "${{ state.tag }}" },
      timeout: 30_000,
    });
    expect(stepOf(deploy, "settle")).toMatchObject({ for: 10_000, message: "Lets it settle." });
    expect(stepOf(deploy, "done")).toMatchObject({ value: { status: "deployed", at: "${{ iso(now()) }}", region: "${{ 'eu' }}" } });
  });

  it("read the environment by allow-list, and say so", () => {
    expect(deploy.definition?.env).toEqual({ REGION: "eu" });
    expect(deploy.changes.join("\n")).toContain('`env("REGION")` was read now');
    const refused = load(around(`{ id: a, type: return, value: "{{ env('HOME') }}" }`), { OTHER: "x" });
    expect(errorsOf(refused)).toEqual([
      'UNTRANSLATED_TEMPLATE $.steps[0].value: `env("HOME")` is not among the variables that may be read, and has no default.',
    ]);
    expect(errorsOf(load(around(`{ id: a, type: return, value: "{{ env('__proto__') }}" }`)))).toHaveLength(1);
  });

  it("divide updates that read each other, and make ids that are the same on replay", () => {
    const imported = load(SERVER_WORKFLOWS["analyze-codebase"] ?? "");
    expect(stepOf(imported, "count")).toMatchObject({ updates: { total: "${{ size(state.findings) }}" } });
    const then = stepOf(imported, "count_then_1") as Step & { type: "set_state" };
    expect(Object.keys(then.updates)).toEqual(["headline", "id", "lucky"]);
    expect(fillTemplate(then.updates["headline"] ?? null, { state: { total: 12 } })).toBe("12 files: many");
    const lucky = fillTemplate(then.updates["lucky"] ?? null, { run: { id: "r" } });
    expect(lucky).toBeGreaterThanOrEqual(1);
    expect(lucky).toBeLessThanOrEqual(6);
  });

  it("give a task its item, and each item ids of its own", () => {
    const imported = load(SERVER_WORKFLOWS["analyze-codebase"] ?? "");
    expect(stepOf(imported, "each_file")).toMatchObject({
      task: "analyze_file",
      with: { file: "${{ item }}" },
      agent: "code-analyzer",
      max_parallel: 10,
      on_item_error: "collect",
    });
    expect(stepOf(imported, "each_file_all_done")).toMatchObject({ that: "steps.each_file.output.all(one, one.status == 'done')" });
    const results = stepOf(imported, "each_file_results") as Step & { type: "set_state" };
    const output = [
      { status: "done", output: 1 },
      { status: "done", output: 2 },
    ];
    expect(fillTemplate(results.updates["findings"] ?? null, { steps: { each_file: { output } } })).toEqual([1, 2]);
    const give = stepOf(imported, "give") as Step & { type: "return" };
    const mark = (index: number): unknown =>
      (fillTemplate(give.value, { inputs: { file: "a" }, state: { notes: { response: 1 } }, run: { id: "r" }, index }) as { mark: string })
        .mark;
    expect(mark(0)).not.toBe(mark(1));
    const think = stepOf(imported, "think") as Step & { type: "delegate" };
    expect(fillToText(think.instructions, { state: { text: { a: 1 } }, index: 1, total: 2, is_last: true })).toContain(
      "File 2 of 2 (the last).\na: 1",
    );
    expect(think).toMatchObject({ role: "reader", deadline: 300_000, on_deadline: "fail" });
  });

  it("read a prompt that bears `type` twice", () => {
    const imported = load(SERVER_WORKFLOWS["pr-automation"] ?? "");
    expect(stepOf(imported, "how")).toMatchObject({
      type: "prompt",
      prompt_type: "choice",
      options: ["wait", "close"],
      result: { properties: { selected: { enum: ["wait", "close"] } } },
    });
    expect(imported.changes.join("\n")).toContain("the second `type` of a prompt is `prompt_type` here");
    expect(imported.definition?.version).toBe("1.0.0");
    const decide = stepOf(imported, "decide") as Step & { type: "condition" };
    const holds = (pr: object, auto_merge: boolean): boolean =>
      evaluateCondition(compileExpression(decide.if), { state: { pr: pr as never }, inputs: { auto_merge } });
    expect([
      holds({ checks: "green", title: "chore: x" }, false),
      holds({ checks: "green", title: "feat" }, false),
      holds({ checks: "red", title: "chore" }, true),
      holds({ checks: "green", title: "feat" }, true),
    ]).toEqual([true, false, false, true]);
    expect(stepOf(imported, "get_pr")).toMatchObject({ args: { number: "${{ inputs.number }}" } });
  });

  it("bind tools that the server may call itself", () => {
    const imported = importDefinition(SERVER_WORKFLOWS["pr-automation"] ?? "", {
      environment: {},
      bindings: { "github.get_pr": { capability: "vcs.pull_request" } },
    });
    expect(stepOf(imported, "get_pr")).toMatchObject({ runs_on: "server", capability: "vcs.pull_request" });
    expect(stepOf(imported, "merge")).toMatchObject({ runs_on: "client", tool: "github.merge_pr" });
  });

  it("take `action` for `type` as in the source's sample, and tell unknown types and fields with what is near", () => {
    expect(stepOf(load(around("{ id: a, action: shell, command: ls }")), "a")).toMatchObject({ type: "shell", command: "ls" });
    const unknown = load(around("{ id: a, type: shel, command: ls }"));
    expect(unknown.problems).toMatchObject([
      {
        code: "UNKNOWN_STEP_TYPE",
        path: "$.steps[0].type",
        line: 4,
        suggestion: expect.stringContaining("Did you mean `shell`?") as string,
      },
    ]);
    expect(errorsOf(load(around("{ id: a, type: goto, target: b, max_iterations: 3 }")))).toEqual([
      "UNKNOWN_STEP_TYPE $.steps[0].type: There is no step type `goto`.",
    ]);
    const field = load(around("{ id: a, type: shell, command: ls, comand: x }"));
    expect(field.problems.filter(({ code }) => !code.startsWith("WF"))).toMatchObject([
      { code: "UNKNOWN_FIELD", severity: "warning", path: "$.steps[0].comand" },
    ]);
    expect(errorsOf(load(around("{ id: a, type: prompt }")))).toEqual([
      "MISSING_REQUIRED_FIELD $.steps[0]: A prompt step needs `message`.",
    ]);
  });

  it("make every id one, in snake_case", () => {
    const imported = load(
      around(
        "{ id: Build-It, type: shell, command: ls }",
        "{ id: build_it, type: shell, command: ls }",
        "{ type: wait, duration_seconds: 1 }",
        "{ id: last, type: return, value: \"{{ steps['Build-It'].output.stdout }}\" }",
      ),
    );
    expect(stepsOf(imported).map(({ id }) => id)).toEqual(["build_it", "build_it_2", "wait", "last"]);
    expect(stepOf(imported, "last")).toMatchObject({ value: "${{ steps.build_it.output.stdout }}" });
  });

  it("leave our own form as it is", () => {
    const yaml = toYaml(
      parseDefinition(around("{ id: a, type: prompt, instructions: Do. }").replace("name: x", "id: x\nname: X")).definition ??
        richDefinition(),
    );
    expect(load(yaml)).toMatchObject({ yaml, changes: [], definition: { id: "x" } });
  });
});

describe("prose", () => {
  it("becomes prompts with their tools", () => {
    const imported = load(PROSE_WORKFLOWS["disaster-recovery"] ?? "");
    expect(stepsOf(imported).map(({ id, type }) => [id, type])).toEqual([
      ["look_at_the_damage", "prompt"],
      ["restore", "prompt"],
      ["validate", "prompt"],
    ]);
    expect(stepOf(imported, "validate")).toMatchObject({
      instructions: "Tools: `droplet-executor`, `github`.\n\n- Integration tests\n- What was learnt",
      effects: "write",
      give: { request: "${{ inputs.request }}" },
    });
    expect(imported.changes.join("\n")).toContain("of `example_interaction` only is taken where a person is asked");
  });

  it.each([
    ["feature-development", "offer_it", "Should I open a pull request?"],
    ["code-review-refactor", "refactor", "Shall I proceed?"],
    ["staged-deployment", "production", "Ready for production after QA approval."],
    ["emergency-hotfix", "deploy", "Leaves staging out, with approval"],
    ["api-endpoint-creation", "deploy_and_document", "Ready to deploy to staging."],
    ["microservice-creation", "repository", "Shall I make the repository?"],
    ["production-debugging", "repair", "It can be added without downtime."],
  ])("%s asks a person before %s, and the step runs by that decision only", (name, step, words) => {
    const imported = load(PROSE_WORKFLOWS[name] ?? "");
    const steps = imported.definition?.steps ?? [];
    const at = steps.findIndex(({ id }) => id === step);
    const [gate, guarded] = [steps[at - 1], steps[at]];
    expect(gate).toMatchObject({ type: "approval", title: expect.stringContaining(words) as string, on_timeout: "reject" });
    expect(guarded?.guard).toBe(gate?.id);
    expect(steps.filter(({ type }) => type === "approval" || type === "ask")).toHaveLength(1);
    // The decision is about what was done so far and about what was wanted.
    expect((gate as Step & { type: "approval" }).bind).toMatchObject({
      asked: words,
      request: "${{ inputs.request }}",
      reported: Object.fromEntries(steps.slice(0, at - 1).map(({ id }) => [id, `\${{ steps.${id}.output }}`])),
    });
    expect(imported.changes.filter((change) => change.includes(`“${words}” is an approval before`))).toEqual([
      expect.stringMatching(/^line [1-9]\d*: .*`asked_before_/),
    ]);
  });

  it("where the approval comes after all work, the gate stands at the end; where nobody is asked, there is none", () => {
    const gates = (name: string): (string | number)[][] =>
      (load(PROSE_WORKFLOWS[name] ?? "").definition?.steps ?? []).flatMap(({ id, type }, index) =>
        type === "approval" || type === "ask" ? [[id, index]] : [],
      );
    expect(gates("collaborative-review")).toEqual([["asked_at_the_end", 4]]);
    for (const name of ["cicd-setup", "monitoring-implementation", "multi-agent-feature", "incident-response", "disaster-recovery"])
      expect([name, gates(name)]).toEqual([name, []]);
  });

  it("a question that wants words is put to a person, and the next step is given the answer", () => {
    const imported = load(
      'workflow: x\nsteps:\n  - { name: Look, tool: t, action: Looks }\n  - { name: Restart the node, tool: t, action: Restarts }\nexample_interaction: |\n  [Looks]\n  AI: "Which node do I restart? ${{ inputs.request }}?"\n',
    );
    expect(imported.definition?.steps.map(({ id, type }) => [id, type])).toEqual([
      ["look", "prompt"],
      ["asked_before_restart_the_node", "ask"],
      ["restart_the_node", "prompt"],
    ]);
    expect(stepOf(imported, "restart_the_node")).toMatchObject({
      give: { answer: "${{ steps.asked_before_restart_the_node.output.answer }}" },
    });
    expect(fillToText((stepOf(imported, "asked_before_restart_the_node") as Step & { type: "ask" }).question, { inputs: {} })).toContain(
      "${{ inputs.request }}",
    );
  });

  it("becomes work of the agents that its lines name", () => {
    const imported = load(PROSE_WORKFLOWS["multi-agent-feature"] ?? "");
    const { steps } = imported.definition ?? richDefinition();
    expect(steps.map((step) => [step.type, "role" in step ? step.role : undefined])).toEqual([
      ["delegate", "backend-agent"],
      ["delegate", "frontend-agent"],
      ["delegate", "devops-agent"],
      ["parallel", undefined],
      ["prompt", undefined],
    ]);
    expect(steps[0]).toMatchObject({
      instructions: expect.stringContaining("Tools: `desktop-commander`, `github`.\n- Make endpoints") as string,
    });
    expect(Object.keys((steps[3] as Step & { type: "parallel" }).branches)).toHaveLength(3);
  });

  it("takes severity levels as an input", () => {
    const imported = load(PROSE_WORKFLOWS["incident-response"] ?? "");
    expect(imported.definition?.inputs).toMatchObject({
      properties: { severity: { enum: ["P1", "P2", "P3"], description: "P1: All is down; P2: It is slow; P3: A small thing" } },
    });
    expect(stepsOf(imported)).toHaveLength(4);
  });

  it("keeps words words", () => {
    const imported = load('workflow: x\nsteps:\n  - { name: "${{ inputs.a }}", tool: t, action: "${{ secrets.x }} {{ y }}" }\n');
    const [step] = stepsOf(imported);
    expect(fillToText((step as Step & { type: "prompt" }).instructions, { inputs: {} })).toBe("Tools: `t`.\n\n${{ secrets.x }} {{ y }}");
  });
});

describe("hostile texts", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[index] ?? "a"}`).join(",")}]`)
    .join("\n")}\nname: x\nsteps: []\n`;
  it.each<[string, string]>([
    ["a YAML bomb", bomb],
    ["a loop of aliases", "name: x\nsteps: &a [*a]\n"],
    ["a huge text", `name: x\nsteps: []\ndescription: "${"x".repeat(300_000)}"\n`],
    ["deep nesting", `name: x\nsteps: ${"[".repeat(5_000)}${"]".repeat(5_000)}\n`],
    [
      "deep conditions",
      `name: x\nversion: 1.0.0\nsteps:\n${Array.from({ length: 60 }, (_, depth) => `${"  ".repeat(depth + 1)}- id: c${depth}\n${"  ".repeat(depth + 2)}type: condition\n${"  ".repeat(depth + 2)}if: "true"\n${"  ".repeat(depth + 2)}then:\n`).join("")}`,
    ],
    ["a template that is no text", "name: x\nsteps:\n  - { id: a, type: foreach, items: {{ state.x }}, task: t }\n"],
    ["nothing", ""],
    ["a list", "- a\n"],
    ["another form", "jobs: {}\n"],
    ["a tag", "name: !!python/object/apply:os.system ['id']\nsteps: []\n"],
    ["a field twice", "name: x\nname: y\nsteps: []\n"],
    ["no steps", "name: x\nversion: 1.0.0\n"],
    ["classes", around(`{ id: a, type: return, value: "{{ ''.__class__ }}" }`)],
    ["classes in a shell text", around(`{ id: a, type: shell, command: "echo {{ ''.__class__.__mro__ }}" }`)],
    [
      "a slow pattern",
      `name: x\nversion: 1.0.0\ninputs: { a: { type: string, validation: { pattern: "(?=a)" } } }\nsteps: [{ id: a, type: return, value: 1 }]\n`,
    ],
    ["too many steps", around(...Array.from({ length: 2_500 }, (_, index) => `{ id: s${index}, type: return, value: 1 }`))],
  ])("%s is refused with words", (_name, text) => {
    const imported = load(text);
    expect(imported.definition).toBeUndefined();
    expect(errorsOf(imported).length).toBeGreaterThan(0);
  });

  it("names of prototype fields are names like others", () => {
    const imported = load(
      'name: x\nversion: 1.0.0\ninputs: { constructor: { type: string } }\nsteps:\n  - { id: __proto__, type: return, value: "{{ inputs.constructor }}" }\n  - { id: toString, type: toString }\n',
    );
    expect(errorsOf(imported)).toEqual(["UNKNOWN_STEP_TYPE $.steps[1].type: There is no step type `toString`."]);
  });

  it("a value in a command stays one word", () => {
    const imported = load(
      around(`{ id: a, type: shell, command: "rm -r {{ inputs.path }}" }`).replace("steps:", "inputs: { path: string }\nsteps:"),
    );
    expect(stepOf(imported, "a")).toMatchObject({ command: 'rm -r "${VALUE_1}"', env: { VALUE_1: "${{ inputs.path }}" } });
  });
});
