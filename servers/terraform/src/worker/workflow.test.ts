import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { connect, type Orchestration } from "@platform-ops/orchestration/client";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "@platform-ops/orchestration/testing";
import { bundleWorkflows } from "@platform-ops/orchestration/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digest as D, type Script } from "./fixture/scripted-activities.ts";
import { startWorker, type TestWorker } from "./fixture/start-worker.ts";
import { WORKFLOW_TYPE, type RunInput, type RunNode } from "./run-contract.ts";
import { readMemo, startMemo, type ReadMemo } from "./run-memo.ts";

const binary = testTemporalBinary(process.env);
const QUEUE = "terraform@0123456789ab";
const node = (name: string, needs: number[] = [], apply = true): RunNode => ({
  name,
  needs,
  operations: apply ? ["plan", "apply"] : ["plan"],
  apply,
});

describe.skipIf(binary === undefined)(
  "ParentWorkflow (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: 60_000 },
  () => {
    let folder: string;
    let scripts: string;
    let temporal: TestTemporal;
    let orchestration: Orchestration;
    let worker: TestWorker;
    let ids = 0;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "workflow-"));
      const home = join(folder, "home");
      scripts = join(folder, "scripts");
      await mkdir(scripts);
      const keys = await openKeys(await openDataDirectory(home));
      const bundle = join(folder, "workflow-bundle.js");
      await bundleWorkflows({ workflowsPath: new URL("workflow.ts", import.meta.url).pathname, outFile: bundle });
      temporal = await startTestTemporal({ binary: binary ?? "" });
      worker = await startWorker({ address: temporal.address, home, queue: QUEUE, bundle, scripts });
      orchestration = await connect({ mode: "local", address: temporal.address, namespace: "default", keys });
    }, 120_000);

    afterAll(async () => {
      await worker?.kill("SIGKILL");
      await orchestration?.close();
      await temporal?.stop();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    const logOf = (id: string): string[] =>
      existsSync(join(scripts, `${id}.log`))
        ? readFileSync(join(scripts, `${id}.log`), "utf8")
            .trim()
            .split("\n")
        : [];
    async function start(nodes: RunNode[], script: Script = {}, hours = 1): Promise<string> {
      const id = `terraform-parent-workflow-${(ids += 1)}`;
      writeFileSync(join(scripts, `${id}.json`), JSON.stringify(script));
      const input: RunInput = {
        config: D("c"),
        environment: D("e"),
        nodes,
        options: { parallelism: 4, approval_hours: hours, lock_timeout_seconds: 1, environment: "default" },
        requester: "agent:test@me",
        server_version: "0",
      };
      await orchestration.start({
        type: WORKFLOW_TYPE,
        id,
        args: [input],
        memo: startMemo(input, {
          workspace_root: "/",
          environment: "default",
          requester: "agent:test@me",
          server_version: "0",
          plan_only: false,
        }),
        attributes: { kind: "terraform-run" },
        taskQueue: QUEUE,
      });
      return id;
    }
    const memo = async (id: string): Promise<ReadMemo> => readMemo((await orchestration.describe(id)).memo);
    async function until(id: string, look: (memo: ReadMemo) => boolean): Promise<ReadMemo> {
      for (;;) {
        const now = await memo(id);
        if (look(now)) return now;
        await sleep(50);
      }
    }
    const decide = (id: string, request: string, decision: string, key = `${request}-${decision}`): Promise<unknown> =>
      orchestration.update(id, "decide", { request_id: request, decision }, { updateId: key, timeoutMs: 15_000 });

    test("a diamond is applied in order, in few events, and its memo tells it", async () => {
      const id = await start([node("a"), node("b", [0]), node("c", [0]), node("d", [1, 2])], { gate: "auto" });
      expect(await orchestration.result(id)).toMatchObject({ phase: "completed", applied: 4 });
      const steps = logOf(id);
      for (const [first, then] of [
        ["apply a", "plan b"],
        ["apply a", "plan c"],
        ["apply b", "plan d"],
        ["apply c", "plan d"],
        ["plan d", "apply d"],
      ] as const)
        expect(steps.indexOf(first)).toBeLessThan(steps.indexOf(then));
      const end = await memo(id);
      expect(end).toMatchObject({ phase: "completed", report: D("f") });
      expect(end.workspaces.map((w) => [w.name, w.state, w.counts?.outputs])).toEqual(
        ["a", "b", "c", "d"].map((name) => [name, "applied", 2]),
      );
      const { events } = (await orchestration.history(id)) as { events: unknown[] };
      expect(events.length).toBeLessThan(4 * 30);
    });

    test("plans wait together for one decision; a forged, crossed or late one changes nothing", async () => {
      const id = await start([node("a"), node("b")], {});
      const waiting = await until(id, (m) => m.phase === "awaiting_approval");
      const request = waiting.approval?.id ?? "";
      expect(waiting.approval).toMatchObject({ workspaces: ["a", "b"], channels: ["cli"] });
      await expect(decide(id, "apr_OTHER", "approved")).rejects.toMatchObject({ code: "approval_closed" });
      await expect(decide(id, request, "forged")).rejects.toMatchObject({ code: "approval_invalid" });
      expect(logOf(id).filter((step) => step.startsWith("apply"))).toEqual([]);
      expect(await decide(id, request, "approved")).toEqual({ decision: "approved", workspaces: ["a", "b"] });
      expect(await orchestration.result(id)).toMatchObject({ applied: 2 });
      await expect(decide(id, request, "rejected")).rejects.toMatchObject({ code: "conflict" });
    });

    test("a decision that the policy takes no more: the run asks anew, and the new request releases it", async () => {
      const id = await start([node("a")], {});
      const first = (await until(id, (m) => m.phase === "awaiting_approval")).approval?.id ?? "";
      await expect(decide(id, first, "void")).rejects.toMatchObject({
        code: "approval_channel",
        message: expect.stringContaining("asks anew"),
      });
      const second = (await until(id, (m) => m.approval !== undefined && m.approval.id !== first)).approval?.id ?? "";
      await expect(decide(id, first, "approved")).rejects.toMatchObject({ code: "approval_closed" });
      await decide(id, second, "approved");
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
    });

    test("rejected: the run fails as run_rejected, names the workspaces, and gives their locks back", async () => {
      const id = await start([node("a"), node("b", [0])], {});
      const { approval } = await until(id, (m) => m.phase === "awaiting_approval");
      await decide(id, approval?.id ?? "", "rejected");
      await expect(orchestration.result(id)).rejects.toMatchObject({
        code: "run_rejected",
        message: expect.stringContaining("rejected: a"),
      });
      expect(logOf(id)).toContain("release a");
      expect(await memo(id)).toMatchObject({ phase: "rejected" });
    });

    test("expired: nobody decided in time", async () => {
      const id = await start([node("a")], {}, 1 / 3600);
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "run_expired" });
      expect(logOf(id)).toContain("close expired");
    });

    test("a failed workspace skips what needs it; the independent one is applied; the run is partial", async () => {
      const id = await start([node("a"), node("b", [0]), node("x")], {
        gate: "auto",
        plan: { a: [{ outcome: "failed", failure: { code: "command_failed", digest: D("d") } }] },
      });
      await expect(orchestration.result(id)).rejects.toMatchObject({
        code: "run_partial",
        message: "failed: a (command_failed); skipped: b (because of a)",
      });
      expect((await memo(id)).errors).toEqual([{ workspace: "a", code: "command_failed", digest: D("d") }]);
      expect(logOf(id)).toContain("notify failed a");
    });

    test("a stale plan is made anew and asked for anew", async () => {
      const id = await start([node("a")], { gate: "auto", apply: { a: [{ outcome: "stale" }] } });
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
      expect(logOf(id).filter((s) => /^(plan|gate|apply)/.test(s))).toEqual(["plan a", "apply a", "plan a", "apply a"]);
    });

    test("a held workspace waits on its own queue and names the holder, while others go on", async () => {
      const id = await start([node("a"), node("b")], { gate: "auto", plan: { a: [{ outcome: "held", holder: "run-of-another" }] } });
      expect(await orchestration.result(id)).toMatchObject({ applied: 2 });
      expect(logOf(id)).toContain("wait a run-of-another");
    });

    test("blocked on credentials by name, until they are renewed; the plan then has the new environment", async () => {
      const id = await start([node("a")], { gate: "auto", expired: D("e") });
      expect(await until(id, (m) => m.phase === "blocked")).toMatchObject({
        blockers: [{ workspace: "a", kind: "credentials", by: D("d") }],
      });
      await orchestration.signal(id, "refresh_credentials", "not a digest");
      await orchestration.signal(id, "refresh_credentials", D("9"));
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
    });

    test("drain: the running apply finishes, nothing new begins", async () => {
      const hold = join(folder, "go");
      const id = await start([node("a"), node("b", [0])], { gate: "auto", hold });
      await until(id, (m) => m.workspaces[0]?.state === "applying");
      await orchestration.signal(id, "cancel", { mode: "drain" });
      expect((await until(id, (m) => m.phase === "cancelling")).workspaces[1]?.state).toBe("cancelled");
      writeFileSync(hold, "");
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "run_cancelled" });
      expect((await memo(id)).workspaces.map((w) => w.state)).toEqual(["applied", "cancelled"]);
    });

    test("a cancellation while a person is awaited closes the request and gives the lock back", async () => {
      const id = await start([node("a")], {});
      await until(id, (m) => m.phase === "awaiting_approval");
      await orchestration.cancel(id);
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "run_cancelled" });
      expect(logOf(id)).toEqual(expect.arrayContaining(["close superseded", "release a"]));
    });

    test("plan-only: complete, with a request left open for a later run", async () => {
      const id = await start([node("a", [], false), node("b", [0], false)], {});
      expect(await orchestration.result(id)).toMatchObject({ phase: "completed", planned: 1 });
      expect(await memo(id)).toMatchObject({ phase: "completed", approval: { workspaces: ["a"] } });
      expect((await memo(id)).workspaces.map((w) => w.state)).toEqual(["planned", "deferred"]);
      expect(logOf(id)).toContain("gate a plan-only");
    });

    test("where nothing can decide: plan-only runs complete with their report, others fail by that name", async () => {
      const planned = await start([node("a", [], false)], { gate: "refuses" });
      expect(await orchestration.result(planned)).toMatchObject({ phase: "completed", planned: 1, report: D("f") });
      expect((await memo(planned)).approval).toBeUndefined();
      const id = await start([node("a")], { gate: "refuses" });
      await expect(orchestration.result(id)).rejects.toMatchObject({
        code: "run_failed",
        message: expect.stringContaining("approval_channel"),
      });
      expect(logOf(id)).toEqual(expect.arrayContaining(["release a", "finish failed"]));
    });

    test("an apply that ends without an answer is in doubt", async () => {
      const id = await start([node("a"), node("b", [0])], { gate: "auto", apply: { a: ["throws"] } });
      await expect(orchestration.result(id)).rejects.toMatchObject({
        code: "run_partial",
        message: expect.stringContaining("in_doubt: a"),
      });
      expect(logOf(id)).toContain("notify in_doubt a");
    });

    test("200 workspaces stay far under the limits of a history and a memo", async () => {
      const nodes = Array.from({ length: 200 }, (_, i) => node(`workspace-number-${i}`, i < 20 ? [] : [i - 20]));
      const id = await start(nodes, { gate: "auto" });
      expect(await orchestration.result(id)).toMatchObject({ applied: 200 });
      const { events } = (await orchestration.history(id)) as { events: unknown[] };
      expect(events.length).toBeLessThan(10_000);
      expect(JSON.stringify((await orchestration.describe(id)).memo).length).toBeLessThan(32 * 1024);
      expect((await memo(id)).workspaces.every((w) => w.state === "applied")).toBe(true);
    });
  },
);
