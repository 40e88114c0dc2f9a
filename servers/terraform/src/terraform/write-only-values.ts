import { isRecord, parseLossless, type Json } from "./lossless-json.ts";
import { changeOf, list, member, textOf, type PlanJson } from "./plan-json.ts";
import { collectMarked } from "./sensitive-values.ts";
import type { RawJson } from "./step.ts";

/** Write-only arguments are named so by convention (developer documentation of terraform's plugins). */
const WRITE_ONLY = /_wo$/;

/** The steps of an address that stand for instances: `[0]`, `["a"]`. */
const INSTANCES = /\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g;

/**
 * What a configuration gives to write-only arguments: literals, and root variables that are named there. No plan marks these
 * as sensitive, or holds them anywhere but in its copy of the configuration; yet a provider that gets them may say them in
 * its diagnostics. Such an argument shows itself by its name, or because a literal is given and the planned value is null,
 * which no other one may be. What another expression computes is not known here.
 */
export function writeOnlyValues(plan: PlanJson): string[] {
  const planned = new Map<string, Json[]>();
  for (const entry of list(plan["resource_changes"])) {
    const { after } = changeOf(member(entry, "change"));
    const address = (textOf(member(entry, "address")) ?? "").replace(INSTANCES, "");
    if (isRecord(after)) planned.set(address, [...(planned.get(address) ?? []), after]);
  }
  const found = new Set<string>();
  collectModule(member(plan["configuration"], "root_module"), "", planned, plan, found);
  return [...found];
}

/** Values of ephemeral variables: those that are declared, and that no plan holds. `given`: what we gave; else their defaults. */
export function ephemeralValues(plan: PlanJson, given: Readonly<Record<string, RawJson>> = {}): string[] {
  const found = new Set<string>();
  const declared = member(member(plan["configuration"], "root_module"), "variables");
  for (const [name, variable] of isRecord(declared) ? Object.entries(declared) : []) {
    if (member(plan["variables"], name) !== undefined) continue;
    const value = given[name];
    collectMarked(value === undefined ? member(variable, "default") : parseLossless(value), true, found);
  }
  return [...found];
}

function collectModule(
  module: Json | undefined,
  path: string,
  planned: ReadonlyMap<string, readonly Json[]>,
  plan: PlanJson,
  found: Set<string>,
): void {
  // The variables of another module than the root have no values in a plan.
  const variables = path === "" ? plan["variables"] : undefined;
  for (const resource of list(member(module, "resources"))) {
    const instances = planned.get(`${path}${textOf(member(resource, "address")) ?? ""}`) ?? [];
    const expressions = member(resource, "expressions");
    for (const [name, expression] of isRecord(expressions) ? Object.entries(expressions) : []) {
      const isNull = instances.length > 0 && instances.every((after) => member(after, name) === null);
      if (isNull) collectMarked(member(expression, "constant_value"), true, found);
      collectNamed(name, expression, variables, found);
    }
  }
  const calls = member(module, "module_calls");
  for (const [name, call] of isRecord(calls) ? Object.entries(calls) : [])
    collectModule(member(call, "module"), `${path}module.${name}.`, planned, plan, found);
}

/** Arguments that are named as write-only, in nested blocks too. */
function collectNamed(name: string, expression: Json, variables: Json | undefined, found: Set<string>): void {
  if (WRITE_ONLY.test(name)) {
    collectMarked(member(expression, "constant_value"), true, found);
    for (const reference of list(member(expression, "references"))) {
      const variable = /^var\.([^.[]+)$/.exec(textOf(reference) ?? "")?.[1];
      if (variable !== undefined) collectMarked(member(member(variables, variable), "value"), true, found);
    }
    return;
  }
  for (const block of Array.isArray(expression) ? expression : [expression])
    if (isRecord(block) && !("constant_value" in block) && !("references" in block))
      for (const [inner, value] of Object.entries(block)) collectNamed(inner, value, variables, found);
}
