import type { Definition, Json, JsonSchema, Step } from "../definition/definition.ts";
import { everyStep } from "../definition/walk.ts";
import { branchesOf } from "./branches.ts";
import { diagram } from "./diagram.ts";
import { block, code, plainMarkdown } from "./markdown-text.ts";
import { duration, wordsOf } from "./plain-text.ts";
import { saysWhat, shown, undoes, whoDoes } from "./who.ts";

// Lists deeper than this are read by nobody; what is below is counted.
const DEEPEST = 8;

/**
 * A definition as a Markdown page: what it is for, when it is meant, its inputs, its steps in plain words, who decides, what it
 * changes, how that is undone, and its diagram. Deterministic; a definition's own words can't become headings, markers or HTML.
 */
export function renderPage(definition: Definition): string {
  const parts = [
    purpose(definition),
    section("When", triggers(definition)),
    section("Inputs", inputs(definition.inputs)),
    section("Steps", steps(definition.steps, 0)),
    ...Object.entries(definition.tasks).map(([name, task]) => section(`Task ${code(name)}`, steps(task.steps, 0))),
    section("At the end, always", steps(definition.finally, 0)),
    section("Who decides", decisions(definition)),
    section("What it changes", effects(definition)),
    section("How it is undone", undoing(definition)),
    section("Diagram", block(diagram(definition), "mermaid", 0, 60_000)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** A new SKILL.md for a definition: the front matter that skills allow, and a title; the page goes between its markers. */
export function newSkill(definition: Definition): string {
  const name = definition.id.replaceAll(/[^a-z0-9]+/g, "-");
  const what = plainMarkdown(definition.description ?? definition.name, 900);
  const metadata = { "workflow-id": definition.id, "workflow-version": definition.version, "workflow-status": definition.status };
  const front = [
    "---",
    `name: ${JSON.stringify(name)}`,
    `description: ${JSON.stringify(what)}`,
    "metadata:",
    ...Object.entries({ ...metadata, definition: "workflow.yaml" }).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
    "---",
  ];
  return `${front.join("\n")}\n\n# ${plainMarkdown(definition.name)}\n`;
}

function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`;
}

function purpose(definition: Definition): string {
  const about = definition.description === undefined ? "" : `${plainMarkdown(definition.description, 2_000)}\n\n`;
  const named = definition.code === undefined ? code(definition.id) : `${code(definition.id)} (${code(definition.code)})`;
  return `${about}${named}, version ${code(definition.version)}, ${definition.status}; risk ${definition.risk}.`;
}

function triggers({ triggers }: Definition): string {
  const not = Object.entries(triggers.not_this).map(([id, words]) => `- Not this but ${code(id)}: “${plainMarkdown(words)}”`);
  const alerts = triggers.alerts.map((labels) => `- On an alert with ${code(JSON.stringify(labels))}`);
  return [...triggers.phrases.map((phrase) => `- “${plainMarkdown(phrase)}”`), ...alerts, ...not].join("\n");
}

function inputs(schema: JsonSchema): string {
  const properties = record(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const rows = Object.entries(properties).map(([name, property]) => {
    const facts = record(property);
    const must = required.includes(name) ? "yes" : facts["default"] === undefined ? "no" : `no, ${code(shown(facts["default"]))}`;
    const about = typeof facts["description"] === "string" ? plainMarkdown(facts["description"]) : "";
    return `| ${code(name)} | ${code(typeOf(facts))} | ${must} | ${[about, bounds(facts)].filter((one) => one !== "").join(" ")} |`;
  });
  return rows.length === 0 ? "" : ["| input | type | needed | about |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function typeOf(facts: JsonSchema): string {
  if (Array.isArray(facts["enum"])) return facts["enum"].map((one: Json) => JSON.stringify(one)).join(" or ");
  return typeof facts["type"] === "string" ? facts["type"] : "any";
}

const BOUNDS = ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"];

function bounds(facts: JsonSchema): string {
  const set = BOUNDS.flatMap((name) => (facts[name] === undefined ? [] : [`${name} ${code(String(facts[name]))}`]));
  return set.length === 0 ? "" : `(${set.join(", ")})`;
}

function steps(list: readonly Step[], depth: number): string {
  return list.map((step, index) => oneStep(step, index + 1, depth)).join("\n");
}

function oneStep(step: Step, number: number, depth: number): string {
  const indent = "    ".repeat(depth);
  const title = `**${plainMarkdown(step.title ?? wordsOf(step.id), 120)}** (${code(step.id)})`;
  const when = step.when === undefined ? "" : ` Only if ${code(step.when)}.`;
  const lines = [`${indent}${number}. ${title}: ${saysWhat(step)}${when}${extras(step)}`];
  const asked = instructionsOf(step);
  if (asked !== "") lines.push("", block(asked, "text", (depth + 1) * 4), "");
  for (const branch of branchesOf(step)) {
    const label =
      branch.kind === "branch" && step.type === "switch" && branch.label !== "else"
        ? `If ${code(branch.label)}`
        : plainMarkdown(wordsOf(branch.label));
    lines.push(`${indent}    - ${label}:`);
    lines.push(depth + 2 > DEEPEST ? `${indent}        1. (${branch.steps.length} deeper steps)` : steps(branch.steps, depth + 2));
  }
  return lines.join("\n");
}

function extras(step: Step): string {
  const parts: string[] = [];
  if (step.guard !== undefined) parts.push(` Guarded by ${code(step.guard)}: what was approved is compared again right before.`);
  if ("accept" in step && step.accept.length > 0) {
    parts.push(` Before the server believes the result it checks ${step.accept.map((one) => code(one.check)).join(", ")}.`);
  }
  if (step.on_error.then === "continue") parts.push(" If it fails, the run goes on.");
  if (step.on_error.then === "compensate") parts.push(" If it fails, what was done is undone, newest first.");
  if (step.output_to !== undefined) parts.push(` Its output is kept as ${code(step.output_to)}.`);
  return parts.join("");
}

function instructionsOf(step: Step): string {
  return step.type === "prompt" || step.type === "delegate" ? step.instructions : "";
}

function decisions(definition: Definition): string {
  const lines: string[] = [];
  for (const step of everyStep(definition)) {
    if (whoDoes(step) === "a person") lines.push(`- ${code(step.id)}: ${saysWhat(step)}`);
  }
  return lines.length === 0 ? "Nobody is asked: no step waits for a person." : lines.join("\n");
}

function effects(definition: Definition): string {
  const lines: string[] = [];
  for (const step of everyStep(definition)) {
    if (step.effects !== "write" && step.effects !== "destructive") continue;
    const again = step.idempotent
      ? "may be done again"
      : step.reconcile === undefined
        ? "never done again blindly"
        : "never done again before a look at what happened";
    lines.push(
      `- ${code(step.id)}: ${step.effects === "write" ? "changes something" : "**destroys or replaces something**"}, by ${whoDoes(step)}; ${again}.`,
    );
  }
  const locks = definition.locks.map(
    (lock) => `- One run at a time for ${code(shown(lock))}: it begins when no other run holds that lock.`,
  );
  const { actions, wall_time } = definition.budget;
  const secrets = definition.secrets.map((name) => `- Uses the secret ${code(name)}; its value is never in the run's history.`);
  const budget = `- Ends at the latest after ${actions} actions or ${duration(wall_time)}.`;
  return [...(lines.length === 0 ? ["- No step of its own changes anything."] : lines), ...locks, ...secrets, budget].join("\n");
}

function undoing(definition: Definition): string {
  const lines: string[] = [];
  for (const step of everyStep(definition)) {
    if (step.compensate !== undefined) lines.push(`- ${code(step.id)} by ${undoes(step.compensate)}.`);
    else if (step.effects === "destructive") lines.push(`- ${code(step.id)} **cannot be undone** by this workflow.`);
  }
  return lines.join("\n");
}

function record(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
}
