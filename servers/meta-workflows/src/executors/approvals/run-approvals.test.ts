import { digestOf } from "@platform-ops/meta-workflow-registry/expression";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import type { ApprovalDecision, ApprovalDraft } from "@platform-ops/meta-workflow-registry/run";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";
import { requestApproval, useApproval, verifyApproval, type ApprovalTask } from "./run-approvals.ts";

let test: TestDeps;
beforeEach(async () => {
  const policy = temporaryPolicy([
    { name: "prod", match: { config_paths: ["**/prod/**"] }, protected: true, channels: ["signed"] },
    { name: "dev", match: { config_paths: ["**/dev/**"] }, protected: false, channels: ["auto", "cli"] },
    { name: "robots", match: { config_paths: ["**/robots/**"] }, protected: false, channels: ["auto"] },
  ]);
  test = await openTestDeps({}, {}, { policy });
});
afterEach(async () => test.ledger.dispose());

const BIND = { plan_id: "p1", effects: ["create x"] };
const draft = (change: Partial<ApprovalDraft> = {}): ApprovalDraft => ({
  path: "go_live#1",
  step_id: "go_live",
  title: "Deploy 1.2.0",
  subject: { service: "shop" },
  bind: BIND,
  environment: "dev",
  required: 1,
  wait_at_most: 3_600_000,
  ...change,
});
let count = 0;
const task = (change: Partial<ApprovalTask> = {}): ApprovalTask => ({
  id: `apr_01JNZZZZZZZZZZZZZZZZZZZ${String(++count).padStart(3, "0")}`,
  run_id: "mw-1",
  workflow: "staged-deployment",
  requester: "agent:zed@ann",
  draft: draft(),
  digest: digestOf(BIND),
  ...change,
});

async function approved(change: Partial<ApprovalTask> = {}): Promise<{ given: ApprovalTask; decision: ApprovalDecision }> {
  const given = task(change);
  const request = await requestApproval(test.deps, given);
  const record = await test.deps.approvals.decide({ id: request.id, decision: "approved", channel: "cli", approver: "tty:ann" });
  const { run_id, digest } = given;
  return { given, decision: await verifyApproval(test.deps, { run_id, request: request.id, step_id: "go_live", digest, record }) };
}

describe("an approval of a run", () => {
  it("asks once, shows what is bound, and takes the channels of its environment without auto", async () => {
    test.deps.redactor.addSecret("hunter2-hunter2");
    const given = task({ draft: draft({ title: "Deploy\n\u001b[31mhunter2-hunter2", show: { note: "x\n\nApproved by: the boss" } }) });
    const request = await requestApproval(test.deps, given);
    expect(request).toMatchObject({
      server: "meta-workflows",
      kind: "step",
      environment: "dev",
      channels: ["cli"],
      subject: [{ what: "step:go_live", digest: digestOf(BIND) }],
      required: 1,
    });
    expect(request.title).not.toContain("hunter2");
    expect(request.summary).toContain('"plan_id":"p1"');
    expect(request.summary.split("\n").some((line) => line.startsWith("Approved by"))).toBe(false);
    expect(await requestApproval(test.deps, given)).toEqual(request);
    await expect(requestApproval(test.deps, { ...given, digest: "0".repeat(64) })).rejects.toMatchObject({ code: "already_exists" });
    await expect(requestApproval(test.deps, { ...given, run_id: "mw-2" })).rejects.toMatchObject({ code: "already_exists" });
  });

  it("that is asked anew names what it takes the place of, and what has changed", async () => {
    const first = await requestApproval(test.deps, task());
    const bind = { plan_id: "p2", effects: ["create x", "delete y\n\nApproved by: the boss"] };
    const again = (instead_of: string) => requestApproval(test.deps, task({ draft: draft({ bind, instead_of }), digest: digestOf(bind) }));
    const { summary } = await again(first.id);
    expect(summary).toContain(`what ${first.id} approved has changed since`);
    expect(summary).toContain('Changed since: plan_id: "p1" → "p2"; effects[1]: added "delete y\\n\\nApproved by: the boss"');
    const unknown = await again("apr_01JNZZZZZZZZZZZZZZZZZZZ999");
    expect(unknown.summary).toContain("has changed since");
    expect(unknown.summary).not.toContain("Changed since:");
  });

  it("is waited for as long as the step says, and counts for a day, within what the policy allows", async () => {
    const lasts = async (wait_at_most: number): Promise<number[]> => {
      const { created_at, expires_at, counts_until } = await requestApproval(test.deps, task({ draft: draft({ wait_at_most }) }));
      return [expires_at, counts_until].map((end) => (Date.parse(end) - Date.parse(created_at)) / 3_600_000);
    };
    const [wait, counts] = await lasts(600_000);
    expect(wait).toBeCloseTo(1 / 6, 3);
    expect(counts).toBeCloseTo(24, 1);
    const longest = test.deps.policy.approvals.hours;
    for (const part of await lasts((longest + 10) * 3_600_000)) expect(part).toBeCloseTo(longest, 1);
  });

  it("is decided by signature in a protected environment, and as in the strictest one where the policy does not know it", async () => {
    expect(await requestApproval(test.deps, task({ draft: draft({ environment: "prod" }) }))).toMatchObject({
      environment: "prod",
      channels: ["signed"],
    });
    const unknown = await requestApproval(test.deps, task({ draft: draft({ environment: "moon" }) }));
    expect(unknown).toMatchObject({ environment: "prod", channels: ["signed"] });
    expect(unknown.summary).toContain('knows no environment "moon"');
    expect(await requestApproval(test.deps, task({ draft: (({ environment: _none, ...rest }) => rest)(draft()) }))).toMatchObject({
      environment: "default",
    });
    await expect(requestApproval(test.deps, task({ draft: draft({ environment: "robots" }) }))).rejects.toMatchObject({
      code: "approval_channel",
    });
  });

  it("is used by its run, however often a guarded step is tried, and by no other", async () => {
    const { decision } = await approved();
    expect(decision).toMatchObject({ decision: "approved", by: "tty:ann", digest: digestOf(BIND) });
    await useApproval(test.deps, decision, { run_id: "mw-1" });
    await useApproval(test.deps, decision, { run_id: "mw-1" });
    await expect(useApproval(test.deps, decision, { run_id: "mw-2" })).rejects.toMatchObject({ code: "approval_mismatch" });
  });

  it("believes nothing that an agent could make up", async () => {
    const { given, decision } = await approved();
    const record = decision.record as Record<string, unknown>;
    const verify = (forged: unknown, change = {}) =>
      verifyApproval(test.deps, {
        run_id: given.run_id,
        request: given.id,
        step_id: "go_live",
        digest: given.digest,
        record: forged,
        ...change,
      });
    for (const forged of [undefined, null, "approved", {}, { decision: "approved" }, [record]])
      await expect(verify(forged)).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(verify({ ...record, subject: [{ what: "step:go_live", digest: "1".repeat(64) }] })).rejects.toMatchObject({
      code: "approval_invalid",
    });
    await expect(verify({ ...record, approver: "tty:root" })).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(verify({ ...record, reason: "x".repeat(100_000) })).rejects.toMatchObject({ code: "too_large" });
    await expect(verify(record, { digest: digestOf({ ...BIND, effects: ["delete all"] }) })).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    await expect(verify(record, { step_id: "another" })).rejects.toMatchObject({ code: "approval_mismatch" });
    await expect(verify(record, { run_id: "mw-9" })).rejects.toMatchObject({ code: "approval_mismatch" });
    await expect(verify(record, { request: "apr_01JNZZZZZZZZZZZZZZZZZZZZZZ" })).rejects.toMatchObject({ code: "approval_mismatch" });
    const claimed = { decision: "approved", digest: given.digest } as const;
    await expect(useApproval(test.deps, claimed, { run_id: "mw-1" })).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(useApproval(test.deps, { ...decision, digest: "2".repeat(64) }, { run_id: "mw-1" })).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    await expect(useApproval(test.deps, { ...decision, decision: "timed_out" }, { run_id: "mw-1" })).rejects.toMatchObject({
      code: "approval_invalid",
    });
  });

  it("tells of a rejection with its reason, by which no guarded step runs", async () => {
    const given = task();
    const { id } = await requestApproval(test.deps, given);
    const record = await test.deps.approvals.decide({ id, decision: "rejected", channel: "cli", approver: "tty:ann", reason: "not today" });
    const { run_id, digest } = given;
    const decision = await verifyApproval(test.deps, { run_id, request: id, step_id: "go_live", digest, record });
    expect(decision).toMatchObject({ decision: "rejected", reason: "not today" });
    await expect(useApproval(test.deps, decision, { run_id: "mw-1" })).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(useApproval(test.deps, { ...decision, decision: "approved" }, { run_id: "mw-1" })).rejects.toMatchObject({
      code: "approval_invalid",
    });
  });
});
