import { attributeChanges, shorten, visible, type AttributeChange } from "./attribute-changes.ts";
import { isRecord, toJsonText, type Json } from "./lossless-json.ts";
import { changeOf, hasMark, list, member, textOf, type PlanChange, type PlanJson } from "./plan-json.ts";
import { collectMarked } from "./sensitive-values.ts";
import { writeOnlyValues } from "./write-only-values.ts";

/** How many of each; a replacement counts as `replace` only, a moved and updated resource as both. */
export interface Counts {
  add: number;
  change: number;
  destroy: number;
  replace: number;
  move: number;
  import: number;
  forget: number;
  outputs: number;
}

/** Counts of a plan that changes nothing. */
export const NO_CHANGES: Readonly<Counts> = { add: 0, change: 0, destroy: 0, replace: 0, move: 0, import: 0, forget: 0, outputs: 0 };

/** Kinds of change as policies name them; `other` is one that no policy can name, so that it is never let through. */
export type ChangeKind = "create" | "update" | "delete" | "replace" | "move" | "import" | "forget" | "outputs" | "other";

export type ResourceAction = "create" | "update" | "delete" | "replace" | "read" | "move" | "import" | "forget" | "no-op" | "other";

/** One resource that changes, sensitive values masked. */
export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly action: ResourceAction;
  readonly actions: readonly string[];
  readonly previous_address?: string;
  readonly import_id?: string;
  readonly deposed?: string;
  /** terraform's reason, e.g. replace_because_cannot_update. */
  readonly reason?: string;
  readonly attributes: readonly AttributeChange[];
  readonly more_attributes?: number;
}

/** One output that changes. */
export interface OutputChange {
  readonly name: string;
  readonly action: string;
  readonly sensitive: boolean;
  /** Not known before apply, at least in part. */
  readonly unknown: boolean;
  /** JSON text of the planned value, whole, where it is known and not sensitive. */
  readonly after?: string;
}

/** A check that does not pass; terraform itself only warns. */
export interface FailedCheck {
  readonly address: string;
  readonly status: string;
  readonly problems: readonly string[];
}

/** What a plan means, without secrets. */
export interface PlanSummary {
  readonly counts: Counts;
  readonly kinds: ChangeKind[];
  readonly changes: ResourceChange[];
  readonly drift: ResourceChange[];
  readonly outputs: OutputChange[];
  readonly checks: FailedCheck[];
  /** False: planned for a part only (`-target`), deferred, or errored. */
  readonly complete: boolean;
  readonly errored: boolean;
  /** Anything to apply, by the plan's content. */
  readonly applyable: boolean;
  /** Each sensitive value, and what is given to write-only arguments, for masking; strings of 4 and more characters, numbers as text. */
  readonly sensitive_values: string[];
}

const MAX_ATTRIBUTES = 100;

/** The action as one word, from the pair of lists that plan JSON uses. */
export function actionOf(change: PlanChange, moved: boolean): ResourceAction {
  const actions = [...change.actions].sort().join(",");
  if (actions === "no-op") return isRecord(change.importing) ? "import" : moved ? "move" : "no-op";
  if (actions === "create,delete" || actions === "create,forget") return "replace";
  return actions === "create" || actions === "update" || actions === "delete" || actions === "read" || actions === "forget"
    ? actions
    : "other";
}

function resourceChange(entry: Json): ResourceChange {
  const change = changeOf(member(entry, "change"));
  const address = textOf(member(entry, "address")) ?? "";
  const previous = textOf(member(entry, "previous_address"));
  const moved = previous !== undefined && previous !== address;
  const attributes = attributeChanges(change);
  const reason = textOf(member(entry, "action_reason"));
  const deposed = textOf(member(entry, "deposed"));
  const importId = textOf(member(change.importing, "id"));
  return {
    address,
    type: textOf(member(entry, "type")) ?? "",
    action: actionOf(change, moved),
    actions: change.actions,
    ...(moved ? { previous_address: previous } : {}),
    ...(isRecord(change.importing) ? { import_id: importId ?? "(by identity)" } : {}),
    ...(deposed === undefined ? {} : { deposed }),
    ...(reason === undefined ? {} : { reason }),
    attributes: attributes.slice(0, MAX_ATTRIBUTES),
    ...(attributes.length > MAX_ATTRIBUTES ? { more_attributes: attributes.length - MAX_ATTRIBUTES } : {}),
  };
}

/** OpenTofu lists what is ephemeral, too: it is opened each time that it plans or applies, and nothing changes by that. */
function isOpening(entry: Json): boolean {
  return textOf(member(entry, "mode")) === "ephemeral" && changeOf(member(entry, "change")).actions.join() === "open";
}

function outputChanges(plan: PlanJson): OutputChange[] {
  const entries = isRecord(plan["output_changes"]) ? Object.entries(plan["output_changes"]) : [];
  return entries.map(([name, entry]) => outputChange(name, changeOf(entry)));
}

function outputChange(name: string, change: PlanChange): OutputChange {
  const sensitive = hasMark(change.afterSensitive) || hasMark(change.beforeSensitive);
  const unknown = hasMark(change.afterUnknown);
  const action = change.actions.length === 1 ? (change.actions[0] ?? "other") : "other";
  const isKnown = !unknown && !sensitive && action !== "delete";
  return { name, action, sensitive, unknown, ...(isKnown ? { after: toJsonText(change.after) } : {}) };
}

function sensitiveValues(plan: PlanJson): string[] {
  const found = new Set<string>();
  const declared = member(member(plan["configuration"], "root_module"), "variables");
  for (const [name, variable] of isRecord(plan["variables"]) ? Object.entries(plan["variables"]) : []) {
    if (member(member(declared, name), "sensitive") === true) collectMarked(member(variable, "value"), true, found);
  }
  const outputs = isRecord(plan["output_changes"]) ? Object.values(plan["output_changes"]) : [];
  for (const entry of [...list(plan["resource_changes"]), ...list(plan["resource_drift"])]
    .map((item) => member(item, "change"))
    .concat(outputs)) {
    const change = changeOf(entry);
    collectMarked(change.before, change.beforeSensitive, found);
    collectMarked(change.after, change.afterSensitive, found);
  }
  for (const value of writeOnlyValues(plan)) found.add(value);
  return [...found];
}

function failedChecks(plan: PlanJson): FailedCheck[] {
  return list(plan["checks"])
    .filter((check) => ["fail", "error"].includes(textOf(member(check, "status")) ?? ""))
    .map((check) => ({
      address: textOf(member(member(check, "address"), "to_display")) ?? "",
      status: textOf(member(check, "status")) ?? "",
      problems: list(member(check, "instances"))
        .flatMap((instance) => list(member(instance, "problems")))
        .map((problem) => visible(shorten(textOf(member(problem, "message")) ?? "")))
        .slice(0, 10),
    }));
}

const KIND_OF: Partial<Record<ResourceAction, ChangeKind>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  move: "move",
  import: "import",
  forget: "forget",
  other: "other",
};
const COUNT_OF: Partial<Record<ResourceAction, keyof Counts>> = {
  create: "add",
  update: "change",
  delete: "destroy",
  replace: "replace",
  forget: "forget",
};

/**
 * Plan JSON → what it means. Pure. Works for terraform and tofu, which has neither `applyable` nor `complete`:
 * there the plan is applyable where anything changes.
 */
export function summarisePlan(plan: PlanJson): PlanSummary {
  const counts: Counts = { ...NO_CHANGES };
  const kinds = new Set<ChangeKind>();
  const changes = list(plan["resource_changes"])
    .filter((entry) => !isOpening(entry))
    .map(resourceChange)
    .filter((change) => change.action !== "no-op");
  for (const change of changes) {
    const count = COUNT_OF[change.action];
    if (count !== undefined) counts[count] += 1;
    const kind = KIND_OF[change.action];
    if (kind !== undefined) kinds.add(kind);
    if (change.previous_address !== undefined) {
      counts.move += 1;
      kinds.add("move");
    }
    if (change.import_id !== undefined) {
      counts.import += 1;
      kinds.add("import");
    }
  }
  const outputs = outputChanges(plan);
  counts.outputs = outputs.filter((output) => output.action !== "no-op").length;
  if (counts.outputs > 0) kinds.add("outputs");
  const hasUnnamed = ["deferred_changes", "action_invocations", "deferred_action_invocations"].some((name) => list(plan[name]).length > 0);
  if (hasUnnamed) kinds.add("other");
  return {
    counts,
    kinds: [...kinds].sort(),
    changes,
    drift: list(plan["resource_drift"])
      .map(resourceChange)
      .filter((change) => change.action !== "no-op"),
    outputs,
    checks: failedChecks(plan),
    complete: plan["complete"] !== false && plan["errored"] !== true,
    errored: plan["errored"] === true,
    applyable:
      typeof plan["applyable"] === "boolean" ? plan["applyable"] : plan["errored"] !== true && (changes.length > 0 || counts.outputs > 0),
    sensitive_values: sensitiveValues(plan),
  };
}
