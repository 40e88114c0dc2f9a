import type { OutputChange, ResourceChange } from "../../terraform/plan-summary.ts";
import type { PlanView } from "./plan-record.ts";
import { printCounts } from "./print-counts.ts";

const SIGNS: Readonly<Record<string, string>> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "-/+",
  read: "<=",
  move: "→",
  import: "⇐",
  forget: "∅",
};
/** Attributes of one resource that an answer to a model shows; more are counted. */
const ATTRIBUTES = 12;

/** One line of a plan's listing: a resource or an output, with which workspace it belongs to. */
export interface PlanLine {
  readonly workspace: string;
  readonly kind: "resource" | "output" | "drift" | "check" | "warning";
  readonly address: string;
  readonly action: string;
  readonly text: string;
}

/** All lines of a workspace's plan, destructive changes first, each resource with at most so many attributes. Values are masked already. */
export function planLines(view: PlanView, attributes: number = ATTRIBUTES): PlanLine[] {
  const weight = (change: ResourceChange): number => (change.action === "delete" || change.action === "replace" ? 0 : 1);
  const resources = [...view.changes]
    .sort((a, b) => weight(a) - weight(b))
    .map((change) => resourceLine(view.workspace, "resource", change, attributes));
  const drift = view.drift.map((change) => resourceLine(view.workspace, "drift", change, attributes));
  const outputs = view.outputs.filter((output) => output.action !== "no-op").map((output) => outputLine(view.workspace, output));
  const checks = view.checks.map((check): PlanLine => ({
    workspace: view.workspace,
    kind: "check",
    address: check.address,
    action: check.status,
    text: `! check ${check.address}: ${check.status}${check.problems.map((problem) => `\n    ${problem}`).join("")}`,
  }));
  // A check that fails is a warning too, and told already.
  const warnings = (view.warnings ?? [])
    .filter((text) => !view.checks.some(({ problems }) => problems.some((problem) => text.includes(problem))))
    .map((text): PlanLine => ({ workspace: view.workspace, kind: "warning", address: "", action: "warn", text: `! warning: ${text}` }));
  return [...resources, ...outputs, ...checks, ...warnings, ...drift];
}

/** `vpc: +3 ~0 -0`, then its lines; what changed outside is a section of its own, since the plan does not do that. */
export function printPlan(view: PlanView, lines: readonly PlanLine[]): string {
  const partial = view.complete ? "" : " (incomplete: made with targets)";
  const drift = lines.filter((line) => line.kind === "drift");
  const planned = lines.filter((line) => line.kind !== "drift");
  const outside =
    drift.length === 0
      ? []
      : [
          `  Changed outside of ${view.program.split(" ")[0] ?? "terraform"} since its last run (${view.drift.length}):`,
          ...drift.map((line) => indent(indent(line.text))),
        ];
  return [`${view.workspace}: ${printCounts(view.counts)}${partial}`, ...planned.map((line) => indent(line.text)), ...outside].join("\n");
}

function resourceLine(workspace: string, kind: "resource" | "drift", change: ResourceChange, most: number): PlanLine {
  const { attributes } = change;
  const shown = attributes
    .slice(0, most)
    .map(
      (a) =>
        `    ${a.path}: ${value(a, a.before)} → ${a.unknown === true ? "(known after apply)" : value(a, a.after)}${a.forces_replacement === true ? "  # forces replacement" : ""}`,
    );
  const left = attributes.length - Math.min(attributes.length, most) + (change.more_attributes ?? 0);
  const more = left > 0 ? [`    … and ${left} more attributes`] : [];
  const from = change.previous_address === undefined ? "" : ` (was ${change.previous_address})`;
  const why = change.reason === undefined ? "" : ` [${change.reason}]`;
  const sign = SIGNS[change.action] ?? "?";
  return {
    workspace,
    kind,
    address: change.address,
    action: change.action,
    text: [`${sign} ${change.address}${from}${why}`, ...shown, ...more].join("\n"),
  };
}

function outputLine(workspace: string, output: OutputChange): PlanLine {
  const after = output.sensitive ? "(sensitive)" : output.unknown ? "(known after apply)" : (output.after ?? "(none)").slice(0, 200);
  return {
    workspace,
    kind: "output",
    address: output.name,
    action: output.action,
    text: `${SIGNS[output.action] ?? "~"} output ${output.name} = ${after}`,
  };
}

function value(attribute: ResourceChange["attributes"][number], printed: string | undefined): string {
  if (printed === undefined) return "(none)";
  return attribute.sensitive === true ? "(sensitive)" : printed;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
