import { describe, expect, it } from "vitest";
import { parseBindings } from "./parse-bindings.ts";
import { simulate } from "./simulate.ts";

const GOOD = `schema: bindings/v1
capabilities:
  deploy.plan:
    server: terraform
    tool: execute_workflow
    args: { config_path: "\${{ args.env }}/infra.yaml" }
    output: { plan_id: "\${{ data.workflow_id }}" }
  deploy.status:
    simulated:
      - { with: { plan_id: p1 }, output: { state: applied } }
      - { with: { plan_id: p2 }, fail: { code: not_found, message: gone } }
      - { unknown: nobody knows }
  obs.query:
    simulated: [{ output: 3 }]
`;

describe("bindings.yaml", () => {
  it("binds capabilities to tools and to simulated answers", () => {
    const { bindings, problems } = parseBindings(GOOD, "bindings.yaml");
    expect(problems).toEqual([]);
    expect(bindings?.capabilities["deploy.plan"]).toEqual({
      kind: "tool",
      server: "terraform",
      tool: "execute_workflow",
      args: { config_path: "${{ args.env }}/infra.yaml" },
      output: { plan_id: "${{ data.workflow_id }}" },
    });
    const status = bindings?.capabilities["deploy.status"];
    if (status?.kind !== "simulated") throw new Error("not simulated");
    const { answers } = status;
    expect(simulate("deploy.status", answers, { plan_id: "p1", more: 1 })).toEqual({
      status: "done",
      output: { state: "applied", simulated: true },
      simulated: true,
    });
    expect(simulate("deploy.status", answers, { plan_id: "p2" })).toMatchObject({
      status: "failed",
      code: "not_found",
      message: "simulated: gone",
    });
    expect(simulate("deploy.status", answers, {})).toEqual({ status: "unknown", message: "simulated: nobody knows" });
    expect(simulate("x.y", [answers[0]!], {})).toMatchObject({ status: "failed", code: "simulation_incomplete" });
    expect(simulate("x.y", [{ with: {}, output: 3 }], {})).toMatchObject({ output: { value: 3, simulated: true } });
  });

  it("tells every problem with its line", () => {
    const { bindings, problems } = parseBindings(
      `schema: bindings/v1
capabilities:
  deploy.plan:
    server: terraform
    tol: execute_workflow
  a.b: { simulated: [{ output: 1, unknown: x }] }
  c.d:
    server: x
    tool: "--y z"
  e.f:
    server: x
    tool: y
    args: { a: "\${{ args." }
`,
      "b.yaml",
    );
    expect(bindings).toBeUndefined();
    expect(problems.map(({ line, code, file }) => [line, code, file])).toEqual([
      [3, "invalid_value", "b.yaml"],
      [5, "unknown_field", "b.yaml"],
      [6, "invalid_value", "b.yaml"],
      [9, "invalid_value", "b.yaml"],
      [10, "invalid_template", "b.yaml"],
    ]);
  });

  it.each([
    ["no YAML", "a: [", "yaml_syntax"],
    ["a key twice", "schema: bindings/v1\nschema: x\n", "yaml_syntax"],
    ["another kind of file", "hello", "invalid_value"],
    ["an unknown schema", "schema: bindings/v2\ncapabilities: {}\n", "invalid_value"],
    [
      "a bomb",
      `a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`,
      "yaml_syntax",
    ],
    ["a deep nest", "[".repeat(20_000), "yaml_syntax"],
    ["a prototype", "schema: bindings/v1\ncapabilities: { constructor: { server: x, tool: y } }\n", "invalid_value"],
    ["too much", `# ${"x".repeat(300_000)}`, "too_large"],
  ])("refuses %s", (_what, text, code) => {
    const { bindings, problems } = parseBindings(text, "b.yaml");
    expect(bindings).toBeUndefined();
    expect(problems[0]?.code).toBe(code);
  });
});
