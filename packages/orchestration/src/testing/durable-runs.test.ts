import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDataDirectory, openKeys, type Keyring } from "@platform-ops/ledger";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorkflows } from "../worker/bundle.ts";
import { connect, type Orchestration } from "../client.ts";
import { payloadCodec } from "../codec/payload-codec.ts";
import type { WorkerAlive } from "../contract/alive.ts";
import { replayHistory, startFixtureWorker, type FixtureWorker } from "./fixture/fixture-worker.ts";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "./test-temporal.ts";

const binary = testTemporalBinary(process.env);
const QUEUE = "fixture@0123456789ab";
const HOOK_LIMIT = 120_000;
const TEST_LIMIT = 60_000;

async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(50);
  }
}

describe.skipIf(binary === undefined)(
  "durable runs (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: TEST_LIMIT },
  () => {
    let folder: string;
    let home: string;
    let keys: Keyring;
    let temporal: TestTemporal;
    let orchestration: Orchestration;
    let bare: Client;
    let bundle: string;
    const started: FixtureWorker[] = [];
    let ids = 0;
    const newId = (): string => `run-${(ids += 1)}`;

    const target = () => ({ mode: "local" as const, address: temporal.address, namespace: "default" });
    const aliveFile = () => join(home, "alive.json");
    async function worker(code = bundle): Promise<FixtureWorker> {
      const one = await startFixtureWorker({ address: temporal.address, home, queue: QUEUE, bundle: code, aliveFile: aliveFile() });
      started.push(one);
      return one;
    }
    /** The worker of an earlier test, or a new one. */
    const someWorker = async (): Promise<FixtureWorker> => started[0] ?? (await worker());
    async function stopWorkers(): Promise<void> {
      for (const one of started.splice(0)) {
        one.kill("SIGKILL");
        await one.ended;
      }
    }
    async function start(type: string, args: unknown[]): Promise<string> {
      const id = newId();
      await orchestration.start({
        type,
        id,
        args,
        memo: { title: id },
        attributes: { kind: "apply", environment: "prod" },
        taskQueue: QUEUE,
      });
      return id;
    }
    const decide = (id: string, decision: string, timeoutMs = 20_000): Promise<unknown> =>
      orchestration.update(id, "decide", { decision }, { updateId: `decide-${decision}`, timeoutMs });
    const attempts = (file: string): string[] =>
      existsSync(`${file}.attempts`) ? readFileSync(`${file}.attempts`, "utf8").trim().split("\n") : [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "durable-"));
      home = join(folder, "home");
      keys = await openKeys(await openDataDirectory(home));
      bundle = join(folder, "workflow-bundle.js");
      await bundleWorkflows({ workflowsPath: new URL("fixture/workflows.ts", import.meta.url).pathname, outFile: bundle });
      temporal = await startTestTemporal({ binary: binary ?? "" });
      bare = new Client({ connection: await Connection.connect({ address: temporal.address }) });
      orchestration = await connect({ ...target(), keys });
    }, HOOK_LIMIT);

    afterAll(async () => {
      await stopWorkers();
      await orchestration?.close();
      await bare?.connection.close();
      await temporal?.stop();
      await rm(folder, { recursive: true, force: true });
    }, HOOK_LIMIT);

    // The first one: later ones find workers.
    it("says what happened to a decision that no worker could answer, and takes it again under the same id", async () => {
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      expect(await orchestration.hasWorker(QUEUE)).toBe(false);
      await expect(decide(id, "approved", 1_000)).rejects.toMatchObject({ code: "not_confirmed" });
      await worker();
      // its first poll reaches the server a moment after it says that it runs
      await until(() => orchestration.hasWorker(QUEUE));
      expect(await decide(id, "approved")).toEqual({ accepted: true, was: "s" });
      expect(await decide(id, "approved")).toEqual({ accepted: true, was: "s" });
      expect(await orchestration.result(id)).toEqual({ decided: "approved" });
      // Who sends it late, to a run that it has ended already, hears the same.
      expect(await decide(id, "approved")).toEqual({ accepted: true, was: "s" });
      await expect(decide(id, "rejected")).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("ended") });
    });

    it("starts and tells in one round trip; a run of that id that is open is told, one that has ended is not begun again", async () => {
      await someWorker();
      const run = { type: "waitsForDecision", id: "told", args: [{ secret: "s" }], memo: {}, attributes: { kind: "k" }, taskQueue: QUEUE };
      const tell = (decision: string, updateId: string) =>
        orchestration.startWithUpdate(run, "decide", { decision }, { updateId, timeoutMs: 20_000 });
      await expect(tell("forged", "1")).rejects.toMatchObject({ code: "approval_invalid" });
      expect(await orchestration.query("told", "phase")).toBe("awaiting_approval");
      expect(await until(async () => (await orchestration.countOpen({ server: "fixture" })) > 0)).toBe(true);
      expect(await tell("approved", "2")).toEqual({ accepted: true, was: "s" });
      expect(await orchestration.result("told")).toEqual({ decided: "approved" });
      await expect(tell("approved", "3")).rejects.toMatchObject({ code: "already_exists" });
    });

    it("finds runs by their memo where search attributes are not registered", async () => {
      const cluster = await connect({ ...target(), mode: "cluster", keys });
      await cluster.start({
        type: "waitsForDecision",
        id: "by-memo",
        args: [{ secret: "s" }],
        memo: {},
        attributes: { kind: "plan", project: "p1" },
        taskQueue: QUEUE,
      });
      const found = await until(async () => (await cluster.list({ server: "fixture", project: "p1", open: true, limit: 10 })).runs[0]);
      expect(found).toMatchObject({
        workflow_id: "by-memo",
        attributes: { kind: "plan", project: "p1", server: "fixture" },
        status: "RUNNING",
      });
      expect((await cluster.list({ project: "p2", limit: 10 })).runs).toEqual([]);
      await cluster.terminate("by-memo", "done");
      await cluster.close();
    });

    it("keeps status, refuses with the run's own error, and leaves no word readable in Temporal", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "hush-hush" }]);
      await expect(decide(id, "forged")).rejects.toMatchObject({ code: "approval_invalid", details: { field: "mac" } });
      const described = await orchestration.describe(id);
      expect(described).toMatchObject({
        status: "RUNNING",
        memo: { phase: "awaiting_approval", note: "hush-hush", title: id },
        needs_version: false,
      });
      expect(Object.keys(described.memo)).not.toContain("platform_ops_attributes");
      const seen = JSON.stringify(await orchestration.history(id));
      expect(seen).not.toContain(Buffer.from("hush-hush").toString("base64").slice(0, 10));
      expect(seen).not.toContain("hush-hush");
      await expect(
        orchestration.start({ type: "waitsForDecision", id, args: [{}], memo: {}, attributes: { kind: "apply" }, taskQueue: QUEUE }),
      ).rejects.toMatchObject({ code: "already_exists" });
      await orchestration.cancel(id);
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "cancelled" });
      await expect(orchestration.describe("no-such-run")).rejects.toMatchObject({ code: "not_found" });
    });

    it("finds runs by search attributes, page by page", async () => {
      await someWorker();
      const mine = [await start("failing", []), await start("failing", [])];
      for (const id of mine) await expect(orchestration.result(id)).rejects.toMatchObject({ code: "credentials", hint: "Renew it." });
      const seen = await until(async () => {
        const first = await orchestration.list({ environment: "prod", open: false, limit: 1 });
        const second = await orchestration.list({
          environment: "prod",
          open: false,
          limit: 1,
          ...(first.cursor ? { cursor: first.cursor } : {}),
        });
        const page = [...first.runs, ...second.runs].map((run) => run.workflow_id);
        return mine.every((id) => page.includes(id)) && page;
      });
      expect(seen).toHaveLength(2);
      expect((await orchestration.list({ environment: "it's \\ 'odd' OR 1=1", limit: 5 })).runs).toEqual([]);
      await expect(orchestration.list({ limit: 5, cursor: "../x" })).rejects.toMatchObject({ code: "invalid_input" });
    });

    it("is not disturbed by plaintext and moved payloads of a bare client", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      await bare.workflow.getHandle(id).signal("drain", { plain: true });
      await bare.workflow.getHandle(id).signal("no_such_signal", { plain: true });
      await bare.workflow.start("waitsForDecision", { workflowId: "plain-start", taskQueue: QUEUE, args: [{ secret: "s" }] });
      await expect(orchestration.result("plain-start")).rejects.toMatchObject({ code: "not_allowed" });

      const plain = { metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from('{"decision":"approved"}') };
      const [moved = {}] = await payloadCodec(keys).encode([plain], { type: "workflow", namespace: "default", workflowId: "other-run" });
      for (const [updateId, payload] of Object.entries({ plain, moved })) {
        const answer = await bare.connection.workflowService.updateWorkflowExecution({
          namespace: "default",
          workflowExecution: { workflowId: id },
          waitPolicy: { lifecycleStage: 3 },
          request: { meta: { updateId }, input: { name: "decide", args: { payloads: [payload] } } },
        });
        expect(answer.outcome?.failure?.applicationFailureInfo?.type).toBe("not_allowed");
      }

      expect(await decide(id, "approved")).toEqual({ accepted: true, was: "s" });
      expect(await orchestration.result(id)).toEqual({ decided: "approved" });
      expect(started[0]?.pid).toBe((JSON.parse(await readFile(aliveFile(), "utf8")) as WorkerAlive).pid);
    });

    it("replays a stored history with the codec", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      await decide(id, "approved");
      await orchestration.result(id);
      const history = await orchestration.history(id);
      expect(await replayHistory({ home, bundle, workflowId: id, history })).toBeNull();
      const otherHome = join(folder, "other-home");
      expect(await replayHistory({ home: otherHome, bundle, workflowId: id, history })).toMatch(/replay/i);
      expect(await replayHistory({ home, bundle, workflowId: "another-run", history })).toMatch(/replay/i);
    });

    it("shows what a step says of itself, and gives it to the next worker when the first is killed", async () => {
      await someWorker();
      const file = join(folder, "killed");
      const id = await start("slow", [{ file }]);
      const beating = await until(async () => (await orchestration.describe(id)).pending.find((one) => one.heartbeat !== undefined));
      expect(beating).toMatchObject({ type: "slowly", attempt: 1, heartbeat: { attempt: 1, pid: started[0]?.pid } });
      await stopWorkers();
      const next = await worker();
      expect(await until(() => attempts(file)[1])).toBe(`2 ${next.pid}`);
      writeFileSync(file, "");
      expect(await orchestration.result(id)).toBe("done in attempt 2");
    });

    it("hands a step over when a worker is asked to end", async () => {
      await someWorker();
      const file = join(folder, "drained");
      const id = await start("slow", [{ file }]);
      await until(() => attempts(file)[0]);
      const [old] = started.splice(0);
      const next = await worker();
      old?.kill("SIGTERM");
      expect(await old?.ended).toEqual({ code: 0, signal: null });
      expect(readFileSync(`${file}.early`, "utf8")).toBe("handover");
      expect(await until(() => attempts(file)[1])).toBe(`2 ${next.pid}`);
      writeFileSync(file, "");
      expect(await orchestration.result(id)).toBe("done in attempt 2");
    });

    it("cancels a step that was asked to stop", async () => {
      await someWorker();
      const file = join(folder, "cancelled");
      const id = await start("slow", [{ file }]);
      await until(() => attempts(file)[0]);
      await orchestration.cancel(id);
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "cancelled" });
      expect(attempts(file)).toHaveLength(1);
      expect(readFileSync(`${file}.early`, "utf8")).toBe("cancel");
    });

    it("goes on with the same client and worker after Temporal was killed", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      await temporal.kill();
      await expect(orchestration.describe(id)).rejects.toMatchObject({ code: "temporal_unavailable" });
      await expect(decide(id, "approved", 500)).rejects.toMatchObject({ code: "not_confirmed" });
      await temporal.restart();
      expect(await decide(id, "approved")).toEqual({ accepted: true, was: "s" });
      expect(await orchestration.result(id)).toEqual({ decided: "approved" });
    });

    it("tells how many runs are open in the alive file", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      const alive = await until(async () => {
        const read = JSON.parse(await readFile(aliveFile(), "utf8")) as WorkerAlive;
        return (read.open_runs ?? 0) > 0 && read;
      });
      expect(alive).toMatchObject({ phase: "running", pid: started.at(-1)?.pid, server: "fixture", build: "test" });
      await orchestration.terminate(id, "done");
    });

    it("tells when a run needs the build that began it, and lets that build carry it on", async () => {
      await someWorker();
      const id = await start("waitsForDecision", [{ secret: "s" }]);
      await until(async () => (await orchestration.describe(id)).memo["phase"]);
      await stopWorkers();
      const changed = join(folder, "changed-bundle.js");
      await bundleWorkflows({ workflowsPath: new URL("fixture/workflows-changed.ts", import.meta.url).pathname, outFile: changed });
      await worker(changed);
      await expect(decide(id, "approved", 8_000)).rejects.toMatchObject({ code: expect.stringMatching(/needs_version|not_confirmed/) });
      await until(async () => (await orchestration.describe(id)).needs_version);
      await expect(decide(id, "approved", 8_000)).rejects.toMatchObject({ code: "needs_version" });
      await stopWorkers();
      await worker();
      expect(await until(() => decide(id, "approved").catch(() => false as const))).toEqual({ accepted: true, was: "s" });
      expect((await orchestration.describe(id)).needs_version).toBe(false);
    });

    it("keeps closed runs for 90 days where Temporal is ours", async () => {
      await someWorker();
      const { config } = await bare.connection.workflowService.describeNamespace({ namespace: "default" });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 86_400);
    });

    it("fails soon where nothing listens, and where what listens never answers", async () => {
      const held: Socket[] = [];
      const mute = createServer((socket) => void held.push(socket));
      await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
      const { port } = mute.address() as AddressInfo;
      await expect(connect({ ...target(), address: `127.0.0.1:${port}`, keys })).rejects.toMatchObject({ code: "temporal_unavailable" });
      for (const socket of held) socket.destroy();
      await new Promise((resolve) => mute.close(resolve));
      await expect(connect({ ...target(), address: `127.0.0.1:${port}`, keys })).rejects.toMatchObject({
        code: "temporal_unavailable",
        message: expect.stringContaining(String(port)),
      });
    });
  },
);
