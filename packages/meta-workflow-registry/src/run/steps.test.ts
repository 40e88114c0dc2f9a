import { describe, expect, it } from "vitest";
import { closureFrom, play } from "../scenario/played.test-support.ts";

describe("decisions", () => {
  it("a branch that was taken stays taken, whatever its steps do to the state", async () => {
    const closure = closureFrom(`
initial_state: { a: true }
steps:
  - id: fork
    type: condition
    if: state.a
    then:
      - { id: flip, type: set_state, updates: { a: false } }
      - { id: call, type: mcp_call, capability: one, args: {} }
    else: [{ id: wrong, type: fail, message: wrong branch }]
  - id: pick
    type: switch
    cases:
      - when: "!state.a"
        steps: [{ id: flip_back, type: set_state, updates: { a: true } }, { id: call_two, type: mcp_call, capability: one, args: {} }]
    else: [{ id: also_wrong, type: fail, message: wrong branch }]
  - id: each
    type: foreach
    items: "state.a ? ['x', 'y'] : []"
    steps: [{ id: unset, type: set_state, updates: { a: false } }, { id: third, type: mcp_call, capability: one, args: {} }]
    max_parallel: 1
`);
    const { problems } = await play(closure, "calls: [{ capability: one }]\nexpect: { end: completed, calls: { one: 4 } }");
    expect(problems).toEqual([]);
  });
});

describe("waits", () => {
  it("tell how long they were, also where the run was carried on meanwhile", async () => {
    const closure = closureFrom(`
inputs: { minutes: { type: integer, default: 2 } }
steps:
  - { id: short, type: wait, duration_seconds: 90, message: It settles. }
  - { id: long, type: wait, for: "\${{ inputs.minutes }}m" }
output: { short: "\${{ steps.short.output }}", long: "\${{ steps.long.output.duration }}" }
`);
    for (const carry_on of [false, true]) {
      const expected = "{ short: { waited: true, duration: 90, cancelled: false }, long: 120 }";
      const { problems, took } = await play(closure, `carry_on: ${carry_on}\nexpect: { end: completed, output: ${expected} }`);
      expect(problems).toEqual([]);
      expect(took).toBe(210_000);
    }
  });
});

describe("guards", () => {
  const closure = closureFrom(`
initial_state: { plan: { size: 1 } }
steps:
  - { id: gate, type: approval, bind: "\${{ state.plan }}", on_timeout: continue, wait_at_most: 1h }
  - { id: first, type: mcp_call, capability: act, args: {}, guard: gate, effects: destructive }
  - { id: change, type: set_state, updates: { plan.size: 2 } }
  - { id: second, type: mcp_call, capability: act, args: {}, guard: gate, effects: destructive }
`);

  it("runs a step as long as what was approved is what is bound, else asks anew", async () => {
    for (const carry_on of [false, true]) {
      const given = `carry_on: ${carry_on}\napprovals: { gate: approve }\ncalls: [{ capability: act }]`;
      const { problems, timeline } = await play(closure, `${given}\nexpect: { end: completed, calls: { act: 2 } }`);
      expect(problems).toEqual([]);
      expect(timeline.some(({ path, text }) => path === "second" && text?.includes("it is asked anew") === true)).toBe(true);
    }
  });

  it("asks anew once for all steps that wait for it, and for a step that is skipped not at all", async () => {
    const act = "type: mcp_call, capability: act, args: {}, guard: gate, effects: destructive";
    const many = closureFrom(`
initial_state: { plan: { size: 1 } }
steps:
  - { id: gate, type: approval, bind: "\${{ state.plan }}" }
  - { id: change, type: set_state, updates: { plan.size: 2 } }
  - { id: never, ${act}, when: "false" }
  - { id: both, type: parallel, branches: { a: [{ id: one, ${act} }], b: [{ id: two, ${act} }] } }
`);
    const given = "approvals: { gate: { decision: approve, after: 5s } }\ncalls: [{ capability: act }]";
    const { problems, timeline } = await play(many, `${given}\nexpect: { end: completed, calls: { act: 2 }, not_run: [never] }`);
    expect(problems).toEqual([]);
    expect(timeline.filter(({ path, what }) => path === "gate" && what === "waiting")).toHaveLength(2);
  });

  it("does not run a step whose approval is asked anew and not given", async () => {
    const about = "approvals: { gate: { decision: approve, about: { size: 1 } } }\ncalls: [{ capability: act }]";
    const { problems } = await play(
      closure,
      `${about}\nexpect: { end: failed, error: not_approved, calls: { act: 1 }, not_run: [second] }`,
    );
    expect(problems).toEqual([]);
  });

  it("runs nothing by a decision that nobody made, even where the run goes on without it", async () => {
    const { problems } = await play(closure, "expect: { end: failed, error: not_approved, not_run: [first, second], calls: { act: 0 } }");
    expect(problems).toEqual([]);
  });

  it("does what the author says where a person says no", async () => {
    const other = closureFrom(`
steps:
  - { id: gate, type: approval, bind: 1, on_reject: [{ id: tidy, type: mcp_call, capability: tidy, args: {} }, { id: out, type: return, value: "no: \${{ decision.reason }}" }] }
  - { id: act, type: mcp_call, capability: act, args: {}, guard: gate }
`);
    const { problems } = await play(
      other,
      "approvals: { gate: { decision: reject, reason: late } }\ncalls: [{ capability: tidy }]\nexpect: { end: completed, output: 'no: late', calls: { tidy: 1 }, not_run: [act] }",
    );
    expect(problems).toEqual([]);
  });
});

describe("effects of which nobody knows whether they happened", () => {
  const closure = closureFrom(`
steps:
  - { id: pay, type: mcp_call, capability: pay, args: {}, effects: write, compensate: { capability: refund, args: { of: "\${{ steps.pay.output.receipt }}" } } }
  - { id: stop, type: fail, message: enough, on_error: compensate }
`);

  it("a person looks by the effect key; what had happened is not made again, and is undone like all else", async () => {
    const { problems } = await play(
      closure,
      `people: { ana: { does: [{ when: pay, after: 2h, submit: { happened: true, output: { receipt: r7 } } }] } }
calls: [{ capability: pay, unknown: it died }, { capability: refund, with: { of: r7 } }]
expect: { end: compensated, calls: { pay: 1, refund: 1 }, compensated: [pay] }`,
    );
    expect(problems).toEqual([]);
  });

  it("what had not happened is made again, after the person said so", async () => {
    const { problems } = await play(
      closure,
      `people: { ana: { does: [{ when: pay, submit: { happened: false } }] } }
calls: [{ capability: pay, in_turn: [{ unknown: it died }, { gives: { receipt: r8 } }] }, { capability: refund, with: { of: r8 } }]
expect: { end: compensated, calls: { pay: 2, refund: 1 } }`,
    );
    expect(problems).toEqual([]);
  });

  it("waits for the person, and makes nothing again meanwhile", async () => {
    const { problems } = await play(
      closure,
      "agents: { bot: { does: [{ when: pay, submit: { happened: false } }] } }\ncalls: [{ capability: pay, unknown: it died }]\nexpect: { end: blocked, open: [pay], calls: { pay: 1 } }",
    );
    expect(problems).toEqual([]);
  });
});

describe("a run that ends before anybody has looked", () => {
  it("says of which steps nobody knows whether they happened, and undoes the others", async () => {
    const closure = closureFrom(`
steps:
  - { id: book, type: mcp_call, capability: book, args: {}, effects: write, compensate: { capability: unbook, args: {} } }
  - { id: pay, type: mcp_call, capability: pay, args: {}, effects: write, compensate: { capability: refund, args: {} } }
`);
    const { problems, end } = await play(
      closure,
      `control: [{ at: 1h, cancel: compensate }]
calls: [{ capability: book }, { capability: pay, unknown: it died }, { capability: unbook }]
expect: { end: cancelled, compensated: [book], calls: { pay: 1, refund: 0 } }`,
    );
    expect(problems).toEqual([]);
    expect(end).toEqual({ status: "cancelled", in_doubt: ["pay"] });
  });
});

describe("retries", () => {
  it("repeats what reads, and never what writes", async () => {
    const closure = closureFrom(`
steps:
  - { id: look, type: mcp_call, capability: look, args: {}, effects: read, retry: { attempts: 3, initial: 5s, backoff: 2 } }
  - { id: act, type: mcp_call, capability: act, args: {}, effects: write, retry: 3, on_error: continue }
`);
    const { problems, took } = await play(
      closure,
      `calls: [{ capability: look, in_turn: [{ fails: { code: x } }, { fails: { code: x } }, { gives: 1 }] }, { capability: act, fails: { code: x } }]
expect: { end: completed, calls: { look: 3, act: 1 } }`,
    );
    expect(problems).toEqual([]);
    expect(took).toBe(15_000);
  });
});

describe("compensation", () => {
  it("undoes newest first, by what was known when each step was done; finally comes last", async () => {
    const closure = closureFrom(`
steps:
  - id: each
    type: foreach
    items: "[1, 2]"
    max_parallel: 1
    steps: [{ id: make, type: mcp_call, capability: make, args: { n: "\${{ item }}" }, effects: write, compensate: { capability: unmake, args: { n: "\${{ item }}" } } }]
  - { id: told, type: mcp_call, capability: tell, args: {}, effects: write, compensate: { prompt: "Tell them that it is off." } }
  - { id: check, type: check, that: "1 > 2", say: "one is not more than two", on_error: compensate }
finally: [{ id: sweep, type: mcp_call, capability: sweep, args: {} }]
`);
    const { problems, timeline } = await play(
      closure,
      `agents: { bot: { does: [{ when: told, submit: { undone: true } }] } }
calls: [{ capability: make }, { capability: tell }, { capability: unmake }, { capability: sweep }]
expect: { end: compensated, error: check_failed, compensated: [told, "each[1]/make", "each[0]/make"], calls: { unmake: 2, sweep: 1 } }`,
    );
    expect(problems).toEqual([]);
    expect(timeline.at(-1)).toMatchObject({ path: "finally/sweep", what: "done" });
  });
});

describe("parallel branches", () => {
  const closure = (join: string): ReturnType<typeof closureFrom> =>
    closureFrom(`
steps:
  - id: three
    type: parallel
    join: ${join}
    branches:
      one: [{ id: a, type: mcp_call, capability: a, args: {} }]
      two: [{ id: b, type: mcp_call, capability: b, args: {} }]
      three: [{ id: c, type: wait, for: 1h }, { id: d, type: mcp_call, capability: d, args: {} }]
output: "\${{ steps.three.output }}"
`);
  const calls = "calls: [{ capability: a }, { capability: b, fails: { code: no } }, { capability: d }]\n";

  it("a quorum counts those that ended well, and cancels the rest", async () => {
    const met = await play(closure("1"), `${calls}expect: { end: completed, output: { one: { status: done } }, calls: { d: 0 } }`);
    expect(met.problems).toEqual([]);
    const waited = await play(
      closure("2"),
      `${calls}expect: { end: completed, output: { two: { status: failed }, three: { status: done } } }`,
    );
    expect(waited.problems).toEqual([]);
    expect((await play(closure("3"), `${calls}expect: { end: failed, error: join_failed }`)).problems).toEqual([]);
  });

  it("one failure ends all where all are needed", async () => {
    expect((await play(closure("all"), `${calls}expect: { end: failed, error: no, calls: { d: 0 } }`)).problems).toEqual([]);
  });
});

describe("work of the client", () => {
  const closure = closureFrom(`
inputs: { type: object, properties: { file: { type: string } } }
steps:
  - { id: lint, type: shell, runs_on: client, argv: [npm, run, lint, "\${{ inputs.file }}"], on_error: continue }
  - { id: call, type: mcp_call, runs_on: client, tool: format, args: { file: "\${{ inputs.file }}" }, output_to: formatted }
output: { lint: "\${{ steps.lint.status }}", formatted: "\${{ state.formatted }}" }
`);

  it("is asked of it with everything filled in, and a command that failed has failed", async () => {
    const { problems, calls } = await play(
      closure,
      `inputs: { file: a.ts }
agents: { editor: { does: [
  { when: lint, submit: { exit_code: 1, stdout: "\${{ action.parameters.argv }}" } },
  { when: call, submit: "\${{ action.parameters }}" } ] } }
expect: { end: completed, output: { lint: failed, formatted: { tool: format, args: { file: a.ts } } } }`,
    );
    expect(problems).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe("sub-workflows", () => {
  it("have inputs and state of their own, give what they return, and may nest five deep", async () => {
    const closure = closureFrom(
      `
initial_state: { x: outer }
steps:
  - { id: inner, type: workflow, workflow: inner, inputs: { n: 2 } }
output: { inner: "\${{ steps.inner.output }}", x: "\${{ state.x }}" }
`,
      {
        inner: `
inputs: { type: object, required: [n], properties: { n: { type: integer }, word: { type: string, default: hi } } }
initial_state: { x: "\${{ inputs.word }}" }
steps:
  - { id: call, type: mcp_call, capability: c, args: {} }
  - { id: out, type: return, value: "\${{ state.x }} \${{ inputs.n }}" }
  - { id: late, type: fail, message: not reached }
finally: [{ id: sweep, type: mcp_call, capability: sweep, args: {} }]
`,
      },
    );
    const { problems } = await play(
      closure,
      "calls: [{ capability: c }, { capability: sweep }]\nexpect: { end: completed, output: { inner: 'hi 2', x: outer }, calls: { c: 1, sweep: 1 } }",
    );
    expect(problems).toEqual([]);
    const endless = closureFrom("steps: [{ id: there, type: workflow, workflow: other }]", {
      other: "steps: [{ id: back, type: workflow, workflow: main }]",
    });
    expect((await play(endless, "expect: { end: failed, error: too_deep }")).problems).toEqual([]);
  });

  it("refuse inputs that do not fit", async () => {
    const closure = closureFrom("steps: [{ id: sub, type: workflow, workflow: inner, inputs: { n: many } }]", {
      inner: "inputs: { type: object, properties: { n: { type: integer } } }\nsteps: [{ id: out, type: return, value: 1 }]",
    });
    expect((await play(closure, "expect: { end: failed, error: inputs_invalid }")).problems).toEqual([]);
  });
});

describe("bounds", () => {
  it("a run asks for as many actions as its budget allows, and lasts as long", async () => {
    const loop = (budget: string): ReturnType<typeof closureFrom> =>
      closureFrom(`
budget: ${budget}
steps:
  - { id: turns, type: loop, while: "true", max: 50, steps: [{ id: work, type: prompt, instructions: go on, result: {} }] }
finally: [{ id: sweep, type: mcp_call, capability: sweep, args: {} }]
`);
    const agents = "agents: { bot: { does: [{ when: work, after: 1h, submit: 1 }] } }\ncalls: [{ capability: sweep }]\n";
    const few = await play(loop("{ actions: 3 }"), `${agents}expect: { end: failed, error: budget_exceeded, calls: { sweep: 1 } }`);
    expect(few.problems).toEqual([]);
    const short = await play(loop("{ wall_time: 150m }"), `${agents}expect: { end: failed, error: out_of_time, calls: { sweep: 1 } }`);
    expect(short.problems).toEqual([]);
    expect(short.took).toBe(150 * 60_000);
    expect((await play(loop("{ wall_time: 30d }"), `${agents}expect: { end: failed, error: loop_limit }`)).problems).toEqual([]);
  });

  it("no more actions are open at once than may be; the others wait for their turn", async () => {
    const closure = closureFrom(`
steps:
  - id: each
    type: foreach
    items: "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]"
    max_parallel: 15
    steps: [{ id: work, type: delegate, instructions: "\${{ item }}", give: { n: "\${{ item }}" } }]
output: "\${{ steps.each.output.map(o, o.output) }}"
`);
    const blocked = await play(closure, "expect: { end: blocked, open: ['each[9]/work'] }");
    expect(blocked.problems).toEqual([]);
    expect(blocked.timeline.filter(({ what }) => what === "waiting")).toHaveLength(15);
    const done = await play(
      closure,
      `agents: { bot: { does: [{ when: work, submit: "\${{ action.given.n }}" }] } }
expect: { end: completed, output: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] }`,
    );
    expect(done.problems).toEqual([]);
  });

  it.each([
    ["continue", "{ end: completed, warned: [work] }"],
    ["fail", "{ end: failed, error: deadline }"],
    ["escalate", "{ end: completed, output: by ana }"],
  ])("a deadline that has passed: %s", async (on_deadline, expected) => {
    const closure = closureFrom(`
steps: [{ id: work, type: prompt, instructions: x, result: {}, deadline: 1h, on_deadline: ${on_deadline} }]
output: "\${{ steps.work.output }}"
`);
    const people = "people: { ana: { does: [{ when: work, after: 1h, submit: by ana }] } }\n";
    expect((await play(closure, `${people}expect: ${expected}`)).problems).toEqual([]);
  });

  it("after three attempts that the checks refused, a person has it", async () => {
    const closure = closureFrom(`
steps: [{ id: work, type: prompt, instructions: x, result: {}, accept: [{ check: "result == 'right'", say: wrong }] }]
output: "\${{ steps.work.output }}"
`);
    const lie = "{ when: work, submit: wrong }";
    const { problems } = await play(
      closure,
      `agents: { liar: { does: [${lie}, ${lie}, ${lie}, { when: work, submit: right }] } }
people: { ana: { does: [{ when: work, after: 1d, submit: right }] } }
expect: { end: completed, output: right, refused: [CHECK_FAILED, CHECK_FAILED, CHECK_FAILED] }`,
    );
    expect(problems).toEqual([]);
  });
});

describe("tasks of sub-agents", () => {
  it("see their inputs only, fail alone, and keep their order", async () => {
    const closure = closureFrom(`
initial_state: { secret: 1 }
tasks:
  review: { inputs: { type: object, required: [file], properties: { file: { type: string } } }, instructions: "Review \${{ inputs.file }}.", steps: [] }
  peek: { inputs: { type: object, properties: {} }, initial_state: { secret: 2 }, steps: [{ id: look, type: set_state, updates: { secret: "\${{ state.secret + 1 }}" } }], output: "\${{ state.secret }}" }
steps:
  - { id: reviews, type: foreach, items: "['a', 'b', 'c']", task: "@review", agent: "@reviewer", with: { file: "\${{ item }}" }, on_item_error: collect }
  - { id: peeks, type: foreach, items: "[1]", task: peek, on_item_error: collect }
output: { reviews: "\${{ steps.reviews.output.map(o, o.status) }}", peek: "\${{ steps.peeks.output[0].output }}", mine: "\${{ state.secret }}" }
`);
    const { problems } = await play(
      closure,
      `agents:
  other: { role: author, does: [{ when: reviews, submit: no }] }
  r1: { role: reviewer, does: [{ when: "reviews[0]", after: 9m, submit: ok }, { when: "reviews[1]", outcome: failed, note: cannot }] }
  r2: { role: reviewer, does: [{ when: "reviews[2]", submit: "\${{ action.parameters.prompt }}" }] }
expect: { end: completed, output: { reviews: [done, failed, done], peek: 3, mine: 1 } }`,
    );
    expect(problems).toEqual([]);
  });
});
