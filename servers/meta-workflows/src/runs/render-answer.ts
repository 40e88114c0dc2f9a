import { quoteData, type ToolResult } from "@platform-ops/mcp-kit";
import type { ActionView } from "../worker/action-view.ts";
import type { Pause, RunAnswer, WaitingFor } from "../worker/run-contract.ts";
import { refusalError } from "../worker/refusal-failure.ts";

const MOST_CONTEXT = 4_000;

/** How a run stands, for the model: status, the next action in words, what else is waited for, and what to call. */
export function answerResult(workflow_id: string, answer: RunAnswer): ToolResult {
  const { status, actions, waiting_for, end, receipt, refusal } = answer;
  const [action, ...others] = actions;
  const next = nextCall(workflow_id, answer);
  const lines = [
    `${workflow_id}: ${status}${answer.paused === true ? ` (${pauseText(answer.pause)})` : ""}${end === undefined || end.status === status ? "" : ` (${end.status})`}`,
    ...(answer.simulated === true ? ["Some results of this run are simulated."] : []),
    ...(action === undefined ? [] : [actionText(action)]),
    ...(others.length === 0 ? [] : [`Also open: ${others.map(({ action_id, title }) => `${action_id} (${title})`).join(", ")}`]),
    ...waiting_for.map((one) => `Waits for ${waitText(one)}`),
    ...(action === undefined ? personsWay(workflow_id, waiting_for) : []),
    ...(end?.output === undefined || end.output === null ? [] : [`Result: ${JSON.stringify(end.output)}`]),
    ...(end?.error === undefined ? [] : [`Error ${end.error.code} at ${end.error.path}: ${end.error.message}`]),
    ...(next === undefined ? [] : [`Next: ${next.tool} ${JSON.stringify(next.arguments)}`]),
  ];
  return {
    text: lines.join("\n\n"),
    data: {
      workflow_id,
      status,
      ...(action === undefined ? {} : { action }),
      ...(others.length === 0 ? {} : { other_actions: others }),
      ...(waiting_for.length === 0 ? {} : { waiting_for }),
      ...(answer.paused === true ? { paused: true } : {}),
      ...(answer.pause === undefined ? {} : { pause: answer.pause }),
      ...(answer.simulated === true ? { simulated: true } : {}),
      ...(end === undefined ? {} : { outcome: end.status }),
      ...(end?.output === undefined ? {} : { result: end.output }),
      ...(end?.error === undefined ? {} : { run_error: end.error }),
      ...(receipt === undefined ? {} : { receipt }),
      ...(next === undefined ? {} : { next }),
    },
    ...(refusal === undefined ? {} : { failure: refusalError(refusal) }),
  };
}

/** An action in words. What is data says so. */
export function actionText(action: ActionView): string {
  const { title, type, step_id, executor, instructions, context = [], result_schema, accept = [], evidence = [], attempt } = action;
  const parts = [
    `Action ${action.action_id} (${type}, step ${step_id}${executor === "agent" ? "" : `, ${executor}`}): ${title}`,
    instructions,
    ...context.map(({ name, trust, value }) => contextText(name, trust, value)),
    ...(accept.length === 0 ? [] : [`Accepted when: ${accept.join("; ")}`]),
    ...(evidence.length === 0 ? [] : [`Evidence wanted: ${evidence.join(", ")}`]),
    ...(action.last_failure === undefined ? [] : [`The last attempt was refused: ${action.last_failure.join("; ")}`]),
    ...(action.late_result === undefined ? [] : [`A result came late from ${action.late_result.attempt_id}; look before you do it again.`]),
    ...(Object.keys(result_schema).length === 0 ? [] : [`Result schema: ${JSON.stringify(result_schema)}`]),
    `Attempt ${attempt.number} of ${attempt.max}: ${attempt.id}. Effect key: ${action.effect_key}`,
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function contextText(name: string, trust: "author" | "data", value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 1);
  const cut = text.length > MOST_CONTEXT ? `${text.slice(0, MOST_CONTEXT)}… (all of it in the structured content)` : text;
  return trust === "author" ? `${name}: ${cut}` : quoteData(name, cut);
}

/** Who paused it and why, in words. */
export function pauseText(pause: Pause | undefined): string {
  if (pause === undefined) return "paused";
  return `paused by ${pause.by} since ${pause.since}${pause.reason === undefined ? "" : `: ${pause.reason}`}`;
}

/** What a run waits for, in words. */
export function waitText({ kind, title, action_id, approval, holder, since, until }: WaitingFor): string {
  const who = {
    human: "a person",
    approval: "an approval",
    agent: "another agent",
    server: "the server",
    time: "time",
    event: "the event",
    lock: "the lock",
  }[kind];
  const held = holder === undefined ? undefined : `held by ${holder}${since === undefined ? "" : ` since ${since}`}`;
  const more = [approval, kind === "human" ? action_id : undefined, held, until === undefined ? undefined : `until ${until}`];
  const said = more.filter((one) => one !== undefined);
  return `${who}: ${title}${said.length === 0 ? "" : ` (${said.join(", ")})`}`;
}

/** How a person goes on with what no agent may do. */
export function personsWay(workflow_id: string, waiting_for: readonly WaitingFor[]): readonly string[] {
  return waiting_for.some(({ kind }) => kind === "human")
    ? [`A person answers at a terminal, by this server's subcommand: answer ${workflow_id}`]
    : [];
}

function nextCall(workflow_id: string, { status, actions, waiting_for, end }: RunAnswer): { tool: string; arguments: object } | undefined {
  if (end !== undefined) return undefined;
  const [action] = actions;
  if (action !== undefined) {
    const named = actions.length > 1 || action.retry_count > 0 || action.attempt.number > 1;
    return {
      tool: "submit_result",
      arguments: { workflow_id, ...(named ? { action_id: action.action_id, attempt_id: action.attempt.id } : {}), result: "…" },
    };
  }
  if (waiting_for.some(({ kind }) => kind === "approval")) return { tool: "request_approval", arguments: { workflow_id } };
  return status === "running" ? { tool: "next_action", arguments: { workflow_id, wait_seconds: 30 } } : undefined;
}
