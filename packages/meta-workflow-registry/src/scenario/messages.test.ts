import { describe, expect, it } from "vitest";
import { parseScenario, untouched } from "./index.ts";
import { closureFrom, play } from "./played.test-support.ts";

const CLOSURE = closureFrom(`
steps:
  - { id: one, type: mcp_call, capability: c.one, args: { n: 1 }, effects: read, retry: 1 }
  - { id: two, type: prompt, instructions: do, result: {} }
  - { id: three, type: condition, if: "steps.two.output == 'x'", then: [{ id: four, type: shell, argv: [git, push] }] }
output: { two: "\${{ steps.two.output }}" }
`);
const TWO = "agents: { a: { does: [{ when: two, submit: x }] } }\n";

describe("a scenario that is not met", () => {
  it.each([
    ["expect: { end: completed }", /^calls: the scenario has no answer for c\.one \(step one\)/],
    ["expect: { end: completed }", /^end: completed was expected, the run is failed by one: not_mocked/],
    [
      "calls: [{ capability: c.one }]\nexpect: { end: completed }",
      /^end: completed was expected, the run is blocked; open: two#1 \(open\); last step: two/,
    ],
    [
      `${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, order: [two, one] }`,
      /^order: step one was expected after two, but it ended earlier/,
    ],
    [`${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, not_run: [four] }`, /^not_run: step four ran/],
    [
      `${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, calls: { git push: 2 } }`,
      /^calls: git push was expected 2 times, and was called 1 times/,
    ],
    [
      `${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, output: { two: y } }`,
      /^output: \/two is "x", "y" was expected/,
    ],
    [
      `${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, compensated: [one] }`,
      /^compensated: one was expected, none came/,
    ],
    [
      `${TWO}calls: [{ capability: c.one }, { argv: [git] }]\nexpect: { end: completed, that: ["output.two == 'y'"] }`,
      /^that: `output\.two == 'y'` is false/,
    ],
    [
      `${TWO}calls: [{ capability: c.one, with: { n: 2 } }]\nexpect: { end: failed, error: other }`,
      /^error: other was expected at the end, not_mocked came \(step one\)/,
    ],
  ])("%s", async (text, message) => {
    const { passed, problems } = await play(CLOSURE, text);
    expect(passed).toBe(false);
    expect(problems.some((problem) => message.test(problem))).toBe(true);
  });

  it("branches that no scenario touches are named", async () => {
    const result = await play(CLOSURE, "calls: [{ capability: c.one }]\nexpect: { end: blocked }");
    expect(untouched(CLOSURE, [result])).toEqual(["three", "four"]);
  });
});

describe("a scenario that cannot be read", () => {
  it("says every problem with its place", () => {
    const { scenario, problems } = parseScenario("scenario: x\nagents: { a: { does: [{ wen: two }] } }\nevents: [{ name: e, at: soon }]\n");
    expect(scenario).toBeUndefined();
    expect(problems.map(({ line, path, message }) => [line, path, message])).toEqual([
      [2, "$.agents.a.does[0].when", expect.stringMatching(/expected string/)],
      [2, "$.agents.a.does[0]", 'There is no "wen" here.'],
      [3, "$.events[0].at", "is no duration like 90s, 15m, 2h or 3d"],
      [expect.any(Number), "$.expect", expect.stringMatching(/expected object/)],
    ]);
  });
});
