import { OPERATIONS, type Operation } from "./infra-config.ts";
import { printable } from "./printable.ts";

/**
 * What is wrong with a list of operations; empty when it is legal. The legal lists are [init, validate],
 * [init, validate, plan] and [init, validate, plan, apply]; an empty list stands for the last.
 *
 * `validate` must be written although the run does not start it separately where `plan` follows: planning validates.
 * Who writes [init, plan, apply] is told so rather than guessed at, as configurations are shared with the
 * original orchestrator, which refuses that list.
 */
export function operationFaults(operations: readonly string[], kind: string): string[] {
  if (operations.length === 0) return [];
  const faults: string[] = [];
  const unknown = [...new Set(operations.filter((operation) => !isOperation(operation)))];
  for (const operation of unknown) faults.push(`unknown operation '${printable(operation)}' for kind '${kind}'`);
  for (const operation of OPERATIONS) {
    if (operations.filter((written) => written === operation).length > 1) faults.push(`duplicate operation '${operation}'`);
  }
  const at = (operation: Operation) => operations.indexOf(operation);
  const has = (operation: Operation) => operations.includes(operation);
  for (const needed of ["init", "validate"] as const) {
    if (!has(needed)) faults.push(`operation '${needed}' is required for kind '${kind}'`);
  }
  if (has("init") && has("validate") && at("validate") < at("init")) faults.push("operation 'validate' must come after 'init'");
  if (has("validate") && has("plan") && at("plan") < at("validate")) faults.push("operation 'plan' must come after 'validate'");
  if (has("apply") && !has("plan")) faults.push("operation 'apply' requires 'plan' to be present");
  if (has("apply") && has("plan") && at("apply") < at("plan")) faults.push("operation 'apply' must come after 'plan'");
  return faults;
}

/** True for a word that names an operation. */
export function isOperation(text: string): text is Operation {
  return (OPERATIONS as readonly string[]).includes(text);
}
