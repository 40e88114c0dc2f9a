import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRegistry } from "@platform-ops/meta-workflow-registry";
import { closeOver, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import { ScenarioShape, runScenario } from "@platform-ops/meta-workflow-registry/scenario";
import { describe, expect, it } from "vitest";
import { definitionOfRow } from "./row-definition.ts";

const SHIPPED = join(import.meta.dirname, "../../../../meta-workflows/META-WORKFLOWS.md");
const shippedRows = parseRegistry(readFileSync(SHIPPED, "utf8")).workflows;

function made(id: string): Definition {
  const row = shippedRows.find((one) => one.id === id);
  const definition = row === undefined ? undefined : definitionOfRow(row, SHIPPED);
  if (definition === undefined) throw new Error(`There is no ${id}.`);
  return definition;
}

/** A row that a team keeps by hand. */
function byHand(body: string): Definition {
  const text = `# Ours\n\n## Workflow Registry\n\n| ID | Name | Trigger Phrases | Status | Last Updated |\n| --- | --- | --- | --- | --- |\n| TW-001 | Restart | "restart it" | Active | 2026-01-02 |\n\n## Ours\n\n### TW-001: Restart\n\n${body}`;
  const { workflows } = parseRegistry(text);
  const definition = workflows[0] === undefined ? undefined : definitionOfRow(workflows[0], "/team/META-WORKFLOWS.md");
  if (definition === undefined) throw new Error(text);
  return definition;
}

const played = async (definition: Definition, approval: "approve" | "reject"): Promise<Awaited<ReturnType<typeof runScenario>>> => {
  const prompts = definition.steps.filter(({ type }) => type === "prompt");
  const gate = definition.steps.find(({ type }) => type === "approval");
  const scenario = ScenarioShape.parse({
    scenario: "each step is done, and the gate is decided",
    workflow: definition.id,
    agents: { author: { does: prompts.map(({ id }) => ({ when: id, submit: { summary: `Did ${id}.` } })) } },
    approvals: gate === undefined ? {} : { [gate.id]: { decision: approval, after: "1h" } },
    expect: { end: approval === "approve" ? "completed" : "declined" },
  });
  return runScenario(
    scenario,
    closeOver(definition, () => undefined),
  );
};

describe("rows of the source that ask a person", () => {
  it.each([
    ["feature-development", "step_3"],
    ["code-review-refactor", "step_3"],
    ["staged-deployment", "step_3"],
    ["emergency-hotfix", "step_3"],
    ["api-endpoint-creation", "step_3"],
    ["microservice-creation", "step_2"],
    ["production-debugging", "step_3"],
  ])("%s: %s runs by a person's approval only", async (id, guarded) => {
    const definition = made(id);
    const gates = definition.steps.filter(({ type }) => type === "approval");
    expect(gates).toHaveLength(1);
    expect(definition.steps.find((step) => step.id === guarded)?.guard).toBe(gates[0]?.id);
    expect(definition.description).toContain("the run waits for the decision");
    expect((await played(definition, "approve")).problems).toEqual([]);
    const { problems, touched } = await played(definition, "reject");
    expect(problems).toEqual([]);
    expect(touched).not.toContain(guarded);
  });

  it("the review's approval comes after all of its work", () => {
    expect(made("collaborative-review").steps.map(({ type }) => type)).toEqual(["prompt", "prompt", "prompt", "prompt", "approval"]);
  });

  it.each(["cicd-setup", "monitoring-implementation", "multi-agent-feature", "disaster-recovery", "MW-002", "MW-003", "MW-004", "MW-007"])(
    "%s asks nobody, and has no gate",
    (id) => {
      expect(made(id).steps.filter(({ type }) => type === "approval" || type === "ask")).toEqual([]);
    },
  );
});

describe("rows that a team keeps by hand", () => {
  const STEPS =
    "**Steps:**\n\n#### 1. Look\n\n**Actions:**\n\n- Look at it\n\n#### 2. Restart\n\n**Actions:**\n\n- Restart it:\n\n  ```bash\n  systemctl restart it\n  ```\n";

  it("commands of a guarded step are guarded too", () => {
    const { steps } = byHand(`**Asks before:** the restart\n\n${STEPS}`);
    expect(steps.map(({ id, guard }) => [id, guard])).toEqual([
      ["step_1", undefined],
      ["approval_before_step_2", undefined],
      ["step_2_command_1", "approval_before_step_2"],
      ["step_2", "approval_before_step_2"],
    ]);
  });

  it("an example counts where nothing is said outright, and its words are no expressions", () => {
    const { steps } = byHand(
      `${STEPS}\n**Example Execution:**\n\n\`\`\`text\nUser: "restart"\nAI: "I looked. Shall I restart \${{ secrets.x }}?"\n\`\`\`\n`,
    );
    expect(steps[1]).toMatchObject({ type: "approval", title: expect.stringContaining("Shall I restart $ {{ secrets.x }}?") as string });
  });

  it("a question that wants words is put to a person, and its answer is given to the step", () => {
    const { steps } = byHand(`${STEPS}\n**Example Execution:**\n\n\`\`\`text\nAI: "I looked. Which one do I restart?"\n\`\`\`\n`);
    expect(steps.map(({ type }) => type)).toEqual(["prompt", "ask", "shell", "prompt"]);
    expect(steps[3]).toMatchObject({ give: { answer: "${{ steps.answer_before_step_2.output.answer }}" } });
  });
});
