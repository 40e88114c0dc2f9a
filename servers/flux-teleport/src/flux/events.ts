import { number, record, text } from "../kubernetes/fields.ts";
import type { Projection } from "../kubernetes/projection.ts";
import type { ObjectRef } from "./flux-object.ts";

/** One event, or several that say the same of the same object. */
export interface FoldedEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: ObjectRef;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly from?: string;
}

/** What is read of an event. */
export const EVENT_PROJECTION: Projection = {
  name: ["metadata", "name"],
  created: ["metadata", "creationTimestamp"],
  type: ["type"],
  reason: ["reason"],
  message: ["message"],
  note: ["note"],
  count: ["count"],
  first: ["firstTimestamp"],
  last: ["lastTimestamp"],
  time: ["eventTime"],
  series: ["series"],
  object: ["involvedObject"],
  component: ["reportingComponent"],
  source: ["source", "component"],
};

/**
 * Rows of events → the newest first, equal ones folded. Events of the new kind have no lastTimestamp, so the right time is that of
 * their series, else lastTimestamp, else eventTime, else that of their creation.
 */
export function foldEvents(rows: readonly Record<string, unknown>[]): FoldedEvent[] {
  const folded = new Map<string, FoldedEvent>();
  for (const row of rows) {
    const event = readEvent(row);
    const key = JSON.stringify([event.type, event.reason, event.message, event.object]);
    const known = folded.get(key);
    folded.set(
      key,
      known === undefined
        ? event
        : {
            ...known,
            count: known.count + event.count,
            first: event.first < known.first ? event.first : known.first,
            last: event.last > known.last ? event.last : known.last,
          },
    );
  }
  return [...folded.values()].sort((a, b) => (a.last < b.last ? 1 : a.last > b.last ? -1 : 0));
}

function readEvent(row: Record<string, unknown>): FoldedEvent {
  const series = record(row["series"]);
  const object = record(row["object"]);
  const created = text(row["created"]) ?? "";
  const last = text(series["lastObservedTime"]) ?? text(row["last"]) ?? text(row["time"]) ?? created;
  const from = text(row["component"]) ?? text(row["source"]);
  return {
    type: text(row["type"]) ?? "Normal",
    reason: text(row["reason"]) ?? "",
    message: text(row["message"]) ?? text(row["note"]) ?? "",
    object: { kind: text(object["kind"]) ?? "", namespace: text(object["namespace"]) ?? "", name: text(object["name"]) ?? "" },
    count: number(series["count"]) ?? number(row["count"]) ?? 1,
    first: text(row["first"]) ?? text(row["time"]) ?? created,
    last,
    ...(from === undefined ? {} : { from }),
  };
}

/** Whether something happened at or after that time. */
export function isSince(event: FoldedEvent, since: Date): boolean {
  return Date.parse(event.last) >= since.getTime();
}
