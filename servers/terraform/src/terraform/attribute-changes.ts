import { isRecord, toJsonText, type Json } from "./lossless-json.ts";
import { childMark, hasMark, isWhole, list, member, type PlanChange } from "./plan-json.ts";

/** One attribute that changes; values as JSON text, at most 500 characters. */
export interface AttributeChange {
  /** e.g. tags["Name"], rule[0].port */
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
  readonly sensitive?: true;
  /** Known only after apply. */
  readonly unknown?: true;
  readonly forces_replacement?: true;
}

const MASKED = "(sensitive)";
const MAX_VALUE = 500;

/** Characters that a terminal or an editor acts upon instead of showing (C1 controls, direction marks, line separators). */
const INVISIBLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with what cannot be seen made visible; JSON escapes the C0 controls itself. */
export const visible = (text: string): string =>
  text.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** At most 500 characters of it, and how long it is. */
export const shorten = (text: string): string =>
  text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}… (${text.length} characters)`;

const same = (a: Json | undefined, b: Json | undefined): boolean => toJsonText(a, true) === toJsonText(b, true);

const step = (path: string, key: string | number): string =>
  typeof key === "number"
    ? `${path}[${key}]`
    : /^[A-Za-z_][\w-]*$/.test(key)
      ? path === ""
        ? key
        : `${path}.${key}`
      : `${path}[${JSON.stringify(key)}]`;

interface Place {
  readonly path: string;
  readonly keys: readonly (string | number)[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly unknown: Json | undefined;
  readonly beforeSensitive: Json | undefined;
  readonly afterSensitive: Json | undefined;
}

function below(place: Place, key: string | number): Place {
  const child = (value: Json | undefined): Json | undefined => (Array.isArray(value) ? value[Number(key)] : member(value, String(key)));
  return {
    path: step(place.path, key),
    keys: [...place.keys, key],
    before: child(place.before),
    after: child(place.after),
    unknown: childMark(place.unknown, key),
    beforeSensitive: childMark(place.beforeSensitive, key),
    afterSensitive: childMark(place.afterSensitive, key),
  };
}

function keysOf(place: Place): (string | number)[] {
  const sides = [place.before, place.after].filter((side) => side !== undefined && side !== null);
  if (sides.length > 0 && sides.every(Array.isArray)) {
    const length = Math.max(...[...sides, list(place.unknown)].map((side) => side.length));
    return Array.from({ length }, (_, index) => index);
  }
  if (sides.length > 0 && sides.every(isRecord)) {
    const unknown = isRecord(place.unknown) ? Object.keys(place.unknown).filter((key) => hasMark(childMark(place.unknown, key))) : [];
    return [...new Set([...sides.flatMap((side) => Object.keys(side)), ...unknown])].sort();
  }
  return [];
}

function collectChanges(place: Place, replaced: ReadonlySet<string>, found: AttributeChange[]): void {
  const wholeSensitive = isWhole(place.beforeSensitive) || isWhole(place.afterSensitive);
  const keys = wholeSensitive || isWhole(place.unknown) ? [] : keysOf(place);
  if (keys.length > 0) {
    for (const key of keys) collectChanges(below(place, key), replaced, found);
    return;
  }
  const isUnknown = hasMark(place.unknown);
  const isAbsent = (side: Json | undefined): boolean => side === undefined || side === null;
  // A provider may mark what nobody gave.
  if (!isUnknown && isAbsent(place.before) && isAbsent(place.after)) return;
  if (!isUnknown && same(place.before, place.after) && wholeSensitive === false) return;
  if (!isUnknown && wholeSensitive && same(place.before, place.after) && isWhole(place.beforeSensitive) === isWhole(place.afterSensitive))
    return;
  const shown = (value: Json | undefined): string =>
    wholeSensitive || hasMark(place.beforeSensitive) || hasMark(place.afterSensitive) ? MASKED : visible(shorten(toJsonText(value)));
  found.push({
    path: visible(place.path),
    ...(isAbsent(place.before) ? {} : { before: shown(place.before) }),
    ...(isUnknown ? { unknown: true as const } : isAbsent(place.after) ? {} : { after: shown(place.after) }),
    ...(wholeSensitive ? { sensitive: true as const } : {}),
    ...(replaced.has(JSON.stringify(place.keys)) ? { forces_replacement: true as const } : {}),
  });
}

/** All attributes of a change that differ or become unknown, sensitive values masked at every mark of either side. */
export function attributeChanges(change: PlanChange): AttributeChange[] {
  const { before, after, afterUnknown: unknown, beforeSensitive, afterSensitive } = change;
  const found: AttributeChange[] = [];
  const replaced = new Set(list(change.replacePaths).map((path) => toJsonText(path)));
  collectChanges({ path: "", keys: [], before, after, unknown, beforeSensitive, afterSensitive }, replaced, found);
  return found;
}
