import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "./action.ts";
import { Watched, type Command } from "./watched-book.test-support.ts";

const id = fc.nat({ max: 4 });
const agent = fc.nat({ max: 2 });
const result = fc.nat({ max: 2 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("open" as const), id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("present" as const, "take_over" as const, "claim" as const), agent, id }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      agent,
      attempt: fc.nat({ max: 30 }),
      result,
      outcome: fc.constantFrom<Outcome>("completed", "completed", "completed", "progress", "failed", "blocked", "declined"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("submit_bare" as const), result }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("submit_person" as const), id, result }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      id,
      verdict: fc.constantFrom("ok" as const, "wrong" as const, "undecided" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), minutes: fc.nat({ max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("release" as const, "cancel" as const, "collect" as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("carry_on" as const) }) },
);

describe("the action book under any interleaving", () => {
  it("ends an action once, believes only the current attempt, gives stable receipts, and never shares a lease", () => {
    const property = fc.property(fc.array(command, { minLength: 10, maxLength: 60, size: "max" }), (commands) => {
      const watched = new Watched();
      for (const one of commands) {
        watched.run(one);
        watched.check();
      }
    });
    const { failed, counterexample, errorInstance } = fc.check(property, { numRuns: 300, seed: 7 });
    expect({ failed, counterexample, errorInstance }).toEqual({ failed: false, counterexample: null, errorInstance: null });
  });
});
