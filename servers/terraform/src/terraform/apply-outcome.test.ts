import { describe, expect, test } from "vitest";
import { decideOutcome } from "./apply-outcome.ts";
import { StreamFacts } from "./stream-facts.ts";

// Events as terraform 1.11.4 and OpenTofu 1.11.0 print them when a provider's process ends in the middle of an apply.

const resource = (addr: string): Record<string, unknown> => ({ resource: { addr }, action: "create" });
const providerEnded = {
  type: "diagnostic",
  diagnostic: {
    severity: "error",
    summary: "Plugin did not respond",
    detail: "The plugin encountered an error, and failed to respond to the plugin6.(*GRPCProvider).ApplyResourceChange call.",
  },
};
const refused = {
  type: "diagnostic",
  diagnostic: { severity: "error", summary: "Thing refused", detail: "no room", address: "acme_thing.refused" },
};

function factsOf(...events: readonly Record<string, unknown>[]): StreamFacts {
  const facts = new StreamFacts();
  for (const event of events) facts.add(event as Parameters<StreamFacts["add"]>[0]);
  return facts;
}

const failedCreates = (...addresses: readonly string[]): Record<string, unknown>[] =>
  addresses.flatMap((address) => [
    { type: "apply_start", hook: resource(address) },
    { type: "apply_errored", hook: resource(address) },
  ]);

describe("an apply that ended by itself with a failure", () => {
  test("is in doubt where a provider ended while it worked: what it made is in no state", async () => {
    const facts = factsOf(...failedCreates("acme_thing.made"), providerEnded);
    expect(await decideOutcome({ code: 1, facts, moved: false, reconcile: undefined })).toMatchObject({ outcome: "in_doubt" });
    expect(facts.lostByProvider()).toEqual([{ address: "acme_thing.made", action: "create" }]);
  });

  test("does not doubt what a provider refused in its own words", async () => {
    const facts = factsOf(...failedCreates("acme_thing.made", "acme_thing.refused"), refused, providerEnded);
    expect(facts.lostByProvider()).toEqual([{ address: "acme_thing.made", action: "create" }]);
    const refusedOnly = factsOf(...failedCreates("acme_thing.refused"), refused);
    expect(refusedOnly.lostByProvider()).toEqual([]);
    expect(await decideOutcome({ code: 1, facts: refusedOnly, moved: false, reconcile: undefined })).toEqual({ outcome: "not_done" });
  });
});
