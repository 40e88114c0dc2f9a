import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { printable, type Terminal } from "@platform-ops/ledger";
import { problemsOf, withDefaults, type Definition, type Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord, ApprovalDraft } from "@platform-ops/meta-workflow-registry/run";
import { parseScenario, type Scenario } from "@platform-ops/meta-workflow-registry/scenario";
import type { AuthorsRun } from "../authors-run.ts";
import { pickDefinition, readInputs } from "../authoring/pick-definition.ts";
import { oneLine } from "../authoring/problem-text.ts";
import { askDecision, askResult, type Decided } from "./ask-person.ts";
import { playThrough, type Played, type Said } from "./play-through.ts";
import { sampleValue } from "./sample-value.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { timelineText } from "./timeline-text.ts";

/** `simulate`: walks through a run on a virtual clock; nothing real is called. 0 where it completes, else 1. */
export const simulate: AuthorsRun = async (input, deps, terminal, signal) => {
  const { definition, closure, scenarios } = await pickDefinition(deps, input, "simulate ID|PATH [--inputs JSON]");
  const scenario = await exampleOf(scenarios);
  const inputs = inputsFor(definition, (await readInputs(input.options["inputs"], deps.config.cwd)) ?? scenario?.inputs);
  const asks = terminal.isTTY && terminal.ask !== undefined;
  const memory = { answers: new Map<string, Said | undefined>(), decisions: new Map<string, Decided>() };
  for (;;) {
    let undecided: ApprovalDraft | undefined;
    const world = new SimulatedWorld(closure, scenario, (draft) => {
      const known = asks ? memory.decisions.get(draft.path) : "approve";
      if (known === undefined) undecided ??= draft;
      return known === "approve" || known === "reject"
        ? { decision: known === "approve" ? "approved" : "rejected", after: 0, by: "somebody" }
        : undefined;
    });
    const played = await playThrough({
      closure,
      inputs,
      world,
      events: scenario?.events ?? [],
      signal,
      stop: () => undecided !== undefined,
      answer: (action, refusals) => answered(memory.answers, action, refusals, scenario, asks ? terminal : undefined),
    });
    if (undecided === undefined) return tell(terminal, definition, inputs, played, world);
    // A decision is asked for between two walks: the second finds all earlier answers, and the clock is a virtual one.
    memory.decisions.set(undecided.path, await askDecision(terminal, undecided));
  }
};

/** The scenario that goes well, if there is one: inputs and answers of calls are taken from it. */
async function exampleOf(paths: readonly string[]): Promise<Scenario | undefined> {
  const path = paths.find((each) => basename(each).startsWith("happy.")) ?? paths[0];
  return path === undefined ? undefined : parseScenario(await readFile(path, "utf8")).scenario;
}

function inputsFor(definition: Definition, given: { readonly [name: string]: Json } | undefined): { readonly [name: string]: Json } {
  const inputs = withDefaults(definition.inputs, given ?? sampleValue(definition.inputs) ?? {}) as { readonly [name: string]: Json };
  const problems = problemsOf(definition.inputs, inputs);
  if (problems.length > 0)
    throw new OpsError(
      "invalid_input",
      `The inputs of ${definition.id} do not fit${given === undefined ? ", and none could be made up" : ""}.`,
      {
        hint: "Give them: --inputs '{…}'",
        details: { problems },
      },
    );
  return inputs;
}

/** What was said before in an earlier walk, else what a person says, else what is made from the schema. */
async function answered(
  memory: Map<string, Said | undefined>,
  action: ActionRecord,
  refusals: readonly string[],
  scenario: Scenario | undefined,
  terminal: Terminal | undefined,
): Promise<Said | undefined> {
  const key = `${action.action_id} ${refusals.length}`;
  if (memory.has(key)) return memory.get(key);
  const said = terminal === undefined ? made(action, refusals.length, scenario) : await askResult(terminal, action, refusals.at(-1));
  memory.set(key, said);
  return said;
}

/** First as the schema says; where checks refuse that, as the scenario answers; then with other choices. */
function made(action: ActionRecord, refused: number, scenario: Scenario | undefined): Said | undefined {
  if (refused === 1) {
    const written = Object.values(scenario === undefined ? {} : { ...scenario.agents, ...scenario.people })
      .flatMap(({ does }) => does)
      .findLast(({ when, submit }) => when === action.step_id && submit !== undefined && !JSON.stringify(submit).includes("${{"));
    if (written?.submit !== undefined) return { outcome: "completed", result: written.submit };
  }
  const result = sampleValue(action.result_schema, refused);
  return result === undefined ? undefined : { outcome: "completed", result };
}

function tell(terminal: Terminal, definition: Definition, inputs: Json, played: Played, world: SimulatedWorld): 0 | 1 {
  const { sim, refused, unanswered } = played;
  const out = (line: string): void => terminal.stdout(`${line}\n`);
  out(oneLine(`${definition.id} ${definition.version}, simulated with ${JSON.stringify(inputs)}`));
  for (const line of timelineText(played)) out(oneLine(line));
  for (const [name, source] of world.sources)
    if (source !== "scenario") out(`made up: ${oneLine(name)} (${source === "schema" ? "from its schema" : "so that conditions hold"})`);
  for (const { action_id, say } of refused) out(`refused: ${oneLine(`${action_id}: ${say}`)}`);
  for (const one of unanswered) out(`nobody answered: ${oneLine(one)}`);
  const { end } = sim;
  out(
    `end: ${end?.status ?? "blocked"}${end?.error === undefined ? "" : ` by ${oneLine(`${end.error.path}: ${end.error.code}, ${end.error.message}`)}`}`,
  );
  if (end?.output !== undefined && end.output !== null) out(`output: ${printable(JSON.stringify(end.output))}`);
  return end?.status === "completed" ? 0 : 1;
}
