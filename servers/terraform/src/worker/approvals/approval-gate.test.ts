import { existsSync } from "node:fs";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type ApprovalRecord } from "@platform-ops/ledger";
import { describe, expect, test } from "vitest";
import { applyStep } from "../apply-step.ts";
import { checkDecision, requestApproval } from "./approval-gate.ts";
import { PlannedWorkspace } from "../fixture/planned-workspace.ts";
import { releasePlan } from "./release-plan.ts";
import { placeDigest } from "../plan/place-digest.ts";
import type { PlanRecord } from "../plan/plan-record.ts";
import { planStep } from "../plan/plan-step.ts";
import { workspaceFolder } from "../workspace/run-files.ts";

/** What an apply with that approval is refused with; nothing may have been started. */
async function refusal(w: PlannedWorkspace, plan: string, record: unknown, run = "run-1"): Promise<string> {
  const answer = await applyStep(w.deps, w.call(run), w.task(plan, await w.deps.artifacts.putJson(record)));
  expect(existsSync(workspaceFolder(w.deps.directory, run, "vpc", plan))).toBe(false);
  if (!("failure" in answer)) return answer.outcome;
  expect(answer.outcome).toBe("not_done");
  return answer.failure.code;
}

describe("the activity that applies verifies the approval itself", () => {
  test("a good one gets as far as the program, which is not there", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    expect(await refusal(w, plan, await w.decided(plan))).not.toMatch(/^approval/);
  });

  const forged: Record<string, [code: RegExp, change: (record: ApprovalRecord) => unknown]> = {
    "a wrong MAC": [/approval_invalid/, (r) => ({ ...r, mac: { key_id: r.mac?.key_id, value: "0".repeat(64) } })],
    "no MAC": [/approval_invalid/, (r) => Object.fromEntries(Object.entries(r).filter(([name]) => name !== "mac"))],
    "an unknown key": [/approval_invalid/, (r) => ({ ...r, mac: { key_id: "ffffffffffffffff", value: r.mac?.value } })],
    "another approver": [/approval_invalid/, (r) => ({ ...r, approver: "tty:root" })],
    "a longer life": [/approval_invalid/, (r) => ({ ...r, expires_at: "2999-01-01T00:00:00.000Z" })],
    "a wider subject": [
      /approval_invalid/,
      (r) => ({ ...r, subject: [...r.subject, { what: "terraform:other", digest: "0".repeat(64) }] }),
    ],
    "no record at all": [/approval_invalid|approval_mismatch/, () => ({ decision: "approved" })],
  };
  test.each(Object.entries(forged))("%s is refused and audited", async (name, [code, change]) => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const changed = change(await w.decided(plan));
    expect(await refusal(w, plan, changed)).toMatch(code);
    if (name !== "no record at all") expect((await w.deps.audit.read()).some((entry) => entry.kind === "approval_refused")).toBe(true);
  });

  test("a rejection applies nothing", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    expect(await refusal(w, plan, await w.decided(plan, "rejected"))).toMatch(/approval_(invalid|mismatch)/);
  });

  test("another plan's approval, though equal in meaning and of the same run", async () => {
    await using w = await PlannedWorkspace.make();
    const record = await w.decided(await w.plan());
    expect(await refusal(w, await w.plan({ made_at: "2026-01-02T00:00:00Z" }), record)).toBe("approval_mismatch");
  });

  test("another run's approval of a plan that means something else", async () => {
    await using w = await PlannedWorkspace.make();
    const earlier = await w.plan({ run: "run-0", semantic_digest: "other" });
    const record = await w.decided(earlier, "approved", { plan_only: true }, "run-0");
    expect(await refusal(w, await w.plan(), record)).toBe("approval_mismatch");
  });

  test("another run's plan, and a plan of another environment of the run", async () => {
    await using w = await PlannedWorkspace.make();
    const stolen = await w.plan({ run: "run-0" });
    const record = await w.decided(await w.plan());
    expect(await refusal(w, stolen, record)).toBe("approval_mismatch");
    expect(
      await refusal(
        w,
        await w.plan({ environment: await w.deps.artifacts.putJson({ variables: { TF_VAR_x: "1" }, programs: {}, roots: [] }) }),
        record,
      ),
    ).toBe("approval_mismatch");
  });

  test("one that was used for something else", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    await w.deps.approvals.consume(record, record.subject[0]!, "somebody else");
    expect(await refusal(w, plan, record)).toBe("approval_used");
  });

  test("one that the worker's own policy does not accept, whatever a client's did", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    const { environments } = w.deps.policy;
    environments[0] = { ...environments[0]!, protected: true };
    expect(await refusal(w, plan, record)).toBe("approval_channel");
  });
});

describe("the folder of a workspace", () => {
  test("is looked at again: a symbolic link put in its place since the run was started leads nowhere", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    await rename(w.dir, `${w.dir}-elsewhere`);
    await symlink(`${w.dir}-elsewhere`, w.dir);
    expect(await refusal(w, plan, record)).toBe("path_not_allowed");
    const task = { ...w.task(plan, ""), requester: "agent:test@me", operations: ["plan" as const], apply: false, outputs: {} };
    expect(await planStep(w.deps, w.call(), task)).toMatchObject({ outcome: "failed", failure: { code: "path_not_allowed" } });
  });
});

test("a worker whose policy is read-only applies nothing, whatever a client's says", async () => {
  await using w = await PlannedWorkspace.make({ read_only: true });
  const plan = await w.plan();
  expect(await refusal(w, plan, await w.decided(plan))).toBe("read_only");
});

test("a plan whose environment the policy names otherwise by now is made anew, not applied", async () => {
  await using w = await PlannedWorkspace.make();
  const plan = await w.plan();
  const record = await w.decided(plan);
  const { environments } = w.deps.policy;
  environments[0] = { ...environments[0]!, name: "live" };
  expect(await refusal(w, plan, record)).toBe("stale");
});

test("nothing is applied that cannot be put on record", async () => {
  await using w = await PlannedWorkspace.make();
  const plan = await w.plan();
  const record = await w.decided(plan);
  const audit = { ...w.deps.audit, append: async () => Promise.reject(new Error("ENOSPC")) };
  const answer = await applyStep({ ...w.deps, audit }, w.call(), w.task(plan, await w.deps.artifacts.putJson(record)));
  expect(answer).toMatchObject({ outcome: "not_done", failure: { code: "command_failed" } });
  expect(existsSync(workspaceFolder(w.deps.directory, "run-1", "vpc", plan))).toBe(false);
});

describe("the program of a run", () => {
  test("is compared with the file before anything is planned or applied with it", async () => {
    await using w = await PlannedWorkspace.make();
    const path = join(w.deps.directory.root, "terraform");
    await writeFile(path, "#!/bin/sh\n", { mode: 0o755 });
    const environment = await w.deps.artifacts.putJson({
      variables: {},
      programs: { terraform: { path, version: "1.11.4", digest: "0".repeat(64) } },
      roots: [w.dir],
    });
    const plan = await w.plan({ environment });
    const task = { ...w.task(plan, await w.deps.artifacts.putJson(await w.decided(plan))), environment };
    expect(await applyStep(w.deps, w.call(), task)).toMatchObject({ outcome: "not_done", failure: { code: "program_missing" } });
    const toPlan = { ...task, requester: "agent:test@me", operations: ["plan" as const], apply: false, outputs: {} };
    expect(await planStep(w.deps, w.call(), toPlan)).toMatchObject({ outcome: "failed", failure: { code: "program_missing" } });
  });
});

describe("an apply that was begun", () => {
  test("is followed to its end, though policy, roots and credentials would let none begin now", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    const journal = workspaceFolder(w.deps.directory, "run-1", "vpc", plan);
    const args = ["apply", "-json", "plan"];
    await mkdir(journal, { recursive: true });
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "unknown")).trim();
    const files = {
      "arguments.json": JSON.stringify(args),
      "request.json": JSON.stringify({ program: "/nonexistent/terraform", args, cwd: w.dir, env_names: [], boot }),
      started: `1\nThu Jan  1 00:00:00 1970\n\n`,
      out: "",
      err: "Error: it failed by itself",
      rc: "1\n",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(journal, name), text);
    const { environments } = w.deps.policy;
    environments[0] = { ...environments[0]!, protected: true };
    (w.deps.policy as { roots: string[] }).roots = ["/elsewhere"];
    const answer = await applyStep(w.deps, w.call(), w.task(plan, await w.deps.artifacts.putJson(record)));
    expect(answer).toMatchObject({ outcome: "not_done", failure: { code: "command_failed" } });
  });
});

describe("the gate", () => {
  test("a retried attempt asks once", async () => {
    await using w = await PlannedWorkspace.make();
    const task = w.gate(await w.plan());
    const first = await requestApproval(w.deps, w.call(), task);
    expect(await requestApproval(w.deps, w.call(), task)).toEqual(first);
    expect(await w.deps.approvals.list()).toHaveLength(1);
  });

  test("a larger request replaces an open one, and keeps a decision that was made meanwhile", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    await requestApproval(w.deps, w.call(), w.gate(plan));
    const wider = await requestApproval(
      w.deps,
      w.call(),
      w.gate(plan, { id: `apr_${"0".repeat(25)}2`, supersedes: `apr_${"0".repeat(25)}1` }),
    );
    expect((await w.deps.approvals.get(`apr_${"0".repeat(25)}1`)).status).toBe("superseded");
    await w.deps.approvals.decide({ id: wider.request?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" });
    const again = await requestApproval(
      w.deps,
      w.call(),
      w.gate(plan, { id: `apr_${"0".repeat(25)}3`, supersedes: wider.request?.id ?? "" }),
    );
    expect(again).toMatchObject({ released: [{ node: 0 }] });
    expect(again.request).toBeUndefined();
  });

  test("a kept decision that the worker's policy takes no more is void: the next request asks anew, by the channels of now", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    const { environments } = w.deps.policy;
    environments[0] = { ...environments[0]!, channels: ["elicit"] };
    const items = [{ node: 0, name: "vpc", plan }];
    const check = (given: unknown) => checkDecision(w.deps, w.call(), { request: record.request_id, record: given, items });
    expect(await check(record)).toMatchObject({ decision: "void", code: "approval_channel" });
    const asked = await requestApproval(w.deps, w.call(), w.gate(plan, { id: `apr_${"0".repeat(25)}2`, supersedes: record.request_id }));
    expect(asked).toMatchObject({ released: [], rejected: [], request: { channels: ["elicit"], nodes: [0] } });
    expect((await w.deps.approvals.get(record.request_id)).status).toBe("superseded");
    // Back to the looser policy, the old word does not count again.
    environments[0] = { ...environments[0]!, channels: ["elicit", "cli"] };
    await expect(w.deps.approvals.verify(record, { run_id: "run-1" })).rejects.toMatchObject({ code: "approval_closed" });
  });

  test("a forged record makes no kept decision void, and none void where nothing was decided", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const items = [{ node: 0, name: "vpc", plan }];
    const { request } = await requestApproval(w.deps, w.call(), w.gate(plan));
    const forged = { request_id: request?.id, subject: [], decision: "approved" };
    const check = () => checkDecision(w.deps, w.call(), { request: request?.id ?? "", record: forged, items });
    await expect(check()).rejects.toMatchObject({ code: "approval_invalid" });
    await w.deps.approvals.decide({ id: request?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" });
    await expect(check()).rejects.toMatchObject({ code: "approval_invalid" });
  });

  test("what comes with an update is believed only when it verifies, and only for plans that wait now", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan();
    const record = await w.decided(plan);
    const items = [{ node: 0, name: "vpc", plan }];
    const check = (given: unknown, waiting = items) =>
      checkDecision(w.deps, w.call(), { request: record.request_id, record: given, items: waiting });
    expect(await check(record)).toMatchObject({ decision: "approved", nodes: [0] });
    await expect(check({ ...record, decision: "rejected" })).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(check("yes")).rejects.toMatchObject({ code: "approval_invalid" });
    await expect(check({ ...record, reason: "x".repeat(70_000) })).rejects.toMatchObject({ code: "too_large" });
    await expect(check(record, [{ node: 0, name: "vpc", plan: await w.plan({ serial: 2 }) }])).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    await expect(checkDecision(w.deps, w.call("run-2"), { request: record.request_id, record, items })).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    expect((await w.deps.audit.read()).some((entry) => entry.kind === "approval_refused")).toBe(true);
  });

  test("a person reads what will happen, destruction first", async () => {
    await using w = await PlannedWorkspace.make();
    const plan = await w.plan({
      counts: { add: 0, change: 0, destroy: 1, replace: 1, move: 0, import: 0, forget: 0, outputs: 0 },
      kinds: ["delete", "replace"],
    });
    const { request } = await requestApproval(w.deps, w.call(), w.gate(plan));
    const asked = await w.deps.approvals.get(request?.id ?? "");
    expect(asked.title).toBe("Apply 1 workspace (vpc): 1 to destroy, 1 to replace. DESTROYS 2.");
    expect((await w.deps.artifacts.get(asked.details ?? "")).toString()).toContain("+ terraform_data.x");
  });
});

describe("without a person", () => {
  const auto = (changes: string[]) => ({
    environments: [{ name: "default", match: {}, protected: false, channels: ["auto" as const, "cli" as const] }],
    approvals: { auto: [{ environments: ["*"], workspaces: ["vp*"], changes: changes as never }], hours: 72, notify: {} },
  });
  const released = async (w: PlannedWorkspace, digest: string) =>
    releasePlan(w.deps, {
      plan: await w.deps.artifacts.getJson<PlanRecord>(digest),
      digest,
      environment: w.deps.policy.environments[0]!,
      requester: "agent:test@me",
    });

  test("policy releases what it names, and nothing else", async () => {
    await using w = await PlannedWorkspace.make(auto(["create"]));
    const approval = await released(w, await w.plan());
    const record = await w.deps.artifacts.getJson<ApprovalRecord>(approval ?? "");
    expect(record).toMatchObject({ channel: "auto", approver: "policy:auto" });
    // It may have to wait behind other applies and for credentials, as any other approval.
    expect(Date.parse(record.expires_at)).toBeGreaterThan(Date.now() + 71 * 3_600_000);
    for (const kinds of [["create", "delete"], ["other"], ["create", "other"], []])
      expect(await released(w, await w.plan({ kinds }))).toBeUndefined();
    expect(await released(w, await w.plan({ workspace: "db" }))).toBeUndefined();
  });

  test("the approval of a plan-only run serves one equal plan, never an unequal one", async () => {
    await using w = await PlannedWorkspace.make();
    const record = await w.decided(await w.plan({ run: "run-0" }), "approved", { plan_only: true }, "run-0");
    for (const change of [
      { serial: 2 },
      { lineage: "l" },
      { semantic_digest: "x" },
      { lock_file_sha256: "x" },
      { inputs: "x" },
      { dir: "/elsewhere" },
      { place: "another account" },
      { kinds: ["create", "delete"] },
      { program: { kind: "terraform", version: "1.12.0", digest: "0" } },
    ] as Partial<PlanRecord>[]) {
      expect(await released(w, await w.plan(change)), canonicalJson(change)).toBeUndefined();
    }
    const plan = await w.plan();
    const approval = await released(w, plan);
    expect(await w.deps.artifacts.getJson(approval ?? "")).toEqual(record);
    expect(await released(w, await w.plan({ run: "run-2" }))).toBeUndefined();
    expect(await refusal(w, plan, record)).not.toMatch(/^approval/);
  });

  test("where and as whom a run works is one place for renewed tokens, another for each account, region and profile", async () => {
    await using w = await PlannedWorkspace.make();
    const place = (variables: Record<string, string>) => placeDigest(w.deps.keys, variables);
    const own = { HOME: "/home/a", PATH: "/bin", AWS_ACCESS_KEY_ID: "AKIA1", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "eu-west-1" };
    expect(place({ ...own, PATH: "/usr/bin", AWS_SECRET_ACCESS_KEY: "t", TF_TOKEN_a_example: "x" })).toBe(place(own));
    for (const other of [
      { AWS_ACCESS_KEY_ID: "AKIA2" },
      { AWS_REGION: "us-east-1" },
      { AWS_PROFILE: "prod" },
      { TF_VAR_a: "1" },
      { HOME: "/home/b" },
    ])
      expect(place({ ...own, ...other }), canonicalJson(other)).not.toBe(place(own));
  });

  test("a rejected plan-only request, and one of the same run, release nothing", async () => {
    await using w = await PlannedWorkspace.make();
    await w.decided(await w.plan({ run: "run-0" }), "rejected", { plan_only: true }, "run-0");
    expect(await released(w, await w.plan())).toBeUndefined();
    await w.decided(await w.plan(), "approved", { id: `apr_${"0".repeat(25)}2` });
    expect(await released(w, await w.plan({ made_at: "later" }))).toBeUndefined();
  });
});
