import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRegistry } from "../registry/parse.ts";
import { entryOf, type MatchEntry } from "./entry.ts";
import { matchWorkflows } from "./match.ts";

const { workflows } = parseRegistry(readFileSync(new URL("../../../../meta-workflows/META-WORKFLOWS.md", import.meta.url), "utf8"));
const ids = new Set(workflows.map(({ id }) => id));
const SHIPPED = workflows.map((workflow) => entryOf(workflow, ids));
const entry = (id: string, phrases: readonly string[], more: Partial<MatchEntry> = {}): MatchEntry => ({
  id,
  name: id.replaceAll("-", " "),
  status: "active",
  phrases,
  ...more,
});

describe("what the source's documents say is found", () => {
  it.each([
    ["This thread is ending", "MW-001", "trigger"],
    ["we're running out of TOKENS!", "MW-001", "trigger"],
    ["Sync the MCP server, please", "MW-004", "trigger"],
    ["Deploying MCP changes", "MW-004", "name"],
    ["mw-006", "MW-006", "id"],
    ["please start MW-006 for me", "MW-006", "id"],
    ["run staged-deployment", "staged-deployment", "id"],
    ["Disaster recovery", "disaster-recovery", "name"],
    ["Update Zed with latest MCP code", "MW-004", "trigger"],
    ["hello, could you create new MCP tool for listing pods", "MW-002", "phrase"],
    ["enhance list_flux_sources", "MW-009", "placeholder"],
    ["Review the payment processing PR #45", "collaborative-review", "placeholder"],
    ["Create a JWT authentication service for our API", "feature-development", "placeholder"],
    ["URGENT: Payment processing is failing in production!", "emergency-hotfix", "placeholder"],
    ["We need a new notification service for email and SMS", "microservice-creation", "placeholder"],
    ["ALERT: Database connections are maxing out!", "incident-response", "placeholder"],
    ["The production database was accidentally dropped!", "disaster-recovery", "placeholder"],
    ["Users are reporting slow API responses", "production-debugging", "placeholder"],
    ["Set up CI/CD for automatic deployment on merge to main", "cicd-setup", "phrase"],
  ])("%s: %s by %s", (query, id, kind) => {
    const { matches, certain, question } = matchWorkflows(query, SHIPPED);
    expect(matches[0]).toMatchObject({ id });
    expect(matches[0]?.reasons[0]?.kind).toBe(kind);
    expect({ certain, question }).toEqual({ certain: true, question: null });
  });

  it("what is said at the placeholders is kept as it was said", () => {
    expect(matchWorkflows("Enhance list_flux_sources", SHIPPED).matches[0]?.values).toEqual({ "tool name": "list_flux_sources" });
    expect(matchWorkflows("please deploy the Größe-Feature to staging", SHIPPED).matches[0]?.values).toEqual({
      feature: "the Größe-Feature",
    });
  });
});

describe("where more than one may be meant", () => {
  it("add a tool: those that are easily confused, and what tells them apart", () => {
    const { matches, certain, question } = matchWorkflows("add a tool", SHIPPED);
    expect(certain).toBe(false);
    expect(matches[0]?.id).toBe("MW-002");
    expect(matches.map(({ id }) => id)).toContain("MW-007");
    expect(question).toMatch(
      /^Which do you mean\? MW-002 \(New MCP Tool Development\): .*MW-007 \(New Tool Category\): a whole category or suite of tools/,
    );
  });

  it("two with the same trigger are never guessed between", () => {
    const twins = [entry("b-flow", ["ship it"]), entry("a-flow", ["ship it"])];
    const { matches, certain, question } = matchWorkflows("Ship it", twins);
    expect(matches.map(({ id, score }) => [id, score])).toEqual([
      ["a-flow", 1],
      ["b-flow", 1],
    ]);
    expect(certain).toBe(false);
    expect(question).toBe('Which do you mean? a-flow (a flow): as in "ship it"; or b-flow (b flow): as in "ship it"');
  });

  it("what a workflow says of another speaks against it", () => {
    const phrases = ["release the service"];
    const plain = [entry("release", phrases), entry("hotfix", ["mend the service"])];
    const apart = [entry("release", phrases, { not_this: { hotfix: "production is broken" } }), entry("hotfix", ["mend the service"])];
    const query = "release the service because production is broken";
    expect(matchWorkflows(query, plain).matches[0]).toMatchObject({ id: "release", score: 0.85 });
    const { matches, certain } = matchWorkflows(query, apart);
    expect(matches.find(({ id }) => id === "release")).toMatchObject({
      score: 0.55,
      reasons: [{ kind: "phrase" }, { kind: "not_this", text: '"production is broken" is hotfix' }],
    });
    expect(certain).toBe(false);
  });

  it("but not against its own trigger word for word", () => {
    const entries = [entry("release", ["release broken production"], { not_this: { hotfix: "production is broken" } })];
    expect(matchWorkflows("release broken production", entries)).toMatchObject({ certain: true, matches: [{ score: 1 }] });
  });
});

describe("order", () => {
  const kinds = [
    entry("by-words", ["rotate other certificates"]),
    entry("by-run", ["rotate keys"]),
    entry("by-place", ["rotate keys of [machine]"]),
    entry("by-trigger", ["rotate keys of alpha"]),
  ];

  it("a trigger word for word, then placeholders, then a phrase contained, then words", () => {
    expect(matchWorkflows("rotate keys of alpha", kinds, { limit: 9 }).matches.map(({ id }) => id)).toEqual([
      "by-trigger",
      "by-place",
      "by-run",
      "by-words",
    ]);
  });

  it("rare words weigh more than those that every workflow has", () => {
    const entries = [
      entry("one", ["deploy frontend quickly"]),
      entry("two", ["deploy ledger quickly"]),
      entry("three", ["deploy backend quickly"]),
    ];
    expect(matchWorkflows("ledger", entries).matches.map(({ id }) => id)).toEqual(["two"]);
    expect(matchWorkflows("quickly ledger", entries).matches[0]?.id).toBe("two");
  });

  it("does not hang on the order of the entries", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(SHIPPED, { minLength: SHIPPED.length }),
        fc.constantFrom("add a tool", "deploy", "review", "production"),
        (entries, query) => {
          expect(matchWorkflows(query, entries)).toEqual(matchWorkflows(query, SHIPPED));
        },
      ),
      { numRuns: 10, seed: 7 },
    );
  });

  it("what is deprecated comes behind what is not", () => {
    const entries = [entry("a-old", ["clean up"], { status: "deprecated" }), entry("b-new", ["clean up"])];
    expect(matchWorkflows("clean up", entries).matches.map(({ id }) => id)).toEqual(["b-new", "a-old"]);
  });
});

describe("other wishes", () => {
  it.each(["", "   ", "!!!", "what is the weather", "the of and"])("%j matches nothing", (query) => {
    expect(matchWorkflows(query, SHIPPED)).toEqual({ matches: [], certain: false, question: null });
  });

  it("a word that is an id is not taken for one within a sentence", () => {
    const entries = [entry("deploy", ["bring it out"])];
    expect(matchWorkflows("deploy", entries).matches[0]?.reasons[0]?.kind).toBe("id");
    expect(matchWorkflows("never deploy on a friday evening again", entries).matches[0]?.reasons[0]?.kind).not.toBe("id");
  });

  it("an alias is an id, a phrase of placeholders alone is no phrase", () => {
    expect(matchWorkflows("MW-042", [entry("x", ["[anything]"], { aliases: ["MW-042"] })])).toMatchObject({
      certain: true,
      matches: [{ id: "x" }],
    });
    expect(matchWorkflows("whatever you say", [entry("x", ["[anything]"])]).matches).toEqual([]);
  });

  it("any text is answered, with scores from 0 to 1", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 200 }),
        fc.array(fc.string({ unit: "binary", maxLength: 60 }), { maxLength: 5 }),
        (query, phrases) => {
          const { matches } = matchWorkflows(query, [...SHIPPED, entry("x", phrases, { not_this: { __proto__: "x", y: query } })]);
          for (const { score } of matches) expect(score).toBeGreaterThan(0);
          for (const { score } of matches) expect(score).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it("a very long wish is cut: only its first words count", () => {
    const { matches } = matchWorkflows(`${"well ".repeat(500)}disaster recovery`, SHIPPED);
    expect(matches.map(({ id }) => id)).not.toContain("disaster-recovery");
  });
});

describe("entryOf", () => {
  it("takes what tells apart from the lines that name another workflow", () => {
    const one = SHIPPED.find(({ id }) => id === "MW-002");
    expect(one?.not_this).toEqual({
      "MW-004": "deploy changes that are already made",
      "MW-007": "a whole category or suite of tools",
      "MW-009": "change or fix a tool that exists",
    });
    expect(SHIPPED.find(({ id }) => id === "MW-001")?.not_this).toEqual({ "MW-002": "a tool is to be built" });
  });

  it.each([
    ["MW-007 (New Tool Category): a suite", "a suite"],
    ["**MW-007** – a suite", "a suite"],
    ["not MW-007", "not MW-007"],
  ])("%s", (line, expected) => {
    const text = `## Workflow Registry\n\n| ID | Name | Trigger | Status |\n|-|-|-|-|\n| MW-001 | a | "a" | Active |\n| MW-007 | b | "b" | Active |\n\n### MW-001: a\n\n**Disambiguates From:**\n- ${line}\n`;
    const [first] = parseRegistry(text).workflows;
    expect(first === undefined ? undefined : entryOf(first, new Set(["MW-001", "MW-007"])).not_this).toEqual({ "MW-007": expected });
  });
});
