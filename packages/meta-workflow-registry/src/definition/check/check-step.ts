import type { Step } from "../definition.ts";
import { suggestionFor, type ProblemDetails } from "../problem-list.ts";
import type { DefinitionCode } from "../codes.ts";
import type { Ran } from "./ran.ts";
import type { Checking, Scope } from "./view.ts";

const MAX_INSTRUCTIONS = 4_000;
const VAGUE = /\b(?:make sure|ensure that everything|properly|as appropriate|if necessary|as needed|etc\.)/iu;

/** Checks what a step says as a whole: guards, risks, what it calls. */
export function checkStep(step: Step, ran: Ran, scope: Scope, checking: Checking): void {
  const source = checking.sources.get(step);
  const add = (code: DefinitionCode, field: string | undefined, message: string, details: ProblemDetails = {}): void =>
    checking.problems.add(
      code,
      [...(source?.path ?? []), ...(field === undefined ? [] : [source?.written[field] ?? field])],
      message,
      details,
    );
  checkGuard(step, ran, scope, add);
  checkEffects(step, scope, ran, checking, add);
  checkNeeds(step, scope, add);
  checkOwn(step, source?.written ?? {}, checking, add);
}

type Add = (code: DefinitionCode, field: string | undefined, message: string, details?: ProblemDetails) => void;

function checkGuard({ guard }: Step, ran: Ran, scope: Scope, add: Add): void {
  if (guard === undefined) return;
  const approvals = [...scope.steps.values()].filter(({ type }) => type === "approval").map(({ id }) => id);
  const approval = scope.steps.get(guard);
  if (approval === undefined)
    add("UNDEFINED_REFERENCE", "guard", `There is no step \`${guard}\` here.`, { suggestion: suggestionFor(guard, approvals) });
  else if (approval.type !== "approval")
    add("WF123", "guard", `\`${guard}\` is no approval.`, { suggestion: suggestionFor(guard, approvals) });
  else if (ran.of(guard) !== "sure" && !scope.assumed.has(guard))
    add("WF123", "guard", `\`${guard}\` is not decided on every way to this step.`);
}

function checkEffects(step: Step, scope: Scope, ran: Ran, { excused, sources }: Checking, add: Add): void {
  const { effects } = step;
  if (effects === "destructive" && step.guard === undefined) {
    const before = [...scope.steps.values()].find(({ type, id }) => type === "approval" && ran.of(id) === "sure");
    if (before !== undefined) {
      add("WF120", undefined, `This step is destructive and \`${before.id}\` does not guard it: what was approved is not checked again.`, {
        suggestion: `Add \`guard: ${before.id}\`.`,
        severity: "warning",
      });
    } else {
      const severity = scope.isTask ? "warning" : "error";
      add("WF120", undefined, "This step is destructive, and no approval comes before it on every way.", {
        suggestion: "Add an `approval` step before it and name it in `guard`.",
        severity,
      });
    }
  }
  if (effects !== "write" && effects !== "destructive") return;
  const saysEffects = sources.get(step)?.written.effects !== undefined;
  if (
    !step.idempotent &&
    step.reconcile === undefined &&
    step.type !== "workflow" &&
    (step.type !== "shell" || step.runs_on === "server")
  ) {
    add(
      "WF121",
      undefined,
      "This step may not run twice, and nothing says how its outcome is found after a crash: a person will be asked.",
      {
        suggestion: saysEffects
          ? "Add `reconcile`, or `idempotent: true`."
          : "Say `effects: read` if it changes nothing; else add `reconcile`, or `idempotent: true`.",
      },
    );
  }
  if (step.compensate === undefined && !excused.has(step)) {
    add("WF122", undefined, "This step writes, and nothing says how it is undone.", {
      suggestion: saysEffects
        ? "Add `compensate`, or `no_compensation` with the reason."
        : "Say `effects: read` if it changes nothing; else add `compensate`, or `no_compensation` with the reason.",
    });
  }
}

function checkNeeds({ needs_state }: Step, { state }: Scope, add: Add): void {
  for (const field of needs_state ?? []) {
    if (!state.has(field))
      add("UNDEFINED_REFERENCE", "needs_state", `Nothing sets \`state.${field}\`.`, { suggestion: suggestionFor(field, [...state]) });
  }
}

function checkOwn(step: Step, written: Readonly<Record<string, string>>, { definition }: Checking, add: Add): void {
  switch (step.type) {
    case "shell":
      if (step.command !== undefined && step.command.includes("${{")) {
        add("WF110", "command", "An expression in a shell text lets its value be run as a program.", {
          suggestion: 'Use `argv`, or hand the value over in `env` and write `"$NAME"`.',
        });
      }
      if (step.command === undefined && step.argv.length === 0)
        add("MISSING_REQUIRED_FIELD", "argv", "`argv` is missing.", {
          suggestion: "Add `argv` (or `command`, which the agent runs on its side).",
        });
      if (step.command !== undefined && step.runs_on === "server")
        add("INVALID_VALUE", "command", "The server runs no shell texts.", { suggestion: "Use `argv`, or `runs_on: client`." });
      break;
    case "mcp_call":
      checkCall(step, add);
      break;
    case "foreach":
      checkForeach(step, definition.tasks, add);
      break;
    case "wait":
      if (step.for === undefined && step.event === undefined && step.until === undefined) {
        add("MISSING_REQUIRED_FIELD", "for", "A wait needs `for`, `event` or `until`.");
      }
      break;
    case "parallel":
      checkParallel(step, add);
      break;
    case "approval":
      if (written.on_timeout === undefined)
        add("WF131", undefined, "Nothing says what happens when nobody decides; it counts as rejected.", {
          suggestion: "Add `on_timeout: reject`.",
        });
      break;
    case "prompt":
      if (step.prompt_type === "choice" && step.options === undefined)
        add("MISSING_REQUIRED_FIELD", "options", "A choice needs `options`.");
      checkInstructions(step.instructions, add);
      break;
    case "delegate":
      checkInstructions(step.instructions, add);
      break;
    default:
  }
}

function checkCall({ capability, server, tool, runs_on }: Extract<Step, { type: "mcp_call" }>, add: Add): void {
  if (capability !== undefined && (server !== undefined || tool !== undefined))
    add("INVALID_VALUE", "capability", "`capability` stands for server and tool: one or the other.");
  else if (capability === undefined && tool === undefined)
    add("MISSING_REQUIRED_FIELD", "tool", "`tool` is missing.", { suggestion: "Add `server` and `tool`, or `capability`." });
  else if (capability === undefined && server === undefined && runs_on === "server")
    add("MISSING_REQUIRED_FIELD", "server", "`server` is missing.", { suggestion: "Add `server`, or `runs_on: client`." });
}

function checkForeach(step: Extract<Step, { type: "foreach" }>, tasks: Checking["definition"]["tasks"], add: Add): void {
  if ((step.task === undefined) === (step.steps === undefined)) {
    add("MISSING_REQUIRED_FIELD", "task", "A foreach needs either `steps` or `task`.");
    return;
  }
  if (step.task === undefined) return;
  const task = Object.hasOwn(tasks, step.task) ? tasks[step.task] : undefined;
  if (task === undefined) {
    add("UNDEFINED_REFERENCE", "task", `There is no task \`${step.task}\`.`, { suggestion: suggestionFor(step.task, Object.keys(tasks)) });
    return;
  }
  if (step.with === undefined) return;
  const names = Object.keys((task.inputs.properties as object | undefined) ?? {});
  for (const name of Object.keys(step.with)) {
    if (!names.includes(name) && task.inputs.additionalProperties === false)
      add("UNDEFINED_REFERENCE", "with", `The task \`${step.task}\` has no input \`${name}\`.`, { suggestion: suggestionFor(name, names) });
  }
  const required = Array.isArray(task.inputs.required) ? (task.inputs.required as readonly string[]) : [];
  for (const name of required) {
    if (!Object.hasOwn(step.with, name)) add("MISSING_REQUIRED_FIELD", "with", `The task \`${step.task}\` needs the input \`${name}\`.`);
  }
}

function checkParallel({ branches, join }: Extract<Step, { type: "parallel" }>, add: Add): void {
  const count = Object.keys(branches).length;
  if (count === 0) add("MISSING_REQUIRED_FIELD", "branches", "`branches` is empty.");
  else if (typeof join === "number" && join > count) add("INVALID_VALUE", "join", `There are ${count} branches only.`);
}

function checkInstructions(instructions: string, add: Add): void {
  if (instructions.length > MAX_INSTRUCTIONS)
    add("WF170", "instructions", `Instructions over ${MAX_INSTRUCTIONS} characters are not followed well.`, {
      suggestion: "Split the step, or move data into `give`.",
    });
  const vague = VAGUE.exec(instructions)?.[0];
  if (vague !== undefined)
    add("WF170", "instructions", `"${vague}" does not say when the step is done.`, {
      suggestion: "Say what must be true then, and check it in `accept`.",
    });
}
