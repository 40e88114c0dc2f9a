// What a run would do, before it is started. Pure: nothing is called and nothing is looked at.
export type { Chance, DryRun, PlannedApproval, PlannedBranch, PlannedCall, PlannedStep } from "./dry-run.ts";
export { planDefinition, type PlanOptions } from "./plan.ts";
export { dryRunText } from "./text.ts";
