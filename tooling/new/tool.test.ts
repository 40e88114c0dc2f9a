import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { addTool, toolFile, toolTest } from "./tool.ts";

const index =
  'import { get_plan } from "./get_plan.ts";\nimport { list_runs } from "./list_runs.ts";\n\nexport const tools = [get_plan, list_runs] as const;\n';

it("adds the import in its place and the tool at the end", () => {
  expect(addTool(index, "get_state")).toBe(
    'import { get_plan } from "./get_plan.ts";\nimport { get_state } from "./get_state.ts";\nimport { list_runs } from "./list_runs.ts";\n\nexport const tools = [get_plan, list_runs, get_state] as const;\n',
  );
  expect(addTool(index, "add_x")).toMatch(/^import { add_x }/);
  expect(addTool("export const tools = [\n  a,\n];\n", "b_c")).toContain("  a, b_c\n];");
});

it("says so when there is no list", () => {
  expect(() => addTool("export const others = [];", "get_state")).toThrow("tools/index.ts");
});

it("writes code that parses", () => {
  for (const text of [toolFile("get_state", "read"), toolTest("get_state")]) expect(parseSync("x.ts", text).errors).toEqual([]);
});
