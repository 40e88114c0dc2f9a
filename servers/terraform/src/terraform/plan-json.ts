import { isRecord, type Json } from "./lossless-json.ts";

/** The parts of `show -json <plan>` that we read (format_version 1.x); empty collections are omitted by the programs. */
export interface PlanJson {
  readonly [key: string]: Json;
}

/** One entry of resource_changes, resource_drift or output_changes. */
export interface PlanChange {
  readonly actions: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly afterUnknown: Json | undefined;
  readonly beforeSensitive: Json | undefined;
  readonly afterSensitive: Json | undefined;
  readonly replacePaths: Json | undefined;
  readonly importing: Json | undefined;
}

/** A member of a record, or undefined. */
export function member(value: Json | undefined, key: string): Json | undefined {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A list, or an empty one. */
export function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** A text, or undefined. */
export function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The `change` of an entry. */
export function changeOf(entry: Json | undefined): PlanChange {
  return {
    actions: list(member(entry, "actions")).filter((action) => typeof action === "string"),
    before: member(entry, "before"),
    after: member(entry, "after"),
    afterUnknown: member(entry, "after_unknown"),
    beforeSensitive: member(entry, "before_sensitive"),
    afterSensitive: member(entry, "after_sensitive"),
    replacePaths: member(entry, "replace_paths"),
    importing: member(entry, "importing"),
  };
}

/** True where the mark tree says that the whole value is marked. */
export const isWhole = (mark: Json | undefined): boolean => mark === true;

/** The mark of a child: a mark on the whole covers all below it. */
export function childMark(mark: Json | undefined, key: string | number): Json | undefined {
  if (mark === true) return true;
  return Array.isArray(mark) ? mark[Number(key)] : member(mark, String(key));
}

/** True where any part is marked. */
export function hasMark(mark: Json | undefined): boolean {
  if (mark === true) return true;
  if (Array.isArray(mark)) return mark.some(hasMark);
  return isRecord(mark) && Object.values(mark).some(hasMark);
}
