import type { ResourceAction } from "../terraform/plan-summary.ts";
import { COUNT_KEYS, type Counts } from "./run-contract.ts";
import type { PlanRecord, PlanView } from "./plan-record.ts";

const SIGN: Partial<Record<ResourceAction, string>> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "-/+",
  read: "<=",
  move: "->",
  import: "<-",
  forget: "x",
};

/** Resources listed in the few lines that a form shows; the full text has them all. */
const LISTED = 12;

/** The first line of a request: what, how much, and destruction first. */
export function approvalTitle(plans: readonly PlanRecord[]): string {
  const total = totalOf(plans);
  const names = plans.map((plan) => plan.workspace);
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  const danger = total.destroy + total.replace > 0 ? ` DESTROYS ${total.destroy + total.replace}.` : "";
  return `Apply ${plans.length} workspace${plans.length === 1 ? "" : "s"} (${shown}): ${countsText(total)}.${danger}`.slice(0, 300);
}

/** A few lines: one per workspace, then the changes that destroy. */
export function approvalSummary(plans: readonly PlanRecord[], views: readonly PlanView[]): string {
  const lines = plans.slice(0, 20).map((plan) => `${plan.workspace}: ${countsText(plan.counts)}`);
  if (plans.length > 20) lines.push(`… and ${plans.length - 20} more workspaces`);
  const destroys = views.flatMap((view) =>
    view.changes
      .filter((change) => change.action === "delete" || change.action === "replace")
      .map((change) => `${SIGN[change.action] ?? "?"} ${view.workspace}: ${change.address}`),
  );
  if (destroys.length > 0)
    lines.push(
      "Destroyed or replaced:",
      ...destroys.slice(0, LISTED),
      ...(destroys.length > LISTED ? [`… and ${destroys.length - LISTED} more`] : []),
    );
  return lines.join("\n");
}

/** Everything that will happen, as a person reads it before deciding. The views are masked. */
export function approvalDetails(plans: readonly PlanRecord[], views: readonly PlanView[]): string {
  return views
    .map((view, i) => {
      const plan = plans[i];
      const head = [
        `## ${view.workspace}: ${countsText(view.counts)}`,
        `folder ${plan?.dir ?? ""}, ${view.program}, state serial ${view.serial}, planned ${view.made_at}`,
      ];
      const changes = view.changes.flatMap((change) => [
        `${SIGN[change.action] ?? "?"} ${change.address}${change.previous_address === undefined ? "" : ` (was ${change.previous_address})`}${change.reason === undefined ? "" : ` [${change.reason}]`}`,
        ...change.attributes.map(
          (a) =>
            `      ${a.path}: ${a.before ?? "(none)"} -> ${a.unknown === true ? "(known after apply)" : (a.after ?? "(none)")}${a.forces_replacement === true ? "  # forces replacement" : ""}`,
        ),
        ...(change.more_attributes === undefined ? [] : [`      … ${change.more_attributes} more attributes`]),
      ]);
      const outputs = view.outputs
        .filter((o) => o.action !== "no-op")
        .map((o) => `  output ${o.name}: ${o.action}${o.sensitive ? " (sensitive)" : ""}`);
      const checks = view.checks.map((check) => `  check ${check.address}: ${check.status} ${check.problems.join("; ")}`);
      const partial = view.complete ? [] : ["  INCOMPLETE: this plan covers a part of the workspace only."];
      return [...head, ...partial, ...changes, ...outputs, ...checks].join("\n");
    })
    .join("\n\n");
}

function totalOf(plans: readonly PlanRecord[]): Counts {
  return Object.fromEntries(COUNT_KEYS.map((key) => [key, plans.reduce((sum, plan) => sum + plan.counts[key], 0)])) as unknown as Counts;
}

/** "2 to add, 1 to change"; "no changes" where all are zero. */
export function countsText(counts: Counts): string {
  const words: Record<keyof Counts, string> = {
    add: "to add",
    change: "to change",
    destroy: "to destroy",
    replace: "to replace",
    move: "to move",
    import: "to import",
    forget: "to forget",
    outputs: "outputs",
  };
  const parts = COUNT_KEYS.flatMap((key) => (counts[key] > 0 ? [`${counts[key]} ${words[key]}`] : []));
  return parts.length === 0 ? "no changes" : parts.join(", ");
}
