import { createHash, createHmac } from "node:crypto";

import { isRecord, toJsonText, type Json } from "./lossless-json.ts";
import { childMark, hasMark, isWhole, list, member, textOf, type PlanJson } from "./plan-json.ts";

const isNoOp = (change: Json | undefined): boolean => {
  const actions = list(member(change, "actions"));
  return actions.length === 1 && actions[0] === "no-op";
};

/** The value with each sensitive part replaced by its keyed hash: equal secrets stay equal, none can be guessed without the key. */
function hideSensitive(value: Json | undefined, mark: Json | undefined, key: Uint8Array): Json {
  if (value === undefined) return null;
  if (isWhole(mark)) return { "sensitive:hmac-sha256": createHmac("sha256", key).update(toJsonText(value, true)).digest("hex") };
  if (!hasMark(mark)) return value;
  if (Array.isArray(value)) return value.map((item, index) => hideSensitive(item, childMark(mark, index), key));
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hideSensitive(item, childMark(mark, name), key)]));
  return value;
}

function meaning(change: Json | undefined, key: Uint8Array): Json {
  if (!isRecord(change)) return null;
  return {
    ...change,
    before: hideSensitive(change["before"], change["before_sensitive"], key),
    after: hideSensitive(change["after"], change["after_sensitive"], key),
    // Generated configuration may hold what is sensitive; `after` says the same.
    generated_config: null,
  };
}

const isMeant = (entry: Json): boolean => {
  const previous = textOf(member(entry, "previous_address"));
  const isMoved = previous !== undefined && previous !== textOf(member(entry, "address"));
  return isMoved || !isNoOp(member(entry, "change")) || isRecord(member(member(entry, "change"), "importing"));
};

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * SHA-256 (hex) of what a plan means: all resource changes that are no no-op (moves and imports included), output changes,
 * deferred changes and actions, in canonical JSON; and of what decides where and how that is done without being a change:
 * the variables' values and the configuration, with its providers and provisioners. Independent of time, order and plan
 * bytes; equal for two plans of the same thing. Values that are or may be sensitive enter as HMAC-SHA256 under `key`.
 */
export function semanticDigest(plan: PlanJson, key: Uint8Array): string {
  const entries = (name: string): Json[] =>
    list(plan[name])
      .filter(isMeant)
      .map((entry) => (isRecord(entry) ? Object.assign({}, entry, { change: meaning(entry["change"], key) }) : entry));
  const sorted = (items: Json[]): string[] => items.map((item) => toJsonText(item, true)).sort(order);
  const hidden = (name: string): string =>
    createHmac("sha256", key)
      .update(toJsonText(plan[name] ?? null, true))
      .digest("hex");
  const outputs = isRecord(plan["output_changes"]) ? Object.entries(plan["output_changes"]).filter(([, change]) => !isNoOp(change)) : [];
  const parts = {
    resource_changes: sorted(entries("resource_changes")),
    output_changes: outputs.map(([name, change]) => toJsonText([name, meaning(change, key)], true)).sort(order),
    deferred_changes: sorted(list(plan["deferred_changes"])),
    action_invocations: sorted(list(plan["action_invocations"])),
    deferred_action_invocations: sorted(list(plan["deferred_action_invocations"])),
    complete: plan["complete"] ?? true,
    variables: hidden("variables"),
    configuration: hidden("configuration"),
  };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
