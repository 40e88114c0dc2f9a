import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRegistry } from "../registry/parse.ts";
import { entryOf, type MatchEntry } from "./entry.ts";
import { overlappingTriggers } from "./overlap.ts";

const entry = (
  id: string,
  phrases: readonly string[],
  not_this?: Record<string, string>,
  status: MatchEntry["status"] = "active",
): MatchEntry => ({
  id,
  name: id,
  status,
  phrases,
  ...(not_this === undefined ? {} : { not_this }),
});
const overlap = (a: string, b: string) => overlappingTriggers([entry("a", [a]), entry("b", [b])]).map(({ kind }) => kind);

describe("overlappingTriggers", () => {
  it.each([
    ["Deploy the changes", "deploying changes", ["equal"]],
    ["Create new MCP tool", "Create new tool category", ["near"]],
    ["Test MCP tools", "Test the tools", ["near"]],
    ["Enhance [tool name]", "Enhance <tool>", ["equal"]],
    ["Enhance search", "Enhance [tool name]", ["covered"]],
    ["Debug Flux issues", "Deploy MCP changes", []],
    ["Update Zed with latest MCP code", "Update [tool name]", []],
    ["Enhance [tool name]", "Restart [service]", []],
    ["deploy", "rollback", []],
    ["[x]", "[y]", []],
    ["", "", []],
  ])("%s and %s: %j", (a, b, kinds) => expect(overlap(a, b)).toEqual(kinds));

  it("names the two, their phrases, and who does not tell them apart", () => {
    expect(overlappingTriggers([entry("z", ["ship it"]), entry("a", ["Ship it!"], { z: "x" })])).toEqual([
      { ids: ["a", "z"], phrases: ["Ship it!", "ship it"], kind: "equal", silent: ["z"] },
    ]);
  });

  it("is silent where both tell themselves apart, where one is retired, and within one workflow", () => {
    expect(overlappingTriggers([entry("a", ["ship it"], { b: "x" }), entry("b", ["ship it"], { a: "x" })])).toEqual([]);
    expect(overlappingTriggers([entry("a", ["ship it"]), entry("b", ["ship it"], undefined, "retired")])).toEqual([]);
    expect(overlappingTriggers([entry("a", ["ship it", "Ship it"])])).toEqual([]);
  });

  it("an alias tells apart too", () => {
    const b: MatchEntry = { ...entry("b", ["ship it"], { a: "x" }), aliases: ["MW-042"] };
    expect(overlappingTriggers([entry("a", ["ship it"], { "MW-042": "x" }), b])).toEqual([]);
  });

  it("reports a pair once, the strongest", () => {
    const found = overlappingTriggers([entry("a", ["ship the new build", "ship it"]), entry("b", ["ship the old new build", "ship it"])]);
    expect(found.map(({ kind }) => kind)).toEqual(["equal"]);
  });

  it("reports so many, of ten thousand workflows with the same trigger, and ends", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => entry(`w-${index}`, ["ship the same old build"]));
    expect(overlappingTriggers(many)).toHaveLength(200);
  });

  it("finds nothing in the registry that is shipped", () => {
    const { workflows } = parseRegistry(readFileSync(new URL("../../../../meta-workflows/META-WORKFLOWS.md", import.meta.url), "utf8"));
    const ids = new Set(workflows.map(({ id }) => id));
    expect(overlappingTriggers(workflows.map((workflow) => entryOf(workflow, ids)))).toEqual([]);
    // It would, if its workflows did not tell themselves apart.
    const silent = workflows.map((workflow) => ({ ...entryOf(workflow, ids), not_this: {} }));
    expect(overlappingTriggers(silent).map((one) => one.ids)).toContainEqual(["MW-002", "MW-007"]);
  });
});
