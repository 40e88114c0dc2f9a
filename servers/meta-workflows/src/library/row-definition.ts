import { stepText, type Workflow, type WorkflowStep } from "@platform-ops/meta-workflow-registry";
import { parseDefinition, type Definition } from "@platform-ops/meta-workflow-registry/definition";

const MOST_TEXT = 19_000;
const MOST_COMMAND = 9_000;
/** What an agent reports of a step that was written for people. */
const RESULT = {
  type: "object",
  required: ["summary"],
  properties: {
    summary: { type: "string", minLength: 1, description: "What was done, and what is left." },
    evidence: { type: "array", items: { type: "string" }, description: "Commits, files, commands with exit codes, addresses." },
  },
};

/**
 * A row of a registry that has no definition, as one: a prompt per numbered step, with the shell blocks of the step before it, for
 * the client to run. Nothing in the row's text is an expression. Undefined where the row has no steps.
 */
export function definitionOfRow(workflow: Workflow, file: string): Definition | undefined {
  const steps = workflow.section?.steps ?? [];
  if (steps.length === 0) return undefined;
  const text = JSON.stringify({
    schema: "meta-workflow/v1",
    id: idOf(workflow.id),
    ...(/^[A-Z]{2,5}-\d{3,4}$/.test(workflow.id) ? { code: workflow.id } : {}),
    name: workflow.name.slice(0, 120),
    description: `Written for people, in ${file.split("/").at(-1) ?? "a registry"}; the server checks nothing of it.`,
    version: "0.0.0",
    status: workflow.status,
    steps: steps.flatMap((step, index) => stepsOf(step, index + 1)),
  });
  return parseDefinition(text, { file }).definition;
}

function stepsOf(step: WorkflowStep, number: number): object[] {
  const commands = step.shell.map(({ text }, at) => ({
    id: `step_${number}_command_${at + 1}`,
    type: "shell",
    runs_on: "client",
    title: `${step.title} (command ${at + 1})`.slice(0, 200),
    command: plain(text).slice(0, MOST_COMMAND),
    on_error: "continue",
  }));
  const prompt = {
    id: `step_${number}`,
    type: "prompt",
    title: plain(step.title).slice(0, 200) || `Step ${number}`,
    instructions: plain(stepText(step)).slice(0, MOST_TEXT) || plain(step.title) || `Step ${number}`,
    result: RESULT,
  };
  return [...commands, prompt];
}

/** Text of others holds no expressions of ours. */
function plain(text: string): string {
  return text.replaceAll("${{", "$ {{");
}

function idOf(id: string): string {
  const plainId = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return plainId === "" ? "workflow" : plainId;
}
