import { describe, expect, it } from "vitest";
import { project } from "../kubernetes/projection.ts";
import { EVENT_PROJECTION, foldEvents, isSince } from "./events.ts";
import { recordedRows } from "./recorded.test-support.ts";

const row = (more: Record<string, unknown>): Record<string, unknown> => ({
  kind: "Event",
  type: "Warning",
  reason: "BuildFailed",
  message: "no",
  object: { kind: "Kustomization", namespace: "apps", name: "app" },
  created: "2026-05-04T09:00:00Z",
  ...more,
});

describe("events", () => {
  it("of a recording: the newest first, equal ones once, none lost", () => {
    const rows = recordedRows("events").map((one) => project(one, EVENT_PROJECTION));
    const folded = foldEvents(rows);
    expect(folded.map((event) => event.last)).toEqual(
      folded
        .map((event) => event.last)
        .toSorted()
        .toReversed(),
    );
    const total = rows.reduce((sum, one) => sum + Number(one["count"] ?? 1), 0);
    expect(folded.reduce((sum, event) => sum + event.count, 0)).toBe(total);
    expect(new Set(folded.map(({ reason, message, object }) => JSON.stringify([reason, message, object]))).size).toBe(folded.length);
  });

  it("are sorted by the right time: series, last, event, creation", () => {
    const folded = foldEvents([
      row({ message: "created", created: "2026-05-04T09:01:00Z" }),
      row({
        message: "series",
        time: "2026-05-04T08:00:00Z",
        last: "2026-05-04T08:30:00Z",
        series: { count: 7, lastObservedTime: "2026-05-04T09:04:00Z" },
      }),
      row({ message: "last", last: "2026-05-04T09:03:00Z", count: 2 }),
      row({ message: "new", time: "2026-05-04T09:02:00.000001Z" }),
    ]);
    expect(folded.map((event) => [event.message, event.count])).toEqual([
      ["series", 7],
      ["last", 2],
      ["new", 1],
      ["created", 1],
    ]);
  });

  it("that say the same are folded, with their first and last time", () => {
    const [one, ...others] = foldEvents([
      row({ first: "2026-05-04T09:00:00Z", last: "2026-05-04T09:05:00Z", count: 3 }),
      row({ first: "2026-05-04T08:00:00Z", last: "2026-05-04T08:30:00Z", count: 2 }),
    ]);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ count: 5, first: "2026-05-04T08:00:00Z", last: "2026-05-04T09:05:00Z" });
    expect(isSince(one!, new Date("2026-05-04T09:05:00Z"))).toBe(true);
    expect(isSince(one!, new Date("2026-05-04T09:05:01Z"))).toBe(false);
  });
});
