import { describe, expect, test } from "vitest";
import { checkCredentials } from "./workspace/credentials.ts";
import { outputsOfPlan } from "./plan/known-outputs.ts";
import { drawRequestId } from "./run/request-id.ts";
import type { RunInput, WorkspaceState } from "./run-contract.ts";
import { STATE_CODES } from "./run-contract.ts";
import { fileNameOf } from "./workspace/run-files.ts";
import { readMemo, runMemo, startMemo, stateMemo } from "./run-memo.ts";
import { runOutcome, type EndedNode } from "./run/run-outcome.ts";
import type { NodeState } from "./run/node-state.ts";

const COUNTS = { add: 2, change: 0, destroy: 1, replace: 0, move: 0, import: 0, forget: 0, outputs: 3 };
const states = Object.keys(STATE_CODES) as WorkspaceState[];
const nodes: NodeState[] = states.map((state, index) => ({
  index,
  state,
  replans: 0,
  node: { name: `w-${state}`, needs: index === 0 ? [] : [0], operations: ["plan"], apply: index % 2 === 0 },
  ...(index % 3 === 0 ? { counts: COUNTS } : {}),
}));
const input: RunInput = {
  config: "c",
  environment: "e",
  nodes: nodes.map((n) => n.node),
  options: { parallelism: 1, approval_hours: 1, lock_timeout_seconds: 1, environment: "x" },
  requester: "r",
  server_version: "0",
};
const about = { workspace_root: "/", environment: "x", requester: "r", server_version: "0", plan_only: false };

describe("memo", () => {
  test("what is written is what is read, in every state", () => {
    const memo = { ...startMemo(input, about), run: runMemo(nodes, { phase: "working" }), ...stateMemo(nodes) };
    const read = readMemo(JSON.parse(JSON.stringify(memo)) as Record<string, unknown>);
    expect(read.workspaces.map(({ name, state, needs, apply, counts }) => ({ name, state, needs, apply, counts }))).toEqual(
      nodes.map((n) => ({ name: n.node.name, state: n.state, needs: n.node.needs, apply: n.node.apply, counts: n.counts })),
    );
    expect(read).toMatchObject({ about, phase: "working", nameless: false });
  });

  test("codes are distinct: none reads as another", () => {
    expect(new Set(Object.values(STATE_CODES)).size).toBe(states.length);
  });

  test.each([{}, { run: 1, nodes: "x", w0: "y" }, { w0: [["zz", "many"]], run: null }, { "platform-ops/foreign": "plaintext" }])(
    "a memo from elsewhere does not break the reader: %j",
    (memo) => {
      expect(readMemo(memo).phase).toBe("working");
    },
  );

  test("a thousand long names stay out of the memo; the configuration gives them back", () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      name: `a-rather-long-name-of-a-workspace-${i}`,
      needs: [],
      operations: ["plan" as const],
      apply: false,
    }));
    const memo = startMemo({ ...input, nodes: many }, about);
    expect(JSON.stringify(memo).length).toBeLessThan(16 * 1024);
    expect(readMemo({ ...memo, w0: [["ap"]] })).toMatchObject({ nameless: true });
    expect(readMemo(memo, many).workspaces[999]?.name).toBe("a-rather-long-name-of-a-workspace-999");
  });

  test("only ten errors, and blockers by name", () => {
    const failing = Array.from({ length: 12 }, (_, index): NodeState => ({
      ...nodes[0]!,
      index,
      state: "failed",
      failure: { code: "stale" },
    }));
    const held: NodeState = { ...nodes[0]!, state: "held", cause: "run-9" };
    expect(runMemo([...failing, held], { phase: "blocked" })).toMatchObject({
      errors: { length: 10 },
      blockers: [{ kind: "held", by: "run-9" }],
    });
  });
});

describe("outcome", () => {
  const ended = (state: WorkspaceState, apply = true): EndedNode => ({ name: `w-${state}`, state, apply });
  test.each<[string, EndedNode[], boolean, string]>([
    ["all applied or unchanged", [ended("applied"), ended("unchanged"), ended("checked")], false, "completed"],
    ["plan-only with changes and deferred", [ended("planned", false), ended("deferred", false)], false, "completed"],
    ["deferred, though apply was asked", [ended("deferred")], false, "partial"],
    ["failed, nothing applied", [ended("failed"), ended("skipped")], false, "failed"],
    ["failed beside applied", [ended("applied"), ended("failed")], false, "partial"],
    ["in doubt", [ended("in_doubt")], false, "partial"],
    ["rejected", [ended("applied"), ended("rejected"), ended("skipped")], false, "rejected"],
    ["expired", [ended("expired")], false, "expired"],
    ["cancelled", [ended("applied"), ended("cancelled")], true, "cancelled"],
    ["cancelled too late to matter", [ended("applied")], true, "completed"],
  ])("%s", (_, all, cancelled, phase) => {
    expect(runOutcome(all, cancelled).phase).toBe(phase);
  });
  test("the reason names workspaces, codes and causes, worst first, and stays short", () => {
    const many = Array.from({ length: 30 }, (_, i): EndedNode => ({ name: `s${i}`, state: "skipped", apply: true, cause: "a" }));
    expect(runOutcome([{ ...ended("failed"), code: "stale" }, ...many], false).reason).toMatch(
      /^failed: w-failed \(stale\); skipped: s0 \(because of a\).* and 22 more$/,
    );
  });
});

describe("small parts", () => {
  test("a request's id is a ULID of its time, the same for the same chance", () => {
    expect(drawRequestId(1_469_918_176_385, () => 0)).toBe("apr_01ARYZ6S410000000000000000");
    expect(drawRequestId(0, () => 0.999999)).toMatch(/^apr_0{10}Z{16}$/);
  });

  test.each([
    ["../../etc", "..%2F..%2Fetc"],
    [".", "%2E"],
    ["a/b", "a%2Fb"],
    ["a b'*", "a%20b%27%2A"],
  ])("a name never leaves its folder: %s", (name, file) => {
    const made = fileNameOf(name);
    expect(made).not.toContain("/");
    expect([".", ".."]).not.toContain(made);
    expect(made).toBe(file.replace(/^\./, "%2E"));
  });

  test("outputs are known from a plan only when it tells every one", () => {
    const told = { name: "a", action: "no-op", sensitive: false, unknown: false, after: "12345678901234567890" };
    expect(outputsOfPlan([told])).toEqual({ a: { sensitive: false, json: "12345678901234567890" } });
    expect(outputsOfPlan([])).toEqual({});
    for (const not of [
      { ...told, sensitive: true },
      { ...told, unknown: true },
      { ...told, action: "update" },
    ])
      expect(outputsOfPlan([told, not])).toBeUndefined();
  });

  test("credentials: halves, past expiry and files that are not there are named, never shown", async () => {
    await checkCredentials({});
    await checkCredentials({
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_CREDENTIAL_EXPIRATION: "2999-01-01T00:00:00Z",
      GOOGLE_APPLICATION_CREDENTIALS: '{"type":"x"}',
    });
    const wrong: Record<string, string>[] = [
      { AWS_SECRET_ACCESS_KEY: "s3cr3t" },
      { AWS_CREDENTIAL_EXPIRATION: "2020-01-01T00:00:00Z" },
      { GOOGLE_APPLICATION_CREDENTIALS: "/nonexistent/s3cr3t" },
    ];
    for (const variables of wrong) {
      const error = await checkCredentials(variables).catch((e: unknown) => e as Error);
      expect(error).toMatchObject({ code: "credentials" });
      expect((error as Error).message).not.toContain("s3cr3t");
    }
  });
});
