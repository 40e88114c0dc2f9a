import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authoringCommands } from "../authoring-commands.ts";
import { GREETING, HAPPY, openDesk, SHIPPED, type AuthorsDesk } from "../authoring/authors-desk.test-support.ts";
import { hopefulValue } from "./hopeful-value.ts";
import { sampleValue } from "./sample-value.ts";

const simulate = authoringCommands.find(({ name }) => name === "simulate")!;
const GATED = GREETING.replace(
  "  - id: done",
  `  - { id: up, type: check, probe: { check: http.health, with: { url: "http://x/" } }, that: "probe.ok && probe.status == 200" }
  - id: gate
    type: approval
    title: May it be said?
    bind: { words: "\${{ steps.greet.output.words }}" }
    wait_at_most: 1h
    on_timeout: reject
  - id: done`,
);

let desk: AuthorsDesk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.remove());

describe("without a terminal", () => {
  it("answers from schemas and shows what happened when", async () => {
    await desk.write("g.yaml", GATED);
    const { code, out } = await desk.run(simulate, ["g.yaml"]);
    expect(out).toMatch(/^greeting 1\.0\.0, simulated with \{"who":"/);
    expect(out).toMatch(/\+00:00:00 {2}done {9}greet$/m);
    expect(out).toContain("made up: http.health (so that conditions hold)");
    expect(out).toContain("end: completed\n");
    expect(code).toBe(0);
  });

  it.each(["incident-response", "planning:interactive", "MW-002"])("walks through the shipped %s", async (id) => {
    const known = await openDesk({ shipped: SHIPPED });
    try {
      expect(await known.run(simulate, [id])).toMatchObject({ code: 0, out: expect.stringContaining("end: completed") });
    } finally {
      await known.remove();
    }
  });

  it("refuses inputs that do not fit", async () => {
    await desk.write("g.yaml", GREETING);
    await expect(desk.run(simulate, ["g.yaml"], { inputs: '{"who":""}' })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("says who was not answered, and ends with 1", async () => {
    await desk.write("g.yaml", GREETING.replace("minLength: 3", 'pattern: "^zz[0-9]{40}q$"'));
    expect(await desk.run(simulate, ["g.yaml"])).toMatchObject({ code: 1, out: expect.stringContaining("nobody answered: greet#1") });
  });
});

describe("at a terminal", () => {
  it("asks for results and decisions, and goes by what was said", async () => {
    await desk.write("w/workflow.yaml", GATED);
    await desk.write("w/tests/happy.test.yaml", HAPPY);
    const approved = await desk.run(simulate, ["./w"], {}, ['{"words":"Hi there"}', "approve"]);
    expect(approved).toMatchObject({ code: 0, out: expect.stringContaining('output: {"words":"Hi there"}') });
    const rejected = await desk.run(simulate, ["./w"], {}, ["", "what", "reject"]);
    expect(rejected).toMatchObject({ code: 1, out: expect.stringContaining("end: declined") });
  });

  it("says why an answer was refused and asks again", async () => {
    await desk.write("g.yaml", GREETING);
    const { out, err } = await desk.run(simulate, ["g.yaml"], {}, ["no json", '{"words":"x"}', '{"words":"Hello"}']);
    expect(err).toContain("That is no JSON.");
    expect(err).toContain("Refused: ");
    expect(out).toContain('output: {"words":"Hello"}');
  });
});

it.each([
  {
    type: "object",
    required: ["a"],
    properties: { a: { type: "string", pattern: "^[0-9a-f]{40}$" }, b: { type: "array", minItems: 2, items: { enum: [1, 2] } } },
  },
  { type: "integer", minimum: 3, maximum: 4 },
  { type: "string", minLength: 30, maxLength: 30 },
  { oneOf: [{ type: "null" }, { type: "number", exclusiveMinimum: 0.5 }] },
  {},
])("makes a value for %j", (schema) => {
  expect(sampleValue(schema)).toBeDefined();
});

it("makes what a condition looks for", () => {
  expect(hopefulValue(["probe.ok && !probe.stale && probe.status == 200 && probe.at.name == 'x'"])).toEqual({
    ok: true,
    stale: false,
    status: 200,
    at: { name: "x" },
  });
  expect(hopefulValue(["probe.__proto__.polluted == true"])).toEqual({});
});
