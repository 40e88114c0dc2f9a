import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { EventTail, parseEventLine } from "./events.ts";
import { StreamFacts } from "./stream-facts.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "events-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hook = (type: string, addr: string, action = "create"): string => JSON.stringify({ type, hook: { resource: { addr }, action } });

describe("EventTail", () => {
  test("follows a growing file, over cut lines and cut characters", async () => {
    const path = join(folder, "out");
    const tail = new EventTail(path);
    expect(await tail.read()).toEqual([]);
    const bytes = Buffer.from('{"type":"log","@message":"grüße"}\n{"type":"version"');
    await writeFile(path, bytes.subarray(0, 29));
    expect(await tail.read()).toEqual([]);
    await appendFile(path, bytes.subarray(29));
    expect(await tail.read()).toEqual([{ type: "log", "@message": "grüße" }]);
    await appendFile(path, ',"terraform":"1.11.4"}');
    expect(await tail.read()).toEqual([]);
    expect(await tail.finish()).toEqual([{ type: "version", terraform: "1.11.4" }]);
    expect(tail.offset).toBe(bytes.length + 22);
    const again = new EventTail(path, 35);
    expect(await again.finish()).toHaveLength(1);
  });

  test("a line of 3 MB is one line", async () => {
    const path = join(folder, "out");
    await writeFile(path, `${JSON.stringify({ type: "outputs", value: "x".repeat(3_000_000) })}\n{"type":"log"}\n`);
    expect((await new EventTail(path).read()).map((event) => event.type)).toEqual(["outputs", "log"]);
  });

  test("what is no event is kept aside, bounded", async () => {
    const path = join(folder, "out");
    await writeFile(
      path,
      `\u001b[0m\u001b[32m\nSuccessfully configured the backend "local"!\n[]\n{"no":"type"}\n{"type":1}\nnull\n{"type":"log"\n${"noise\n".repeat(200)}`,
    );
    const tail = new EventTail(path);
    expect(await tail.finish()).toEqual([]);
    expect(tail.noise.length).toBe(50);
    expect(tail.noise[1]).toContain("Successfully configured");
  });

  test("a line that begins with something else is no event", () => {
    expect(parseEventLine('x {"type":"log"}')).toBeUndefined();
    expect(parseEventLine('  {"type":"log"}')).toEqual({ type: "log" });
  });
});

describe("StreamFacts", () => {
  const fold = (...lines: string[]): StreamFacts => {
    const facts = new StreamFacts();
    for (const line of lines) {
      const event = parseEventLine(line);
      if (event !== undefined) facts.add(event);
    }
    return facts;
  };

  test("in flight is what was begun and neither finished nor failed; both halves of a replacement count", () => {
    const facts = fold(
      hook("apply_start", "a", "delete"),
      hook("apply_complete", "a", "delete"),
      hook("apply_start", "a"),
      hook("apply_start", "b"),
      hook("apply_errored", "b"),
      hook("apply_start", "c"),
      hook("apply_complete", "c"),
    );
    expect(facts.inFlight()).toEqual([{ address: "a", action: "create" }]);
    expect(facts.progress("apply")).toMatchObject({ step: "apply", started: 4, completed: 2, errored: 1, in_flight: ["a"] });
  });

  test("summaries are told apart by operation; tofu's forget counts", () => {
    const facts = fold(
      '{"type":"change_summary","changes":{"add":1,"change":0,"import":0,"remove":0,"operation":"plan"}}',
      '{"type":"change_summary","changes":{"add":1,"change":0,"import":0,"remove":2,"forget":3,"operation":"apply"}}',
    );
    expect(facts.summaries.get("plan")).toMatchObject({ add: 1, remove: 0, forget: 0 });
    expect(facts.summaries.get("apply")).toMatchObject({ remove: 2, forget: 3 });
  });

  test("program, lock wait, interrupt and empty init are seen", () => {
    expect(fold('{"type":"version","tofu":"1.11.0"}')).toMatchObject({ kind: "tofu", version: "1.11.0" });
    const waiting = fold('{"type":"state_lock_acquire"}');
    expect(waiting.waitingForLock).toBe(true);
    expect(fold('{"type":"state_lock_acquire"}', '{"type":"planned_change"}').waitingForLock).toBe(false);
    expect(fold('{"type":"log","@message":"Stopping operation..."}').interrupted).toBe(true);
    expect(fold('{"type":"init_output","message_code":"output_init_empty_message"}').initialisedEmpty).toBe(true);
  });

  test("malformed events change nothing", () => {
    const facts = fold(
      '{"type":"apply_start"}',
      '{"type":"apply_start","hook":{"resource":[]}}',
      '{"type":"diagnostic"}',
      '{"type":"change_summary","changes":null}',
      '{"type":"change_summary","changes":{"add":"many","operation":"apply"}}',
      '{"type":"new_in_2.0","x":1}',
    );
    expect(facts.started.size).toBe(0);
    expect(facts.summaries.get("apply")?.add).toBe(0);
  });
});
