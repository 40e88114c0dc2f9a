import { describe, expect, it } from "vitest";
import { checkDraft } from "./check-draft.ts";
import { checkGraph } from "./check-graph.ts";
import { parseInfraText } from "./infra-text.ts";
import { ProblemList } from "./problem-list.ts";

/** Every message that a YAML text earns, from the text's syntax to its graph; no disk. */
function problemsOf(yaml: string) {
  const { parsed, problems } = parseInfraText(yaml, "yaml");
  if (problems.length > 0) return problems;
  const list = new ProblemList(parsed.positionOf);
  checkGraph(checkDraft(parsed.value, list), list);
  return list.problems;
}

const one = (keys: string) => `workspaces:\n  - name: vpc\n    dir: vpc\n    ${keys}\n`;
const many = (...lines: string[]) => `workspaces:\n${lines.map((line) => `  - ${line}\n`).join("")}`;

const ROWS: [row: string, yaml: string, message: string | RegExp][] = [
  ["053 no workspaces key", "workspace_root: .", "no workspaces defined"],
  ["074 no workspaces", "workspaces: []", "no workspaces defined"],
  ["074 an empty file", "", "no workspaces defined"],
  ["075 blank name", many('{name: "  ", dir: a}'), "workspace name cannot be empty"],
  ["075 no name", many("{dir: a}"), "workspace name cannot be empty"],
  ["076 duplicate name", many("{name: a, dir: a}", "{name: a, dir: b}"), "duplicate workspace name: a"],
  ["077 missing dir", many("{name: a}"), "workspace a missing dir"],
  ["077 empty dir", many('{name: a, dir: ""}'), "workspace a missing dir"],
  ["078 bad kind", one("kind: helm"), "unsupported kind helm for workspace vpc"],
  ["065 unknown operation", one("operations: [init, validate, destroy]"), "unknown operation 'destroy' for kind 'terraform'"],
  ["066 init required", one("operations: [validate, plan]"), "operation 'init' is required for kind 'terraform'"],
  ["067 validate required", one("operations: [init, plan]"), "operation 'validate' is required for kind 'terraform'"],
  [
    "067 validate required although plan follows",
    one("operations: [init, plan, apply]"),
    "operation 'validate' is required for kind 'terraform'",
  ],
  ["067 the kind is named", one("kind: tofu\n    operations: [init]"), "operation 'validate' is required for kind 'tofu'"],
  ["068 validate after init", one("operations: [validate, init]"), "operation 'validate' must come after 'init'"],
  ["069 plan after validate", one("operations: [init, plan, validate]"), "operation 'plan' must come after 'validate'"],
  ["070 apply needs plan", one("operations: [init, validate, apply]"), "operation 'apply' requires 'plan' to be present"],
  ["070 apply after plan", one("operations: [init, validate, apply, plan]"), "operation 'apply' must come after 'plan'"],
  ["duplicate operation", one("operations: [init, validate, plan, plan]"), "duplicate operation 'plan'"],
  [
    "079 cycle, whole path",
    many("{name: a, dir: a, dependsOn: [b]}", "{name: b, dir: b, dependsOn: [c]}", "{name: c, dir: c, dependsOn: [a]}"),
    "dependency cycle detected at workspace a: a → b → c → a",
  ],
  [
    "079/081 self dependency",
    many("{name: a, dir: a, dependsOn: [a]}"),
    "dependency cycle detected at workspace a: a → a (workspace a cannot depend on itself)",
  ],
  ["080 unknown dependency", one("dependsOn: [net]"), "workspace vpc depends on unknown workspace net"],
  [
    "082 unknown source",
    one("inputs: [{sourceWorkspace: net, sourceOutput: id, targetVar: id}]"),
    "workspace vpc input mapping source net not found",
  ],
  [
    "083 source is no dependency",
    many("{name: a, dir: a}", "{name: b, dir: b, inputs: [{sourceWorkspace: a, sourceOutput: id, targetVar: id}]}"),
    "workspace b must depend (directly or transitively) on a to use its outputs in mapping",
  ],
  [
    "empty mapping field",
    one('inputs: [{sourceWorkspace: "", sourceOutput: id, targetVar: id}]'),
    "workspace vpc: input mapping sourceWorkspace cannot be empty",
  ],
  [
    "absent mapping field",
    one("inputs: [{sourceWorkspace: vpc, targetVar: id}]"),
    "workspace vpc: input mapping sourceOutput cannot be empty",
  ],
  [
    "mapping target is no variable name",
    one("inputs: [{sourceWorkspace: vpc, sourceOutput: id, targetVar: -var=x}]"),
    /targetVar '-var=x' is no terraform name/,
  ],
  [
    "two mappings of one variable",
    one("inputs: [{sourceWorkspace: vpc, sourceOutput: a, targetVar: id}, {sourceWorkspace: vpc, sourceOutput: b, targetVar: id}]"),
    /two input mappings set the variable 'id'/,
  ],
  [
    "unknown mapping key",
    one("inputs: [{source: vpc, sourceOutput: id, targetVar: id}]"),
    /^unknown key 'source' in an input mapping of workspace vpc/,
  ],
  ["063 unknown workspace key", one("timeout: 5"), /^unknown key 'timeout' in workspace vpc/],
  ["063 unknown top key", "workspaces: [{name: a, dir: a}]\nbackend: s3", /^unknown key 'backend' in the configuration/],
  ["name with ;", many('{name: "a;b", dir: a}'), /^workspace name 'a;b' is not accepted/],
  ["name with newline", many('{name: "a\\nb", dir: a}'), /^workspace name 'a\uFFFDb' is not accepted/],
  ["name with leading -", many('{name: "-target=x", dir: a}'), /^workspace name '-target=x' is not accepted/],
  ["name with /", many("{name: a/../b, dir: a}"), /is not accepted/],
  ["name with a control character", many('{name: "a\\u001bb", dir: a}'), /is not accepted/],
  ["name too long", many(`{name: ${"a".repeat(64)}, dir: a}`), /is not accepted/],
  ["name is a number", many("{name: 1.10, dir: a}"), "workspace name must be text; put it in quotes"],
  ["dir with a control character", one('tfvars: "a\\nb"'), /^tfvars holds a control character/],
  ["dir is a list", many("{name: a, dir: [a]}"), "dir must be text, not a list"],
  ["workspaces is text", "workspaces: vpc", "workspaces must be a list, not text"],
  ["the whole is a list", "[a]", "the configuration must be a mapping with 'workspaces', not a list"],
  ["a workspace is text", many("vpc"), "a workspace must be a mapping, not text"],
  ["dependsOn is text", one("dependsOn: net"), "dependsOn must be a list, not text"],
  ["dependsOn holds a number", one("dependsOn: [1]"), "dependsOn must be a list of text, and holds a number"],
  ["inputs is a mapping", one("inputs: {a: b}"), "inputs must be a list, not a mapping"],
  ["extraVars is a list", one("extraVars: [a]"), "extraVars must be a mapping of variables, not a list"],
  ["extraVars is no variable name", one("extraVars: {-a: 1}"), /extraVars '-a' is no terraform name/],
  ["taskQueue with a space", one("taskQueue: a b"), /taskQueue must be/],
  ["an integer that JavaScript would round", one("extraVars: {n: 12345678901234567890}"), /an integer too large to be kept exactly/],
];

describe("messages of a bad configuration", () => {
  it.each(ROWS)("%s", (_row, yaml, message) => {
    const matches = (text: string) =>
      typeof message === "string" ? text === message || text.endsWith(`: ${message}`) : message.test(text);
    const messages = problemsOf(yaml).map((problem) => problem.message);
    expect(messages.filter(matches)).not.toEqual([]);
  });

  it("every problem has a place in the text", () => {
    for (const [, yaml] of ROWS.filter(([, text]) => text !== ""))
      for (const problem of problemsOf(yaml)) expect(problem.line, `${yaml}: ${problem.message}`).toBeGreaterThan(0);
  });

  it("points at the key or value that is wrong", () => {
    expect(problemsOf("workspaces:\n  - name: vpc\n    dir: vpc\n    dependson: []\n")[0]).toMatchObject({
      path: "workspaces[0].dependson",
      line: 4,
      column: 5,
      suggestion: "dependsOn",
    });
    expect(problemsOf("workspaces:\n  - name: vpc\n    dir: vpc\n    dependsOn: [net]\n")[0]).toMatchObject({
      path: "workspaces[0].dependsOn[0]",
      line: 4,
      column: 17,
    });
  });

  it("suggests what was meant", () => {
    const suggestion = (yaml: string) => problemsOf(yaml)[0]?.suggestion;
    expect(suggestion(one("depends_on: []"))).toBe("dependsOn");
    expect(suggestion(one("kind: opentofu"))).toBe("tofu");
    expect(suggestion(one("operations: [init, validate, plann]"))).toBe("plan");
    expect(suggestion(many("{name: network, dir: a}", "{name: b, dir: b, dependsOn: [netwrok]}"))).toBe("network");
    expect(suggestion(one("completely: 1"))).toBeUndefined();
  });

  it("reports all problems at once", () => {
    expect(problemsOf(many("{name: a, kind: x}", "{dir: b}", "{name: a, dir: c, dependsOn: [q]}")).length).toBeGreaterThanOrEqual(4);
  });
});

describe("a sound configuration", () => {
  const load = (yaml: string) => {
    const list = new ProblemList();
    const draft = checkDraft(parseInfraText(yaml, "yaml").parsed.value, list);
    checkGraph(draft, list);
    expect(list.problems).toEqual([]);
    return draft;
  };

  it("000-055, 000-060: fills in the defaults", () => {
    expect(load(many("{name: a, dir: a}")).workspaces[0]).toMatchObject({
      kind: "terraform",
      dependsOn: [],
      inputs: [],
      operations: ["init", "validate", "plan", "apply"],
    });
    expect(load(one("operations: []")).workspaces[0]!.operations).toEqual(["init", "validate", "plan", "apply"]);
    expect(load(one("dependsOn:\n    inputs: null")).workspaces[0]).toMatchObject({ dependsOn: [], inputs: [] });
  });

  it.each([["[init, validate]"], ["[init, validate, plan]"], ["[init, validate, plan, apply]"]])("000-071: %s is legal", (list) => {
    expect(load(one(`operations: ${list}`)).workspaces[0]!.operations).toEqual(list.slice(1, -1).split(", "));
  });

  it("000-058, 000-083: takes transitive dependencies as sources of inputs", () => {
    const draft = load(
      many(
        "{name: a, dir: a}",
        "{name: b, dir: b, dependsOn: [a, a]}",
        "{name: c, dir: c, dependsOn: [b], inputs: [{sourceWorkspace: a, sourceOutput: id, targetVar: id}]}",
      ),
    );
    expect(draft.workspaces.map(({ dependsOn }) => dependsOn)).toEqual([[], ["a"], ["b"]]);
  });

  it("000-062: keeps the JSON types of extraVars", () => {
    const vars = { s: "1", n: 1.5, i: 7, b: true, z: null, l: [1, "a"], o: { k: [false] }, constructor: "x" };
    expect(load(one(`extraVars: ${JSON.stringify(vars)}`)).workspaces[0]!.extraVars).toEqual(vars);
  });

  it("follows anchors and merge keys", () => {
    const draft = load(
      "workspaces:\n  - &base {name: a, dir: a, operations: [init, validate, plan]}\n  - {<<: *base, name: b, dependsOn: [a]}\n",
    );
    expect(draft.workspaces[1]).toMatchObject({ name: "b", dir: "a", operations: ["init", "validate", "plan"] });
  });
});

describe("a hopeless configuration", () => {
  it("with very many wrong names is refused without comparing each with each", () => {
    const wrong = Array.from({ length: 40 }, (_, i) => `no-such-workspace-${i}`).join(", ");
    const found = problemsOf(
      many(...Array.from({ length: 1000 }, (_, i) => `{name: workspace-${i}, dir: a, dependsOn: [${wrong.slice(0, 700)}]}`)),
    );
    expect(found.length).toBeGreaterThan(0);
    const list = new ProblemList();
    const workspaces = Array.from({ length: 500 }, (_, i) => ({
      name: `workspace-${i}`,
      dir: "a",
      dependsOn: Array.from({ length: 40 }, (_unused, j) => `no-such-workspace-${j}`),
    }));
    checkGraph(checkDraft({ workspaces }, list), list);
    expect(list.problems).toHaveLength(500);
    expect(list.problems.filter(({ suggestion }) => suggestion !== undefined).length).toBeLessThanOrEqual(50);
  });

  it("with more dependencies than any graph needs is refused before it is searched", () => {
    const list = new ProblemList();
    const names = Array.from({ length: 300 }, (_, i) => `w${i}`);
    checkGraph(checkDraft({ workspaces: names.map((name) => ({ name, dir: "a", dependsOn: names })) }, list), list);
    expect(list.problems.map(({ message }) => message)).toEqual(["more than 20000 dependencies in all"]);
  });
});
