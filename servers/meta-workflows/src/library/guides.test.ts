import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeOver, parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { importRunbook } from "@platform-ops/meta-workflow-registry/importer";
import { diagram } from "@platform-ops/meta-workflow-registry/page";
import { parseScenario, runScenario } from "@platform-ops/meta-workflow-registry/scenario";
import { expect, it } from "vitest";

// What the guides show is what comes out: their texts are read from the guides themselves.

const ROOT = join(import.meta.dirname, "../../../..");
const guide = (name: string): string => readFileSync(join(ROOT, "docs/guides", `${name}.md`), "utf8");

/** The first fenced block of a language that begins so. */
function block(text: string, language: string, begins = ""): string {
  const found = [...text.matchAll(/^(`{3,4})(\w+)\n([\s\S]*?)^\1$/gm)].find(
    ([, , of, body]) => of === language && body?.startsWith(begins),
  );
  if (found?.[3] === undefined) throw new Error(`There is no block of ${language} that begins with ${begins}.`);
  return found[3];
}

it("the wiki's page imports as it is told, with the command that is shown", () => {
  const text = guide("wiki-runbook");
  const { yaml = "", changes, definition } = importRunbook(block(text, "markdown"));
  expect(definition?.status).toBe("draft");
  const shown = text.split("\n").filter((line) => /^line \d+: (?!warning)/.test(line));
  expect(shown.length).toBeGreaterThan(3);
  expect(changes).toEqual(expect.arrayContaining(shown));
  expect(yaml).toContain(block(text, "yaml", "  - id: run_drain_the_node").trimEnd());
});

it("the definition that the guide ends with is valid, and its diagram is the one that is shown", () => {
  const text = guide("wiki-runbook");
  const { definition, problems } = parseDefinition(block(text, "yaml", "schema:"));
  expect(problems).toEqual([]);
  expect(definition === undefined ? "" : diagram(definition).trim()).toBe(block(text, "mermaid").trim());
});

it("the scenario that is shown passes on the runbook that it names", async () => {
  const { definition } = parseDefinition(readFileSync(join(ROOT, "meta-workflows/staged-deployment/workflow.yaml"), "utf8"));
  const { scenario, problems } = parseScenario(block(guide("scenarios"), "yaml", "scenario:"));
  expect(problems).toEqual([]);
  if (definition === undefined || scenario === undefined) throw new Error("neither may be missing");
  expect(
    (
      await runScenario(
        scenario,
        closeOver(definition, () => undefined),
      )
    ).problems,
  ).toEqual([]);
});
