import type { Compensation, Probe, ProgramCall, Step, Template, ToolCall } from "../definition/definition.ts";
import { code, plainMarkdown } from "./markdown-text.ts";
import { duration } from "./plain-text.ts";

/** Who carries a step out: an agent, a person, the agent's own machine or client, or the server. */
export type Who = "an agent" | "a person" | "the client" | "the server";

/** Who carries a step out. */
export function whoDoes(step: Step): Who {
  if (step.type === "approval" || step.type === "ask") return "a person";
  if (step.type === "prompt") return step.prompt_type === "task" ? "an agent" : "a person";
  if (step.type === "delegate") return "an agent";
  if (step.type === "shell" || step.type === "mcp_call") return step.runs_on === "client" ? "the client" : "the server";
  if (step.type === "foreach" && step.agent !== undefined) return "an agent";
  return "the server";
}

/** What a step does, in one Markdown sentence without its title. */
export function saysWhat(step: Step): string {
  switch (step.type) {
    case "condition":
      return `The server decides: ${code(step.if)}.`;
    case "switch":
      return "The server takes the first case that holds.";
    case "set_state":
      return `The server keeps ${listed(Object.keys(step.updates))}.`;
    case "foreach":
      return `${step.agent === undefined ? "For" : `Agents ${code(step.agent)} do this for`} each of ${code(step.items)}${
        step.task === undefined ? "" : `, as task ${code(step.task)}`
      }; at most ${step.max_parallel} at once, ${step.limit} in all.`;
    case "loop":
      return `Again while ${code(step.while)}, at most ${step.max} times.`;
    case "parallel":
      return `${Object.keys(step.branches).length} branches at once; goes on when ${joined(step.join)}.`;
    case "return":
      return `The workflow ends here with ${code(shown(step.value))}.`;
    case "fail":
      return `The run fails: ${code(shown(step.message))}.`;
    case "shell":
      return step.runs_on === "client"
        ? `The client runs ${code(step.command ?? words(step))} on its own machine${given(step.env)} and reports what came of it.`
        : `The server runs ${code(words(step))}${given(step.env)}.`;
    case "mcp_call":
      return `${step.runs_on === "client" ? "The client" : "The server"} calls ${tool(step)}.`;
    case "prompt":
      return asked(step);
    case "delegate":
      return `Another agent${step.role === undefined ? "" : ` in the role ${code(step.role)}`} does this.`;
    case "wait":
      return waits(step);
    case "approval":
      return approves(step);
    case "ask":
      return `A person answers: ${plainMarkdown(step.question)} Waits at most ${duration(step.wait_at_most)}.`;
    case "check":
      return `The server checks ${code(step.that)}${step.probe === undefined ? "" : ` after ${looks(step.probe)}`}${
        step.on_fail === "warn" ? "; if it does not hold, it only warns" : ""
      }.`;
    case "workflow":
      return `Runs the workflow ${code(step.workflow)}.`;
  }
}

/** `the tool x of the server y`, `the capability z`: what a call reaches. */
export function tool(call: ToolCall): string {
  if (call.capability !== undefined) return `the capability ${code(call.capability)}`;
  return `the tool ${code(call.tool ?? "?")}${call.server === undefined ? "" : ` of ${code(call.server)}`}`;
}

/** What undoes a step, in words. */
export function undoes(undo: Compensation): string {
  if ("call" in undo) return tool(undo.call);
  return "program" in undo ? code(words(undo.program)) : `an agent: ${plainMarkdown(undo.prompt)}`;
}

/** A template as people read it: text as it stands, else JSON. */
export function shown(value: Template): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function words(program: Pick<ProgramCall, "argv">): string {
  return program.argv.map(shown).join(" ");
}

function looks(probe: Probe): string {
  if (probe.kind === "check") return `the look ${code(probe.check)}`;
  return probe.kind === "program" ? code(words(probe)) : tool(probe);
}

function given(env: ProgramCall["env"]): string {
  const set = Object.entries(env ?? {}).map(([name, value]) => code(`${name}=${shown(value)}`));
  return set.length === 0 ? "" : ` with ${set.join(", ")}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.map((name) => code(name)).join(", ");
}

function joined(join: "all" | "any" | number): string {
  if (join === "all") return "all are done";
  return join === "any" ? "one is done" : `${join} are done`;
}

function asked(step: Step & { type: "prompt" }): string {
  const role = step.role === undefined ? "" : ` in the role ${code(step.role)}`;
  if (step.prompt_type === "task") return `An agent${role} does this.`;
  const kinds = { info: "is told this", confirm: "confirms this", text: "answers this", choice: "chooses" } as const;
  const options = step.options === undefined ? "" : ` among ${listed(step.options)}`;
  return `A person ${kinds[step.prompt_type]}${options}, through the agent.`;
}

function waits(step: Step & { type: "wait" }): string {
  if (step.until !== undefined) {
    const { probe, holds_when, every, hold, within } = step.until;
    const holds = hold === 0 ? "" : ` for ${typeof hold === "number" ? duration(hold) : code(hold)}`;
    return `Waits until ${code(holds_when)} holds${holds}, looking by ${looks(probe)} every ${duration(every)}, at most ${duration(within)}.`;
  }
  const length = step.for === undefined ? "" : ` for ${typeof step.for === "number" ? duration(step.for) : code(shown(step.for))}`;
  return `Waits${step.event === undefined ? "" : ` for the event ${code(step.event)}`}${length}.`;
}

function approves(step: Step & { type: "approval" }): string {
  const people = step.min === 1 ? "A person approves" : `${step.min} people approve`;
  const timeout = step.on_timeout === "reject" ? "no answer means no" : "without an answer the run goes on";
  return `${people} ${code(shown(step.bind))}; waits at most ${duration(step.wait_at_most)}, ${timeout}.`;
}
