import { describe, expect, it } from "vitest";
import { closureFrom, play } from "../scenario/played.test-support.ts";
import { RunLocks } from "./run-locks.ts";
import { emptyJournal } from "./journal.ts";
import type { LockAnswer, Ports } from "./ports.ts";
import { RunScope } from "./scope.ts";

const WORK = `
inputs: { type: object, properties: { place: { type: string, default: prod } } }
locks: ["deploy:\${{ inputs.place }}", "a"]
steps:
  - { id: go, type: mcp_call, capability: x.go, effects: write, idempotent: true, compensate: { capability: x.undo } }
finally:
  - { id: tidy, type: mcp_call, capability: x.tidy, effects: write, idempotent: true }
`;
const CALLS = "calls: [{ capability: x.go }, { capability: x.tidy }, { capability: x.undo }]";

describe("locks of a run", () => {
  it("begins at once where nobody holds them", async () => {
    const { problems } = await play(
      closureFrom(WORK),
      `${CALLS}\nexpect: { end: completed, waited_for: [], calls: { x.go: 1, x.tidy: 1 } }`,
    );
    expect(problems).toEqual([]);
  });

  it("waits for those that others hold, in the order of their names, and no step begins before", async () => {
    const { problems, took } = await play(
      closureFrom(WORK),
      `${CALLS}\nheld_locks: [{ name: "deploy:prod", until: 5m }, { name: a, by: run-7, until: 2m }]
expect: { end: completed, waited_for: [a, "deploy:prod"], calls: { x.go: 1 } }`,
    );
    expect(problems).toEqual([]);
    expect(took).toBe(5 * 60_000);
  });

  it("touches nothing where it is cancelled, or out of time, while it waits: not even to tidy up", async () => {
    const held = `${CALLS}\nheld_locks: [{ name: "deploy:prod", until: 1d }]\n`;
    const cancelled = await play(
      closureFrom(WORK),
      `${held}control: [{ at: 1m, cancel: compensate }]\nexpect: { end: cancelled, calls: { x.go: 0, x.tidy: 0, x.undo: 0 } }`,
    );
    expect(cancelled.problems).toEqual([]);
    const late = await play(
      closureFrom(`${WORK}budget: { wall_time: 1h }\n`),
      `${held}expect: { end: failed, error: out_of_time, calls: { x.go: 0, x.tidy: 0 } }`,
    );
    expect(late.problems).toEqual([]);
  });

  it("are taken by a workflow that another one calls when that begins, unless the run holds them already", async () => {
    const inner = `locks: [a, inner]\nsteps: [{ id: go, type: mcp_call, capability: x.go, effects: write, idempotent: true }]`;
    const outer = `locks: [a]\nsteps: [{ id: first, type: check, that: "true" }, { id: call, type: workflow, workflow: inner }]`;
    const { problems } = await play(
      closureFrom(outer, { inner }),
      `${CALLS}\nheld_locks: [{ name: inner, until: 5m }]\nexpect: { end: completed, waited_for: [inner], order: [first, go] }`,
    );
    expect(problems).toEqual([]);
  });

  it("fails a run whose lock has no name", async () => {
    const { problems } = await play(
      closureFrom(WORK.replace('"a"', "\"${{ inputs.place == 'prod' ? '' : 'x' }}\"")),
      `${CALLS}\nexpect: { end: failed, error: expression_failed, calls: { x.go: 0 } }`,
    );
    expect(problems).toEqual([]);
  });
});

/** A port that answers as it is told to, and notes what it was asked. */
function ports(answer: (name: string, scope: RunScope) => Promise<LockAnswer>): { readonly asked: string[]; readonly ports: Ports } {
  const asked: string[] = [];
  const lock: Ports["lock"] = ({ name, path }, scope) => {
    asked.push(`${name} by ${path}`);
    return answer(name, scope);
  };
  const unlock: Ports["unlock"] = async (name) => void asked.push(`${name} back`);
  return { asked, ports: { now: () => 7, lock, unlock } as unknown as Ports };
}

describe("locks within one run", () => {
  it("are taken by branches that need the same one after the other, in the order in which they asked", async () => {
    const world = ports(async () => "held");
    const locks = new RunLocks({ journal: emptyJournal(), ports: world.ports });
    await locks.take(["x"], "items[0]/call", new RunScope());
    const order: number[] = [];
    const others = [1, 2].map(async (item) => {
      await locks.take(["x"], `items[${item}]/call`, new RunScope());
      order.push(item);
      await locks.release(`items[${item}]/call`);
    });
    expect(world.asked).toEqual(["x by items[0]/call"]);
    await locks.release("items[0]/call");
    await Promise.all(others);
    expect(order).toEqual([1, 2]);
    expect(world.asked.filter((one) => one === "x back")).toHaveLength(3);
  });

  it("are given back where a later one cannot be had; a branch that is cancelled leaves its place", async () => {
    const journal = emptyJournal();
    const world = ports(async (name) => (name === "y" ? "deadlock" : "held"));
    const locks = new RunLocks({ journal, ports: world.ports });
    await expect(locks.take(["y", "x"], "call", new RunScope())).rejects.toMatchObject({ code: "locked" });
    expect(world.asked).toEqual(["x by call", "y by call", "x back"]);
    expect(journal.locks).toEqual({});
    await locks.take(["x"], "one", new RunScope());
    const scope = new RunScope();
    const waiting = locks.take(["x"], "two", scope);
    scope.cancel();
    await expect(waiting).rejects.toThrow("cancelled");
    expect(journal.locks).toEqual({ x: { path: "one", since: 7, held: true } });
  });

  it("keep what was held when the run was carried on, also where its scope has ended", async () => {
    const journal = { ...emptyJournal(), locks: { x: { path: "", since: 3, held: true as const } } };
    const world = ports(async (_, scope) => (scope.cancelled ? "cancelled" : "held"));
    const over = new RunScope();
    over.cancel();
    await new RunLocks({ journal, ports: world.ports }).take(["x"], "", over);
    expect(world.asked).toEqual(["x by "]);
  });
});
