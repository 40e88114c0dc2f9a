import { OpsError } from "@platform-ops/errors";
import type { Closure, Json } from "../definition/definition.ts";
import { validateValue, withDefaults } from "../definition/validate-value.ts";
import { shown } from "../page/who.ts";
import type { DryRun } from "./dry-run.ts";
import { Findings } from "./findings.ts";
import { Knowledge, Values } from "./knowledge.ts";
import { PlanWalk } from "./walk.ts";

/** What a plan may be told about the place where it would run. */
export interface PlanOptions {
  /** Names of what the server may call: capabilities that are bound, and tools as `server/tool`. */
  readonly tools?: readonly string[];
}

/**
 * What a run of a definition with these inputs would do: which ways are decided already, which steps will or may run, what is
 * called, who decides, what it locks and changes, and what cannot be known yet. Nothing is started and nothing is looked at.
 * @throws OpsError `not_found` where the closure does not hold its own root
 */
export function planDefinition(closure: Closure, inputs: { readonly [name: string]: Json }, options: PlanOptions = {}): DryRun {
  const definition = Object.hasOwn(closure.definitions, closure.root) ? closure.definitions[closure.root] : undefined;
  if (definition === undefined) throw new OpsError("not_found", `The closure does not hold \`${closure.root}\`.`);
  const given = withDefaults(definition.inputs, inputs) as { readonly [name: string]: Json };
  const problems = validateValue(definition.inputs, given).map(({ path, message }) => ({ input: inputOf(path, message), message }));
  const findings = new Findings(definition.risk, options.tools === undefined ? undefined : new Set(options.tools));
  const known = new Values(Object.entries(given));
  new PlanWalk(closure, findings).definition(definition, known, "will", "");
  const start = new Knowledge(known, definition.env);
  const { steps, branches, calls, approvals, effects, risk, actions, questions } = findings;
  return {
    workflow: definition.id,
    version: definition.version,
    digest: closure.digest,
    problems,
    risk,
    effects,
    branches,
    steps,
    calls,
    approvals,
    locks: definition.locks.map((lock) => {
      const found = start.template(lock);
      return "value" in found ? { name: shown(found.value), known: true } : { name: shown(lock), known: false };
    }),
    secrets: [...new Set(Object.values(closure.definitions).flatMap((one) => one.secrets))],
    actions: { min: Math.min(actions.min, definition.budget.actions), max: Math.min(actions.max, definition.budget.actions) },
    questions,
    unknown: [...findings.unknown],
  };
}

/** `$.service` → `service`; of a missing or unknown one the name that the message tells. */
function inputOf(path: string, message: string): string {
  const named = /^`\$\.([^`.[]+)/.exec(message)?.[1] ?? /^\$\.([^.[]+)/.exec(path)?.[1];
  return named ?? "inputs";
}
