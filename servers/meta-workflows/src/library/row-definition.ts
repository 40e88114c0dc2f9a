import {
  gatesOfProse,
  gateStep,
  stepText,
  type Gate,
  type Workflow,
  type WorkflowSection,
  type WorkflowStep,
} from "@platform-ops/meta-workflow-registry";
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
 * the client to run, and a gate where the row says that a person is asked: in `Asks before`, in an action, or at the end of a turn
 * of its example. Nothing in the row's text is an expression. Undefined where the row has no steps.
 */
export function definitionOfRow(workflow: Workflow, file: string): Definition | undefined {
  const { section } = workflow;
  if (section === undefined || section.steps.length === 0) return undefined;
  const gates = gatesOf(section);
  const waits = gates.length === 0 ? "" : " Where it says that a person is asked, the run waits for the decision.";
  const text = JSON.stringify({
    schema: "meta-workflow/v1",
    id: idOf(workflow.id),
    ...(/^[A-Z]{2,5}-\d{3,4}$/.test(workflow.id) ? { code: workflow.id } : {}),
    name: workflow.name.slice(0, 120),
    description: `Written for people, in ${file.split("/").at(-1) ?? "a registry"}; the server checks nothing of it.${waits}`,
    version: "0.0.0",
    status: workflow.status,
    steps: gated(section.steps, gates),
  });
  return parseDefinition(text, { file }).definition;
}

/** Under `Asks before` the row says it outright. */
const ASKS_BEFORE = /^asks?(?: first)?(?: before)?$/i;

function gatesOf({ steps, notes, example }: WorkflowSection): Gate[] {
  const asks_before = notes
    .filter(({ label }) => ASKS_BEFORE.test(label.trim()))
    .flatMap(({ text, items }) => [text, ...items])
    .filter((words) => words !== "");
  return gatesOfProse({ steps, example, asks_before });
}

/** The steps, each guarded by the gate before it; an answer is given to the prompt that follows. */
function gated(steps: readonly WorkflowStep[], gates: readonly Gate[]): object[] {
  const made: object[] = [];
  let since = 0;
  for (let index = 0; index <= steps.length; index++) {
    const step = steps[index];
    const bound: Bound = {};
    for (const { kind, words } of gates.filter(({ before }) => before === index)) {
      const id = `${kind === "yes" ? "approval" : "answer"}_${step === undefined ? "at_the_end" : `before_step_${index + 1}`}`;
      const reported = steps.slice(since, index).map((_, at) => `step_${since + at + 1}`);
      const title = step === undefined ? {} : { before: plain(step.title).slice(0, 100) || `Step ${index + 1}` };
      made.push(gateStep(kind, { id, words: plain(words), ...title, reported }));
      if (kind === "yes") since = index;
      Object.assign(bound, kind === "yes" ? { guard: id } : { answer: id });
    }
    if (step !== undefined) made.push(...stepsOf(step, index + 1, bound));
  }
  return made;
}

/** By which gates a step is bound. */
interface Bound {
  readonly guard?: string;
  readonly answer?: string;
}

function stepsOf(step: WorkflowStep, number: number, { guard, answer }: Bound): object[] {
  const guarded = guard === undefined ? {} : { guard };
  const commands = step.shell.map(({ text }, at) => ({
    id: `step_${number}_command_${at + 1}`,
    type: "shell",
    runs_on: "client",
    title: `${step.title} (command ${at + 1})`.slice(0, 200),
    command: plain(text).slice(0, MOST_COMMAND),
    on_error: "continue",
    ...guarded,
  }));
  const prompt = {
    id: `step_${number}`,
    type: "prompt",
    title: plain(step.title).slice(0, 200) || `Step ${number}`,
    instructions: plain(stepText(step)).slice(0, MOST_TEXT) || plain(step.title) || `Step ${number}`,
    result: RESULT,
    ...(answer === undefined ? {} : { give: { answer: `\${{ steps.${answer}.output.answer }}` } }),
    ...guarded,
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
