import type { Definition, Step } from "../definition/definition.ts";
import { stepsIn } from "../definition/walk.ts";
import { branchesOf } from "./branches.ts";
import { labelText } from "./mermaid-text.ts";
import { wordsOf } from "./plain-text.ts";

/** How far a step of a run is. */
export type StepStatus = "done" | "active" | "failed" | "skipped";

/** A run's steps by id, for colours. */
export interface RunStatuses {
  readonly steps: { readonly [step_id: string]: StepStatus };
}

// Mermaid refuses texts above 50,000 characters and more than 500 edges.
const SIZES: readonly { readonly nodes: number; readonly label: number }[] = [
  { nodes: 140, label: 60 },
  { nodes: 100, label: 30 },
  { nodes: 40, label: 20 },
];
const MOST_TEXT = 48_000;
const MOST_EDGES = 480;

const CLASSES: { readonly [name in StepStatus | "undo"]: string } = {
  done: "fill:#d9f2d9,stroke:#2e7d32,color:#1b1b1b",
  active: "fill:#fff3c4,stroke:#b8860b,stroke-width:3px,color:#1b1b1b",
  failed: "fill:#f9d6d5,stroke:#b71c1c,color:#1b1b1b",
  skipped: "fill:#eeeeee,stroke:#9e9e9e,stroke-dasharray:4,color:#616161",
  undo: "stroke-dasharray:5",
};

/**
 * A definition as a Mermaid flowchart: steps of an agent are rounded, gates of a person are hexagons, steps of the server are
 * boxes, ways of failure and undoing are dotted. With a run's statuses its steps are coloured. Deterministic; no text of the
 * definition can end a label. Definitions that are too large for Mermaid end in a node that says how many steps are left out.
 */
export function diagram(definition: Definition, run?: RunStatuses): string {
  for (const size of SIZES) {
    const drawing = new Drawing(size.nodes, size.label);
    const text = drawing.draw(definition, run);
    if (text.length <= MOST_TEXT && drawing.edges <= MOST_EDGES) return text;
  }
  return new Drawing(12, 20).draw(definition, run);
}

/** An arrow that waits for the node it will point to. */
interface Exit {
  readonly from: string;
  readonly label?: string;
  readonly dotted?: boolean;
}

const SHAPES = {
  agent: ["(", ")"],
  gate: ["{{", "}}"],
  server: ["[", "]"],
  choice: ["{", "}"],
  ask: ["[/", "/]"],
  ends: ["([", "])"],
  many: ["[[", "]]"],
  join: ["((", "))"],
} as const;
type Shape = keyof typeof SHAPES;

class Drawing {
  edges = 0;
  readonly #lines: string[] = [];
  readonly #classes = new Map<string, string[]>();
  readonly #returns: Exit[] = [];
  readonly #label: number;
  #left: number;
  #next = 0;
  #undo: string | undefined;
  #declined: string | undefined;
  #statuses: RunStatuses["steps"] = {};

  constructor(nodes: number, label: number) {
    this.#left = nodes;
    this.#label = label;
  }

  draw(definition: Definition, run?: RunStatuses): string {
    this.#statuses = run?.steps ?? {};
    const start = this.#node("ends", definition.name);
    const ends = this.#chain(definition.steps, [{ from: start }]);
    const closing = this.#chain(definition.finally, [...ends, ...this.#returns]);
    this.#join(closing, this.#node("ends", "done"));
    const defined = [...this.#classes.keys()].map((name) => `classDef ${name} ${CLASSES[name as StepStatus]}`);
    const classed = [...this.#classes].map(([name, nodes]) => `class ${nodes.join(",")} ${name}`);
    return ["flowchart TD", ...this.#lines, ...defined, ...classed].join("\n  ");
  }

  #node(shape: Shape, text: string, className?: string): string {
    const id = `n${this.#next}`;
    this.#next += 1;
    const [open, close] = SHAPES[shape];
    this.#lines.push(`${id}${open}"${labelText(text, this.#label)}"${close}`);
    if (className !== undefined) this.#classes.set(className, [...(this.#classes.get(className) ?? []), id]);
    return id;
  }

  #join(exits: readonly Exit[], to: string): void {
    for (const exit of exits) {
      const label = exit.label === undefined ? "" : `|"${labelText(exit.label, this.#label)}"|`;
      this.#lines.push(`${exit.from} ${exit.dotted === true ? "-.->" : "-->"}${label} ${to}`);
      this.edges += 1;
    }
  }

  #chain(steps: readonly Step[], from: readonly Exit[]): readonly Exit[] {
    let exits = from;
    for (const [index, step] of steps.entries()) {
      if (this.#left <= 0) return this.#leaveOut(steps.slice(index), exits);
      this.#left -= 1;
      exits = this.#step(step, exits);
    }
    return exits;
  }

  #leaveOut(steps: readonly Step[], exits: readonly Exit[]): readonly Exit[] {
    const count = [...stepsIn(steps)].length;
    const node = this.#node("many", `… ${count} more ${count === 1 ? "step" : "steps"}`);
    this.#join(exits, node);
    return [{ from: node }];
  }

  #step(step: Step, from: readonly Exit[]): readonly Exit[] {
    const status = Object.hasOwn(this.#statuses, step.id) ? this.#statuses[step.id] : undefined;
    const node = this.#node(shapeOf(step), textOf(step), status);
    this.#join(from, node);
    const skipped: readonly Exit[] = step.when === undefined ? [] : [{ from: node, label: `skipped unless ${step.when}`, dotted: true }];
    const exits = [...this.#inside(step, node), ...this.#failure(step, node), ...skipped];
    if (step.compensate !== undefined) {
      this.#join([{ from: node, label: "undone by", dotted: true }], this.#node("server", undoText(step), "undo"));
    }
    return exits;
  }

  #inside(step: Step, node: string): readonly Exit[] {
    const after: readonly Exit[] = [{ from: node }];
    switch (step.type) {
      case "return":
        this.#returns.push({ from: node });
        return [];
      case "fail":
        return [];
      case "condition":
      case "switch":
        return this.#choices(step, node);
      case "parallel":
        return this.#parallel(step, node);
      case "foreach":
      case "loop": {
        const body = this.#chain(step.steps ?? [], [{ from: node, label: step.type === "loop" ? step.while : "each item" }]);
        if ((step.steps ?? []).length === 0) return after;
        this.#join(
          body.map((exit) => ({ ...exit, label: exit.label ?? (step.type === "loop" ? "again" : "next") })),
          node,
        );
        return [{ from: node, label: step.type === "loop" ? "no more" : "all done" }];
      }
      case "approval":
        return [{ from: node, label: "approved" }, ...this.#rejection(step, node)];
      default:
        return after;
    }
  }

  #choices(step: Step & { type: "condition" | "switch" }, node: string): readonly Exit[] {
    const otherwise = step.type === "condition" ? "no" : "else";
    const branches = branchesOf(step).filter((branch) => branch.kind === "branch");
    const exits = branches.flatMap((branch) => this.#chain(branch.steps, [{ from: node, label: branch.label }]));
    return step.else.length > 0 ? exits : [...exits, { from: node, label: otherwise }];
  }

  #parallel(step: Step & { type: "parallel" }, node: string): readonly Exit[] {
    const exits = branchesOf(step)
      .filter((branch) => branch.kind === "branch")
      .flatMap((branch) => this.#chain(branch.steps, [{ from: node, label: branch.label }]));
    if (exits.length === 0) return [{ from: node }];
    const join = this.#node("join", String(step.join));
    this.#join(exits, join);
    return [{ from: join }];
  }

  #rejection(step: Step & { type: "approval" }, node: string): readonly Exit[] {
    const rejected: Exit = { from: node, label: "rejected", dotted: true };
    if (step.on_reject.then === "steps") return this.#chain(step.on_reject.steps, [rejected]);
    this.#declined ??= this.#node("ends", "declined");
    this.#join([rejected], this.#declined);
    return [];
  }

  #failure(step: Step, node: string): readonly Exit[] {
    const failed: Exit = { from: node, label: "on error", dotted: true };
    if (step.on_error.then === "steps") return this.#chain(step.on_error.steps, [failed]);
    if (step.on_error.then === "continue") return [{ from: node, label: "also on error", dotted: true }];
    if (step.on_error.then !== "compensate") return [];
    this.#undo ??= this.#node("server", "undo what was done, newest first", "undo");
    this.#join([failed], this.#undo);
    return [];
  }
}

function shapeOf(step: Step): Shape {
  if (step.type === "approval") return "gate";
  if (step.type === "ask" || (step.type === "prompt" && step.prompt_type !== "task")) return "ask";
  if (step.type === "condition" || step.type === "switch") return "choice";
  if (step.type === "prompt" || step.type === "delegate") return "agent";
  if (step.type === "shell" || step.type === "mcp_call") return step.runs_on === "client" ? "agent" : "server";
  if (step.type === "parallel" || step.type === "foreach" || step.type === "loop" || step.type === "workflow") return "many";
  return step.type === "return" || step.type === "fail" ? "ends" : "server";
}

function textOf(step: Step): string {
  const title = step.title ?? wordsOf(step.id);
  if (step.type === "condition") return step.title ?? step.if;
  if (step.type === "foreach" && step.task !== undefined) return `${title} (task ${step.task})`;
  if (step.type === "workflow") return `${title} (workflow ${step.workflow})`;
  return step.type === "fail" ? `fail: ${title}` : title;
}

function undoText(step: Step): string {
  const undo = step.compensate;
  if (undo === undefined) return "";
  if ("prompt" in undo) return undo.prompt;
  if ("program" in undo) return undo.program.argv.map(String).join(" ");
  return undo.call.capability ?? undo.call.tool ?? "a call";
}
