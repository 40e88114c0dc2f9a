import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseRegistry, renderRegistry } from "@platform-ops/meta-workflow-registry";
import { closeOver, parseDefinition, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import { parseScenario, runScenario } from "@platform-ops/meta-workflow-registry/scenario";
import { describe, expect, it } from "vitest";
import { openLibrary } from "./open-library.ts";

// What is shipped is held to what is asked of everybody: no problem, a row that says the same, and scenarios that pass.

const SHIPPED = join(import.meta.dirname, "../../../../meta-workflows");
const FOLDERS = readdirSync(SHIPPED, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "schema")
  .map(({ name }) => name);

const definitionOf = (folder: string): { definition: Definition; problems: readonly unknown[] } => {
  const { definition, problems } = parseDefinition(readFileSync(join(SHIPPED, folder, "workflow.yaml"), "utf8"));
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return { definition, problems };
};

describe.each(FOLDERS)("%s", (folder) => {
  const scenarios = readdirSync(join(SHIPPED, folder, "tests"));

  it("has no problem, and its row says the same", async () => {
    const { definition, problems } = definitionOf(folder);
    expect(problems).toEqual([]);
    const { entries } = await openLibrary({ shipped: SHIPPED, settings: { definitions_path: [] } }).read();
    const entry = entries.find(({ file }) => dirname(file) === join(SHIPPED, folder));
    expect(entry).toMatchObject({ name: definition.name, status: definition.status, id: definition.code ?? definition.id });
    expect(definition.triggers.phrases).toEqual(expect.arrayContaining([...(entry?.row.triggers ?? [])]));
  });

  it("has a scenario that goes well and one that does not", () => {
    expect(scenarios).toContain("happy.test.yaml");
    expect(scenarios.length).toBeGreaterThan(1);
  });

  it.each(scenarios)("%s: whole, and carried on after every step", async (file) => {
    const closure = closeOver(definitionOf(folder).definition, () => undefined);
    const { scenario, problems } = parseScenario(readFileSync(join(SHIPPED, folder, "tests", file), "utf8"));
    if (scenario === undefined) throw new Error(JSON.stringify(problems));
    for (const carry_on of [false, true]) {
      const { problems: found } = await runScenario({ ...scenario, carry_on }, closure);
      expect(found).toEqual([]);
    }
  });
});

it("the registry is what its reading writes", () => {
  const text = readFileSync(join(SHIPPED, "META-WORKFLOWS.md"), "utf8");
  const { problems, ...registry } = parseRegistry(text);
  expect(problems).toEqual([]);
  expect(renderRegistry(registry as Parameters<typeof renderRegistry>[0])).toBe(text);
});
