import { describe, expect, it } from "vitest";
import { EventInbox, MAX_EVENT_BYTES, MAX_EVENTS, MAX_EVENTS_BYTES } from "./event-inbox.ts";

const carriedOn = (inbox: EventInbox): EventInbox =>
  EventInbox.create(JSON.parse(JSON.stringify(inbox.state)) as ReturnType<() => EventInbox["state"]>);

describe("the inbox of events", () => {
  it("keeps what came early, oldest first, also where the run is carried on", () => {
    const inbox = EventInbox.create();
    for (const value of [1, 2, null]) expect(inbox.put("deployed", value)).toBe(true);
    inbox.put("other", "x");
    const next = carriedOn(inbox);
    expect(["a", "b", "c", "d"].map((path) => next.reserve("deployed", path)?.value)).toEqual([1, 2, null, undefined]);
    expect(next.has("other")).toBe(true);
  });

  it("gives an event to one step; until that is in the journal, a run that is carried on has it still", () => {
    const inbox = EventInbox.create();
    inbox.put("deployed", 1);
    expect(inbox.reserve("deployed", "one")?.value).toBe(1);
    expect(inbox.reserve("deployed", "two")).toBeUndefined();
    expect(inbox.reserve("deployed", "one")?.value).toBe(1);
    expect(carriedOn(inbox).reserve("deployed", "one")?.value).toBe(1);
    inbox.taken("one");
    expect(carriedOn(inbox).state).toEqual([]);
  });

  it("gives what a cancelled step had to another", () => {
    const inbox = EventInbox.create();
    inbox.put("deployed", 1);
    inbox.reserve("deployed", "one");
    inbox.release("one");
    expect(inbox.reserve("deployed", "two")?.value).toBe(1);
    inbox.taken("one");
    expect(inbox.state).toHaveLength(1);
  });

  it("is bounded in number, in bytes, and in the bytes of one", () => {
    const many = EventInbox.create();
    const kept = Array.from({ length: MAX_EVENTS + 5 }, (_, at) => many.put(`event-${at}`, at));
    expect(kept.filter(Boolean)).toHaveLength(MAX_EVENTS);
    expect(EventInbox.create().refusal("large", "é".repeat(MAX_EVENT_BYTES / 2))).toContain(`at most ${MAX_EVENT_BYTES} bytes`);
    const bulky = EventInbox.create();
    for (let at = 0; at < 20; at += 1) bulky.put("bulk", "x".repeat(MAX_EVENT_BYTES - 100));
    expect(JSON.stringify(bulky.state).length).toBeLessThan(MAX_EVENTS_BYTES + 2_000);
    expect(bulky.state).toHaveLength(4);
  });
});
