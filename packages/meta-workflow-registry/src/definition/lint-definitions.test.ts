import { describe, expect, it } from "vitest";
import { digestOfDefinitions, lintDefinitions, parseDefinition, type Definition, type LintOptions } from "./index.ts";

function workflow(id: string, more = "", steps = "{ id: r, type: return }"): Definition {
  const { definition, problems } = parseDefinition(`id: ${id}\nname: X\nversion: 1.0.0\n${more}\nsteps:\n  - ${steps}\n`);
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

const codes = (all: readonly Definition[], options?: LintOptions): string[] =>
  lintDefinitions(
    all.map((definition) => ({ definition, file: `${definition.id}.yaml` })),
    options,
  ).map(({ code, file, path }) => `${code} ${file} ${path}`);

const calls = (id: string, inputs = "{}"): string => `{ id: c, type: workflow, workflow: ${id}, inputs: ${inputs} }`;

describe("definitions of a set", () => {
  it("have ids and codes of their own in their scope", () => {
    expect(codes([workflow("a", "code: MW-001"), workflow("b", "code: MW-001"), workflow("a", "scope: team")])).toEqual([
      "DUPLICATE_ID b.yaml $.code",
    ]);
    expect(codes([workflow("a"), workflow("a")])).toEqual(["DUPLICATE_ID a.yaml $.id"]);
  });

  it("do not answer to the same words, unless both say what tells them apart", () => {
    const phrases = "triggers: { phrases: [deploy the build to production] }";
    expect(codes([workflow("a", phrases), workflow("b", phrases)])).toEqual(["WF150 a.yaml $.triggers"]);
    const told = (other: string): string => `triggers: { phrases: [deploy the build to production], not_this: { ${other}: "it burns" } }`;
    expect(codes([workflow("a", told("b")), workflow("b", told("a"))])).toEqual([]);
    expect(codes([workflow("a", told("c"))])).toEqual(["WF151 a.yaml $.triggers.not_this"]);
  });

  it("call what exists, with its inputs, and not in circles", () => {
    const callee = workflow("callee", "inputs: { name: string }");
    expect(codes([workflow("a", "", calls("callee", "{ name: x }")), callee])).toEqual([]);
    expect(codes([workflow("a", "", calls("callee", "{ nmae: x }")), callee])).toEqual([
      "MISSING_REQUIRED_FIELD a.yaml $..c.inputs",
      "UNDEFINED_REFERENCE a.yaml $..c.inputs",
    ]);
    expect(codes([workflow("a", "", calls("gone"))])).toEqual(["UNDEFINED_REFERENCE a.yaml $..c.workflow"]);
    expect(codes([workflow("a", "", calls("b")), workflow("b", "", calls("a"))])).toEqual([
      "CIRCULAR_DEPENDENCY a.yaml $.steps",
      "CIRCULAR_DEPENDENCY b.yaml $.steps",
    ]);
    expect(codes([workflow("a", "", calls("b")), workflow("b", "", calls("gone"))])).toEqual(["UNDEFINED_REFERENCE b.yaml $..c.workflow"]);
  });

  it("have a new version where they changed", () => {
    const before = workflow("a");
    const published = new Map([["a", { version: "1.0.0", digest: digestOfDefinitions({ a: before }) }]]);
    expect(codes([before], { published })).toEqual([]);
    expect(codes([workflow("a", "description: New.")], { published })).toEqual(["WF180 a.yaml $.version"]);
    expect(codes([{ ...workflow("a", "description: New."), version: "1.0.1" }], { published })).toEqual([]);
  });

  it("call capabilities that are bound", () => {
    const steps = `{ id: m, type: mcp_call, capability: vcs.push, effects: write, reconcile: { capability: vcs.log, done: "true", absent: "false" }, compensate: { capability: vcs.revert } }`;
    const options = { capabilities: new Set(["vcs.push", "vcs.revret"]) };
    expect(codes([workflow("a", "", steps)], options)).toEqual(["WF160 a.yaml $..m", "WF160 a.yaml $..m"]);
    expect(codes([workflow("a", "", steps)])).toEqual([]);
  });
});
