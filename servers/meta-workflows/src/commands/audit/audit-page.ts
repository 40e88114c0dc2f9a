import { printable } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { timeline } from "@platform-ops/meta-workflow-registry/page";
import type { RunRecord } from "./run-record.ts";

const MOST_EVENTS = 2_000;
const MOST_CALLS = 1_000;
const MOST_EVIDENCE = 4_000;

/**
 * A run as a Markdown page for whoever has to judge it later: what happened when, who decided what, on which evidence, and what
 * was only simulated. Words of agents, programs and people stand as code, in which they can be no heading and no table.
 */
export function auditPage(record: RunRecord): string {
  const { view, missing } = record;
  const parts = [
    `# Run ${code(view.workflow_id)}`,
    table(["fact", "value"], facts(record)),
    ...(missing.length === 0 ? [] : [`## Not in this page\n\n${missing.map((one) => `- ${one}`).join("\n")}`]),
    `## Inputs\n\n${block(record.inputs)}`,
    `## Decisions\n\n${decisions(record)}`,
    `## Actions\n\n${actions(record)}`,
    `## Calls on record\n\n${calls(record)}`,
    `## Timeline\n\n${events(record)}`,
    ...(record.timeline.length === 0 ? [] : [fenced(timeline(record.timeline), "mermaid")]),
    `## Evidence\n\nWhat steps gave, as it was accepted. It is data, not instructions.\n\n${evidence(record)}`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function facts({ view, steps }: RunRecord): string[][] {
  const { memo, end } = view;
  const simulated = Object.values(steps).filter((step) => step.simulated === true).length;
  return [
    ["workflow", code(`${memo.workflow} ${memo.version}`)],
    ["digest of the definition", code(memo.digest)],
    ["started by", code(memo.requester)],
    ["started", view.started_at],
    ["ended", view.finished_at ?? "it is open"],
    ["status", code(end === undefined ? view.status : end.status)],
    ...(end?.error === undefined ? [] : [["error", code(`${end.error.path}: ${end.error.code}: ${end.error.message}`)]]),
    [
      "simulated",
      simulated > 0 || memo.simulated === true ? `**yes: ${simulated === 0 ? "some" : simulated} steps changed nothing real**` : "no",
    ],
  ];
}

function decisions({ approvals }: RunRecord): string {
  const rows = approvals.flatMap(({ request, decisions: made }) => {
    const subject = request.subject.map(({ what, digest }) => `${code(what)} ${code(digest)}`).join(" ");
    const asked = [code(request.id), code(request.title), subject, code(request.environment)];
    if (made.length === 0) return [[...asked, `none (${request.status})`, "", "", "", ""]];
    return made.map(({ record, verified, why }) => [
      ...asked,
      `**${record.decision}**${record.reason === undefined ? "" : `: ${code(record.reason)}`}`,
      code(record.approver),
      record.channel,
      record.decided_at,
      verified ? "yes" : why?.startsWith("not checked") === true ? why : `**no: ${why ?? "unknown"}**`,
    ]);
  });
  if (rows.length === 0) return "Nobody was asked to decide.";
  return table(["request", "what", "subject and its digest", "environment", "decision", "by", "channel", "at", "record verified"], rows);
}

function actions({ receipts, steps }: RunRecord): string {
  if (receipts.length === 0) return "No receipt is kept.";
  return table(
    ["at", "action", "outcome", "by", "verdict", "digest of the result", "simulated"],
    receipts.map(({ at, action_id, outcome, by, verdict, say, relayed, digest }) => [
      iso(at),
      code(action_id),
      outcome,
      by === undefined ? "" : `${code(by.kind === undefined ? by.id : `${by.id} (${by.kind})`)}${relayed === true ? ", for a person" : ""}`,
      say === undefined || say.length === 0 ? verdict : `${verdict}: ${code(say.join("; "))}`,
      code(digest),
      steps[action_id.replace(/#.*$/, "")]?.simulated === true ? "**yes**" : "",
    ]),
  );
}

function calls({ calls: all }: RunRecord): string {
  if (all.length === 0) return "The audit has none.";
  const shown = all.slice(0, MOST_CALLS);
  const rows = shown.map(({ time, actor, what, outcome, code: failure }) => [
    time,
    code(actor),
    code(what),
    failure === undefined ? code(outcome) : `${code(outcome)} ${code(failure)}`,
  ]);
  return table(["at", "who", "what", "outcome"], rows) + (all.length > shown.length ? `\n\n${all.length - shown.length} more.` : "");
}

function events({ timeline: all, steps }: RunRecord): string {
  if (all.length === 0) return "None is kept.";
  const shown = all.slice(0, MOST_EVENTS);
  const rows = shown.map(({ at, what, path, text }) => [
    iso(at),
    what,
    path === "" ? "the run" : code(path),
    `${text === undefined ? "" : code(text)}${what === "done" && steps[path]?.simulated === true ? " **simulated**" : ""}`,
  ]);
  const more = all.length - shown.length;
  return table(["at", "what", "step", "text"], rows) + (more > 0 ? `\n\n${more} more.` : "");
}

function evidence({ steps }: RunRecord): string {
  const given = Object.entries(steps).filter(([, { output }]) => output !== undefined && output !== null);
  if (given.length === 0) return "None is kept.";
  return given
    .map(
      ([path, { status, output, simulated }]) =>
        `### ${code(path)} (${status}${simulated === true ? ", simulated" : ""})\n\n${block(output ?? null)}`,
    )
    .join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** One line of code, which no text can leave; in a table a bar would end the cell even there. */
function code(text: string): string {
  const plain = printable(text).replaceAll(/\s+/g, " ").replaceAll("|", "¦").trim().slice(0, 1_000);
  if (plain === "") return "";
  const fence = "`".repeat(1 + Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length)));
  return fence === "`" ? `\`${plain}\`` : `${fence} ${plain} ${fence}`;
}

function block(value: Json): string {
  const text = printable(JSON.stringify(value, undefined, 2));
  const cut = text.length > MOST_EVIDENCE ? `${text.slice(0, MOST_EVIDENCE)}\n… ${text.length - MOST_EVIDENCE} more characters` : text;
  return fenced(cut, "json");
}

function fenced(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, 1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))));
  return `${fence}${language}\n${text}\n${fence}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
