import { describe, expect, test } from "vitest";
import type { PlanAnswer } from "../activity-contract.ts";
import type { Counts, RunNode } from "../run-contract.ts";
import { DESTROY_ORDER } from "./destroy-order.ts";
import { Scheduler, type Step } from "./scheduler.ts";

const COUNTS: Counts = { add: 0, change: 0, destroy: 2, replace: 0, move: 0, import: 0, forget: 0, outputs: 0 };
const node = (name: string, needs: number[] = [], apply = true): RunNode => ({ name, needs, operations: ["plan"], apply });
const changed = (plan: string): PlanAnswer => ({
  outcome: "changed",
  plan,
  counts: COUNTS,
  kinds: ["delete"],
  serial: 1,
  outputs: `outputs of ${plan}`,
});
const failure = { code: "command_failed" };
const states = (s: Scheduler): string[] => s.nodes.map((n) => n.state);
const destroying = (nodes: RunNode[], parallelism = 4): Scheduler => new Scheduler(nodes, parallelism, DESTROY_ORDER);
const plan = (index: number): Step => ({ do: "plan", node: index });
const apply = (index: number): Step => ({ do: "apply", node: index });

/** network ← subnets ← service, all planned and asked for. */
function planned(): Scheduler {
  const s = destroying([node("network"), node("subnets", [0]), node("service", [1])]);
  for (const index of [0, 1, 2]) {
    expect(s.next()).toEqual([plan(index)]);
    expect(s.toAsk()).toEqual([]);
    s.planned(index, changed(`p${index}`));
  }
  expect(s.next()).toEqual([]);
  expect(s.toAsk()).toEqual([0, 1, 2]);
  s.gated([0, 1, 2], { released: [], request: { id: "apr_1", expires_at: "", channels: ["cli"], nodes: [0, 1, 2] } });
  return s;
}

describe("a run that destroys", () => {
  test("plans in the order of making, asks once for all, and destroys in the other order", () => {
    const s = planned();
    expect(s.nodes[0]!.outputs).toBe("outputs of p0");
    s.approved([0, 1, 2], "rec");
    for (const index of [2, 1, 0]) {
      expect(s.next()).toEqual([apply(index)]);
      s.applied(index, { outcome: "done" });
    }
    expect(s.finished()).toBe(true);
    expect(states(s)).toEqual(["applied", "applied", "applied"]);
  });

  test("what could not be destroyed keeps all that it stands on, and their locks are given back", () => {
    const s = planned();
    s.approved([0, 1, 2], "rec");
    s.next();
    s.applied(2, { outcome: "partial", failure });
    expect(s.next()).toEqual([]);
    expect(states(s)).toEqual(["skipped", "skipped", "partial"]);
    expect(s.nodes.map((n) => n.cause)).toEqual(["service", "service", undefined]);
    expect(s.takeReleases().sort()).toEqual([0, 1]);
    expect(s.finished()).toBe(true);
  });

  test("one that cannot be planned: nothing below it is asked for, nothing above it is planned", () => {
    const s = destroying([node("network"), node("subnets", [0]), node("service", [1]), node("other")]);
    expect(s.next()).toEqual([plan(0), plan(3)]);
    s.planned(0, changed("p0"));
    s.planned(3, changed("p3"));
    s.next();
    s.planned(1, { outcome: "failed", failure });
    expect(s.next()).toEqual([]);
    expect(states(s)).toEqual(["skipped", "failed", "skipped", "awaiting_approval"]);
    expect(s.takeReleases()).toEqual([0]);
    expect(s.toAsk()).toEqual([3]);
  });

  test("a part that was rejected keeps what it stands on", () => {
    const s = planned();
    s.approved([0, 1], "rec");
    s.rejected([2]);
    expect(s.next()).toEqual([]);
    expect(states(s)).toEqual(["skipped", "skipped", "rejected"]);
    expect(s.takeReleases().sort()).toEqual([0, 1, 2]);
  });

  test("one that may only be planned keeps what it stands on for later", () => {
    const s = destroying([node("network"), node("service", [0], false)]);
    s.next();
    s.planned(0, changed("p0"));
    s.next();
    s.planned(1, changed("p1"));
    expect(s.next()).toEqual([]);
    expect(states(s)).toEqual(["deferred", "planned"]);
    expect(s.nodes[0]!.cause).toBe("service");
    expect(s.toAsk()).toEqual([]);
  });

  test("what is gone already is passed over; a plan that went stale is made and asked for again", () => {
    const s = destroying([node("network"), node("service", [0])]);
    s.next();
    s.planned(0, changed("p0"));
    s.next();
    s.planned(1, { outcome: "unchanged" });
    s.approved([0], "rec");
    expect(s.next()).toEqual([apply(0)]);
    s.applied(0, { outcome: "stale" });
    expect(s.next()).toEqual([plan(0)]);
    s.planned(0, changed("p0b"));
    expect(s.toAsk()).toEqual([0]);
  });

  test("cancelled: nothing new begins, what is approved is let go", () => {
    const s = planned();
    s.approved([0, 1, 2], "rec");
    s.next();
    s.cancel("drain");
    s.applied(2, { outcome: "done" });
    expect(s.next()).toEqual([]);
    expect(states(s)).toEqual(["cancelled", "cancelled", "applied"]);
    expect(s.takeReleases().sort()).toEqual([0, 1]);
  });
});
