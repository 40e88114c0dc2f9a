import { describe, expect, test } from "vitest";

import { parseLossless } from "./lossless-json.ts";
import type { PlanJson } from "./plan-json.ts";
import { summarisePlan } from "./plan-summary.ts";
import { semanticDigest } from "./semantic-digest.ts";
import { DIGEST_KEY } from "./workspace.test-support.ts";

const resource = (change: object, more: object = {}): object => ({
  address: "x_y.z",
  type: "x_y",
  change: { before: null, after: null, after_unknown: {}, before_sensitive: false, after_sensitive: false, ...change },
  ...more,
});
const plan = (parts: object): PlanJson => parseLossless(JSON.stringify({ format_version: "1.2", ...parts })) as unknown as PlanJson;
const ofResource = (change: object, more: object = {}): PlanJson => plan({ resource_changes: [resource(change, more)] });

describe("summarisePlan", () => {
  test.each<[string, object, object, string, string[], object]>([
    ["create", { actions: ["create"] }, {}, "create", ["create"], { add: 1 }],
    ["update", { actions: ["update"] }, {}, "update", ["update"], { change: 1 }],
    ["delete", { actions: ["delete"] }, {}, "delete", ["delete"], { destroy: 1 }],
    ["replace", { actions: ["delete", "create"] }, {}, "replace", ["replace"], { replace: 1, add: 0, destroy: 0 }],
    ["create before destroy", { actions: ["create", "delete"] }, {}, "replace", ["replace"], { replace: 1 }],
    ["forget", { actions: ["forget"] }, {}, "forget", ["forget"], { forget: 1 }],
    ["move", { actions: ["no-op"] }, { previous_address: "x_y.old" }, "move", ["move"], { move: 1 }],
    ["move and update", { actions: ["update"] }, { previous_address: "x_y.old" }, "update", ["move", "update"], { move: 1, change: 1 }],
    ["import", { actions: ["no-op"], importing: { id: "i-1" } }, {}, "import", ["import"], { import: 1 }],
    ["import and update", { actions: ["update"], importing: { id: "i-1" } }, {}, "update", ["import", "update"], { import: 1, change: 1 }],
    ["read", { actions: ["read"] }, {}, "read", [], { add: 0 }],
    ["something new", { actions: ["transmogrify"] }, {}, "other", ["other"], {}],
  ])("%s", (_name, change, more, action, kinds, counts) => {
    const summary = summarisePlan(ofResource(change, more));
    expect(summary.changes[0]?.action).toBe(action);
    expect(summary.kinds).toEqual(kinds);
    expect(summary.counts).toMatchObject(counts);
    // tofu has no `applyable`: anything that changes makes it so.
    expect(summary.applyable).toBe(true);
  });

  test("actions and deferred changes are a kind that no policy can name", () => {
    expect(summarisePlan(plan({ action_invocations: [{}] })).kinds).toEqual(["other"]);
    expect(summarisePlan(plan({ deferred_changes: [{}] })).kinds).toEqual(["other"]);
  });

  test("no-ops, an errored plan, a targeted plan", () => {
    expect(summarisePlan(ofResource({ actions: ["no-op"] }))).toMatchObject({ changes: [], kinds: [], applyable: false, complete: true });
    expect(summarisePlan(plan({ errored: true, resource_changes: [resource({ actions: ["create"] })] }))).toMatchObject({
      errored: true,
      applyable: false,
      complete: false,
    });
    expect(summarisePlan(plan({ complete: false }))).toMatchObject({ complete: false });
  });

  test("shows what changes by path, with unknowns, replacements and bounds; unchanged attributes not", () => {
    const summary = summarisePlan(
      ofResource({
        actions: ["delete", "create"],
        before: { same: 1, size: 1, tags: { "a b": "x" }, list: [1, 2], gone: "g" },
        after: { same: 1, size: 2, tags: { "a b": "y" }, list: [1], long: "l".repeat(9000), trick: "\u202e\u001b[2J" },
        after_unknown: { id: true },
        replace_paths: [["size"]],
      }),
    );
    expect(summary.changes[0]?.attributes).toEqual([
      { path: "gone", before: '"g"' },
      { path: "id", unknown: true },
      { path: "list[1]", before: "2" },
      { path: "long", after: `"${"l".repeat(499)}… (9002 characters)` },
      { path: "size", before: "1", after: "2", forces_replacement: true },
      { path: 'tags["a b"]', before: '"x"', after: '"y"' },
      { path: "trick", after: '"\\u202e\\u001b[2J"' },
    ]);
  });

  test("masks at every mark, on either side, and collects the values", () => {
    const summary = summarisePlan(
      ofResource({
        actions: ["update"],
        before: { a: { p: "old-secret", q: "open-1" }, b: ["keep", "list-secret"], n: 1234567 },
        after: { a: { p: "now-public", q: "open-2" }, b: ["keep", "list-secret-2"], n: 12345678 },
        before_sensitive: { a: { p: true }, b: [false, true], n: true },
        after_sensitive: { b: [false, true] },
      }),
    );
    const shown = JSON.stringify(summary.changes);
    expect(shown).toContain("open-2");
    for (const secret of ["old-secret", "now-public", "list-secret", "1234567"]) expect(shown).not.toContain(secret);
    expect(summary.sensitive_values.sort()).toEqual(["1234567", "list-secret", "list-secret-2", "old-secret"]);
  });

  test("a value that becomes unknown as a whole is masked for the marks inside it", () => {
    const [change] = summarisePlan(
      ofResource({
        actions: ["update"],
        before: { o: { p: "inner-secret" } },
        after: {},
        after_unknown: { o: true },
        before_sensitive: { o: { p: true } },
      }),
    ).changes;
    expect(change?.attributes).toEqual([{ path: "o", before: "(sensitive)", unknown: true }]);
  });

  test("what nobody gave does not change, though its provider marks it as sensitive", () => {
    const [change] = summarisePlan(
      ofResource({
        actions: ["create"],
        before: null,
        after: { given: "word", not_given: null },
        after_unknown: { made: true },
        before_sensitive: false,
        after_sensitive: { given: true, not_given: true, made: true },
      }),
    ).changes;
    expect(change?.attributes).toEqual([
      { path: "given", after: "(sensitive)", sensitive: true },
      { path: "made", unknown: true, sensitive: true },
    ]);
  });

  test("what OpenTofu opens and closes again is no change", () => {
    const opened = (mode: string, action: string): PlanJson => ({
      resource_changes: [
        { address: "ephemeral.acme_token.t", mode, type: "acme_token", change: { actions: [action], before: null, after: null } },
      ],
    });
    expect(summarisePlan(opened("ephemeral", "open"))).toMatchObject({ changes: [], kinds: [], applyable: false });
    expect(summarisePlan(opened("managed", "open"))).toMatchObject({ kinds: ["other"], applyable: true });
    expect(summarisePlan(opened("ephemeral", "forget"))).toMatchObject({ kinds: ["forget"], applyable: true });
  });

  test("outputs: known, unknown in part, sensitive, deleted", () => {
    const change = (more: object): object => ({
      actions: ["create"],
      before: null,
      after_unknown: false,
      before_sensitive: false,
      after_sensitive: false,
      ...more,
    });
    const summary = summarisePlan(
      plan({
        output_changes: {
          a: change({ after: [1, "x"] }),
          b: change({ after: { k: 1 }, after_unknown: { id: true } }),
          c: change({ after: "hush-hush", after_sensitive: true }),
          d: change({ actions: ["delete"], before: 1, after: null }),
          e: change({ actions: ["no-op"], after: 5 }),
        },
      }),
    );
    expect(summary.outputs).toEqual([
      { name: "a", action: "create", sensitive: false, unknown: false, after: '[1,"x"]' },
      { name: "b", action: "create", sensitive: false, unknown: true },
      { name: "c", action: "create", sensitive: true, unknown: false },
      { name: "d", action: "delete", sensitive: false, unknown: false },
      { name: "e", action: "no-op", sensitive: false, unknown: false, after: "5" },
    ]);
    expect(summary.counts.outputs).toBe(4);
    expect(summary.sensitive_values).toEqual(["hush-hush"]);
  });

  test("a plan of nonsense neither throws nor looks empty where it is not", () => {
    expect(
      summarisePlan(
        plan({ resource_changes: [null, 1, {}, { change: null }, { change: { actions: "create" } }], output_changes: [], checks: {} }),
      ).kinds,
    ).toEqual(["other"]);
  });
});

describe("semanticDigest", () => {
  const digest = (value: PlanJson): string => semanticDigest(value, DIGEST_KEY);
  const base = ofResource({
    actions: ["update"],
    before: { a: 1, s: "one" },
    after: { a: 2, s: "two" },
    before_sensitive: { s: true },
    after_sensitive: { s: true },
  });

  test("is blind to time, order, no-ops and other parts of the plan", () => {
    const entries = [resource({ actions: ["create"] }), resource({ actions: ["delete"] }, { address: "a.b" })];
    const quiet = resource({ actions: ["no-op"], after: { x: 1 } }, { address: "q.q" });
    expect(digest(plan({ resource_changes: entries, timestamp: "1" }))).toBe(
      digest(plan({ timestamp: "2", prior_state: {}, resource_changes: [quiet, ...entries.reverse()] })),
    );
  });

  test.each<[string, PlanJson]>([
    [
      "a value",
      ofResource({
        actions: ["update"],
        before: { a: 1, s: "one" },
        after: { a: 3, s: "two" },
        before_sensitive: { s: true },
        after_sensitive: { s: true },
      }),
    ],
    [
      "a sensitive value",
      ofResource({
        actions: ["update"],
        before: { a: 1, s: "one" },
        after: { a: 2, s: "twp" },
        before_sensitive: { s: true },
        after_sensitive: { s: true },
      }),
    ],
    [
      "an action",
      ofResource({
        actions: ["delete", "create"],
        before: { a: 1, s: "one" },
        after: { a: 2, s: "two" },
        before_sensitive: { s: true },
        after_sensitive: { s: true },
      }),
    ],
    [
      "an address",
      ofResource(
        {
          actions: ["update"],
          before: { a: 1, s: "one" },
          after: { a: 2, s: "two" },
          before_sensitive: { s: true },
          after_sensitive: { s: true },
        },
        { address: "x_y.other" },
      ),
    ],
    [
      "completeness",
      plan({
        resource_changes: [
          resource({
            actions: ["update"],
            before: { a: 1, s: "one" },
            after: { a: 2, s: "two" },
            before_sensitive: { s: true },
            after_sensitive: { s: true },
          }),
        ],
        complete: false,
      }),
    ],
    ["an output", plan({ output_changes: { o: { actions: ["create"], after: 1 } } })],
    ["the value of a variable, which may say where a provider works", plan({ ...base, variables: { region: { value: "eu-west-1" } } })],
    [
      "the configuration of a provider",
      plan({ ...base, configuration: { provider_config: { aws: { expressions: { region: { constant_value: "eu-west-1" } } } } } }),
    ],
    [
      "a provisioner",
      plan({
        ...base,
        configuration: { root_module: { resources: [{ provisioners: [{ expressions: { command: { constant_value: "rm" } } }] }] } },
      }),
    ],
    ["an action invocation", plan({ action_invocations: [{ address: "action.a" }] })],
  ])("changes with %s", (_what, other) => {
    expect(digest(other)).not.toBe(digest(base));
  });

  test("depends on the key where something is sensitive, and holds moves and imports", () => {
    expect(semanticDigest(base, Buffer.from("another key"))).not.toBe(digest(base));
    const moved = (previous: string): string => digest(ofResource({ actions: ["no-op"] }, { previous_address: previous }));
    expect(moved("x_y.a")).not.toBe(moved("x_y.b"));
    const imported = (id: string): string => digest(ofResource({ actions: ["no-op"], importing: { id } }));
    expect(imported("i-1")).not.toBe(imported("i-2"));
  });
});
