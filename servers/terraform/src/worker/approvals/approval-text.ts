import { countsText } from "../plan/print-counts.ts";
import { COUNT_KEYS, type Counts } from "../run-contract.ts";
import type { PlanRecord, PlanView } from "../plan/plan-record.ts";
import { planLines, printPlan } from "../plan/render-plan.ts";

/** Resources listed in the few lines that a form shows; the full text has them all. */
const LISTED = 12;

/** The first line of a request: what, how much, and destruction first. */
export function approvalTitle(plans: readonly PlanRecord[]): string {
  const total = totalOf(plans);
  const names = plans.map((plan) => plan.workspace);
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  const danger = total.destroy + total.replace > 0 ? ` DESTROYS ${total.destroy + total.replace}.` : "";
  const verb = plans.some((plan) => plan.destroy === true) ? "Destroy" : "Apply";
  return `${verb} ${plans.length} workspace${plans.length === 1 ? "" : "s"} (${shown}): ${countsText(total)}.${danger}`.slice(0, 300);
}

/** A few lines: one per workspace, then the changes that destroy. */
export function approvalSummary(plans: readonly PlanRecord[], views: readonly PlanView[]): string {
  const lines = plans.slice(0, 20).map((plan) => `${plan.workspace}: ${countsText(plan.counts)}`);
  if (plans.length > 20) lines.push(`… and ${plans.length - 20} more workspaces`);
  const destroys = views.flatMap((view) =>
    view.changes
      .filter((change) => change.action === "delete" || change.action === "replace")
      .map((change) => `${change.action} ${view.workspace}: ${change.address}`),
  );
  if (destroys.length > 0)
    lines.push(
      "Destroyed or replaced:",
      ...destroys.slice(0, LISTED),
      ...(destroys.length > LISTED ? [`… and ${destroys.length - LISTED} more`] : []),
    );
  return lines.join("\n");
}

/** Everything that will happen, as a person reads it before deciding, nothing cut. The views are masked. */
export function approvalDetails(plans: readonly PlanRecord[], views: readonly PlanView[]): string {
  return views
    .map((view, i) => {
      const where = `folder ${plans[i]?.dir ?? ""}, ${view.program}, state serial ${view.serial}, planned ${view.made_at}`;
      return `${printPlan(view, planLines(view, Number.POSITIVE_INFINITY))}\n  ${where}`;
    })
    .join("\n\n");
}

function totalOf(plans: readonly PlanRecord[]): Counts {
  return Object.fromEntries(COUNT_KEYS.map((key) => [key, plans.reduce((sum, plan) => sum + plan.counts[key], 0)])) as unknown as Counts;
}
