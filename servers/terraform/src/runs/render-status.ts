import { printCounts } from "../worker/plan/print-counts.ts";
import type { OpenApproval } from "../worker/run-memo.ts";
import type { RunView, WorkspaceView } from "./run-view.ts";

/** Workspaces shown in full; of more, those that need a look come first and the rest is counted. */
const SHOWN = 40;

/** A call that makes sense next: a tool with its arguments, or a command for a person. */
export interface NextCall {
  readonly tool?: string;
  readonly arguments?: Record<string, unknown>;
  readonly command?: string;
  readonly why: string;
}

/** `2024-01-15 10:30:00`, in UTC, as the source document prints times. */
export function printTime(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** What to do next, most useful first. `canAsk`: whether who reads it shows forms. */
export function nextCalls(view: RunView, startedAs: string, canAsk: boolean): NextCall[] {
  const id = { workflow_id: view.workflow_id };
  if (view.phase === "needs_version")
    return [
      {
        command: `${startedAs} setup`,
        why: `of the version that holds ${view.needs_build ?? "the build that began it"} puts that build back into workers/ of the data directory, where it is found and carries the run on`,
      },
      { tool: "cancel_workflow", arguments: id, why: "gives it up" },
    ];
  if (view.approval?.decided !== undefined) {
    return [
      {
        tool: "request_approval",
        arguments: id,
        why: `hands over that it is ${view.approval.decided}, which the run does not know yet; asks nobody`,
      },
    ];
  }
  if (view.approval !== undefined) {
    return [{ tool: "get_plan", arguments: id, why: "shows what would change" }, ...waysToDecide(view.approval, id, startedAs, canAsk)];
  }
  if (view.workspaces.some((w) => w.phase === "credentials"))
    return [{ command: `${startedAs} refresh-credentials ${view.workflow_id}`, why: "hands renewed credentials to the run" }];
  const holder = view.phase === "blocked" ? view.workspaces.find((w) => w.held_by !== undefined)?.held_by : undefined;
  if (holder !== undefined)
    return [
      {
        tool: "get_workflow_status",
        arguments: { workflow_id: holder },
        why: "shows the run that is in the way: this one goes on by itself once that one has ended, or was cancelled",
      },
    ];
  if (view.open)
    return [{ tool: "get_workflow_status", arguments: { ...id, wait_seconds: 30 }, why: "waits for the next thing to happen" }];
  const again = view.destroy === true ? "destroy_workspaces" : "execute_workflow";
  if (view.workspaces.some((w) => w.phase === "planned")) {
    return [
      { tool: "get_plan", arguments: id, why: "shows what would change" },
      { tool: again, why: `${view.destroy === true ? "" : "with apply among the operations, "}to carry it out after an approval` },
    ];
  }
  if (view.phase === "completed" && view.destroy === true) return [];
  if (view.phase === "completed") return [{ tool: "get_outputs", arguments: id, why: "reads the outputs" }];
  return [{ tool: again, why: view.phase === "cancelled" ? "begins anew" : "once the cause is mended" }];
}

/** How a person can decide, by the channels that count. An agent cannot. */
function waysToDecide(
  { id: request, channels }: OpenApproval,
  id: { workflow_id: string },
  startedAs: string,
  canAsk: boolean,
): NextCall[] {
  const command = `${startedAs} approve ${request}`;
  const form = { tool: "request_approval", arguments: id, why: canAsk ? "asks the person by form" : "says how a person can decide" };
  return [
    ...(channels.includes("elicit") && (canAsk || channels.length === 1) ? [form] : []),
    ...(channels.includes("cli") ? [{ command, why: "decides it at a terminal; an agent cannot decide" }] : []),
    ...(channels.includes("signed") ? [{ command: `${command} --key FILE`, why: "decides it by signature; an agent cannot decide" }] : []),
  ];
}

/** The status as text: the source's lines first, then ours. Complete by itself. */
export function renderStatus(view: RunView, next: readonly NextCall[], now: Date): string {
  const lines = [`Workflow: ${view.workflow_id}`, `Status: ${view.status}`, `Started At: ${printTime(view.started_at)}`];
  if (view.finished_at !== undefined) lines.push(`Finished At: ${printTime(view.finished_at)}`);
  lines.push(`Duration: ${printDuration(Date.parse(view.finished_at ?? now.toISOString()) - Date.parse(view.started_at))}`);
  if (view.destroy === true) lines.push("Destroys: what these workspaces made, dependents first");
  lines.push(`Phase: ${view.phase}${view.reason === undefined ? "" : ` (${view.reason})`}`);
  if (view.temporal !== undefined) lines.push(`Temporal: ${view.temporal}`);
  if (view.environment !== undefined) lines.push(`Environment: ${view.environment}`);
  if (view.approval !== undefined) {
    lines.push(
      `Approval: ${view.approval.id} for ${view.approval.workspaces.join(", ")}, until ${printTime(view.approval.expires_at)}, by ${view.approval.channels.join(" or ")}`,
    );
    if (view.approval.environment !== undefined)
      lines.push(
        `Warning: the worker asks in the environment ${view.approval.environment}, by an operator's file that is another one, or was changed. Where that is not meant: \`supervisor stop\` at a terminal; the next call starts the worker with its own file, and an approval that was not used is asked for anew.`,
      );
  }
  lines.push("", "Workspaces:");
  const { shown, hidden } = selectWorkspaces(view.workspaces);
  lines.push(...shown.map(workspaceLine));
  if (hidden > 0) lines.push(`… and ${hidden} more: ${printTally(view.workspaces)} in all`);
  lines.push("", ...next.map((call) => `Next: ${printCall(call)} (${call.why})`));
  return lines.join("\n");
}

/** The workspaces to show: those that need a look first, in the run's order otherwise. */
export function selectWorkspaces(workspaces: readonly WorkspaceView[]): { shown: readonly WorkspaceView[]; hidden: number } {
  if (workspaces.length <= SHOWN) return { shown: workspaces, hidden: 0 };
  const urgent = (w: WorkspaceView): number =>
    w.error !== undefined
      ? 0
      : ["held", "credentials", "in_doubt", "partial", "failed", "applying", "planning", "awaiting_approval"].includes(w.phase)
        ? 1
        : 2;
  const shown = [...workspaces].sort((a, b) => urgent(a) - urgent(b)).slice(0, SHOWN);
  return { shown, hidden: workspaces.length - SHOWN };
}

/** `3 applied, 1 failed`. */
export function printTally(workspaces: readonly WorkspaceView[]): string {
  const tally = new Map<string, number>();
  for (const { phase } of workspaces) tally.set(phase, (tally.get(phase) ?? 0) + 1);
  return [...tally].map(([phase, count]) => `${count} ${phase}`).join(", ");
}

function workspaceLine(w: WorkspaceView): string {
  const facts = [
    w.phase,
    w.counts === undefined ? "" : printCounts(w.counts),
    w.seconds === undefined ? "" : `${w.seconds} s`,
    w.because === undefined ? "" : w.phase === "deferred" ? `waits for ${w.because}` : w.because,
  ].filter((fact) => fact !== "");
  const error = w.error === undefined ? [] : errorLines(w.error);
  return [`- ${w.name}: ${facts.join(", ")}`, ...error.map((line) => `    ${line}`)].join("\n");
}

const TOUCHED = { finished: "finished", failed: "failed", in_flight: "not known whether it took effect" } as const;

/** The useful part of a failure, with the resources that an apply touched: who has to clean up must not guess. */
function errorLines(error: NonNullable<WorkspaceView["error"]>): string[] {
  const { code, message, hint } = error;
  const touched = (["finished", "failed", "in_flight"] as const).flatMap((kind) =>
    error[kind] === undefined ? [] : [`${TOUCHED[kind]}: ${error[kind].join(", ")}`],
  );
  return [...`${code}: ${message}`.split("\n").slice(0, 6), ...touched, ...(hint === undefined ? [] : [`cure: ${hint}`])];
}

function printCall(call: NextCall): string {
  return call.command ?? `${call.tool}${call.arguments === undefined ? "" : ` ${JSON.stringify(call.arguments)}`}`;
}

function printDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ] as const;
  return parts
    .filter(([value], i) => value > 0 || i === 2)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}
