import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Check } from "@platform-ops/ledger";
import { openConnection } from "../client/connection.ts";
import { startTestGateway } from "../testing/test-gateway.ts";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "../testing/test-temporal.ts";
import { clusterChecks, type ClusterUse } from "./cluster-checks.ts";

const binary = testTemporalBinary(process.env);
const LIMIT_MS = 120_000;
const QUEUE = "some-queue";

describe.skipIf(binary === undefined)(
  "a cluster, as doctor sees it (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: LIMIT_MS },
  () => {
    let temporal: TestTemporal;
    beforeAll(async () => {
      temporal = await startTestTemporal({ binary: binary ?? "" });
    }, LIMIT_MS);
    afterAll(() => temporal.stop());

    async function checksOf({ target, ...more }: Partial<Omit<ClusterUse, "target">> & { target?: Partial<ClusterUse["target"]> } = {}) {
      const whole = { mode: "cluster", address: temporal.address, namespace: "default", ...target } as const;
      const checks = await clusterChecks({ target: whole, queue: QUEUE, workers: "local", workerCommand: "terraform-mcp worker", ...more });
      return Object.fromEntries(checks.map((check) => [check.id, check])) as Record<string, Check>;
    }
    /** As a person would: by the command that was printed. */
    function run(cure: string | undefined): void {
      const [, command = ""] = /Run: temporal (.*)$/.exec(cure ?? "") ?? [];
      execFileSync(binary ?? "", command.split(" "), { stdio: "ignore" });
    }

    it("stops at the first fault, with its cure", async () => {
      const closed = await checksOf({ target: { address: "127.0.0.1:1" } });
      expect(Object.keys(closed)).toEqual(["temporal"]);
      expect(closed["temporal"]).toMatchObject({
        status: "broken",
        found: "the cluster at 127.0.0.1:1, by the settings: nothing listens there",
        cure: expect.stringContaining("TEMPORAL_ADDRESS") as string,
      });
    });

    it("misses a namespace and search attributes until the commands that it names were run", async () => {
      const target = { namespace: "platform" };
      const bare = await checksOf({ target });
      expect(bare["temporal"]).toMatchObject({
        status: "ok",
        found: expect.stringMatching(/; server 1\.\d+/) as string,
        version: expect.stringMatching(/^1\./) as string,
      });
      expect(bare["temporal_namespace"]).toMatchObject({ status: "missing", found: "platform does not exist there" });
      expect(bare["temporal_worker"]).toBeUndefined();
      run(bare["temporal_namespace"]?.cure);
      const made = await checksOf({ target });
      expect(made["temporal_namespace"]).toMatchObject({ status: "ok", found: "platform, which keeps closed runs for 90 day(s)" });
      // The server learns of new namespaces and attributes by looking every now and then.
      const attributes = async () => (await checksOf({ target }))["temporal_search_attributes"];
      const bareOf = await vi.waitUntil(
        async () => {
          const check = await attributes();
          return check?.status === "warn" ? check : undefined;
        },
        { timeout: LIMIT_MS, interval: 500 },
      );
      expect(bareOf.found).toContain("PlatformOpsKind, PlatformOpsServer, PlatformOpsEnvironment, PlatformOpsProject");
      run(bareOf.cure);
      await expect.poll(attributes, { timeout: LIMIT_MS, interval: 500 }).toMatchObject({ status: "ok", found: "registered" });
    });

    it("misses a worker where others must run it, and finds one that polls", async () => {
      expect((await checksOf())["temporal_worker"]).toMatchObject({ status: "ok", found: expect.stringContaining("none yet") as string });
      const external = await checksOf({ workers: "external" });
      expect(external["temporal_worker"]).toMatchObject({
        status: "missing",
        found: expect.stringContaining(`nobody polls ${QUEUE}`) as string,
        cure: expect.stringContaining("terraform-mcp worker") as string,
      });
      expect((await checksOf({ queue: undefined }))["temporal_worker"]).toMatchObject({ status: "ok" });
      const connection = await openConnection({ mode: "local", address: temporal.address, namespace: "default" });
      const stop = new AbortController();
      const asked = { namespace: "default", taskQueue: { name: QUEUE }, identity: "somebody" };
      const poll = connection
        .withAbortSignal(stop.signal, () =>
          connection.withDeadline(Date.now() + LIMIT_MS, () => connection.workflowService.pollWorkflowTaskQueue(asked)),
        )
        .catch(() => undefined);
      await expect
        .poll(async () => (await checksOf({ workers: "external" }))["temporal_worker"], { timeout: LIMIT_MS, interval: 500 })
        .toMatchObject({ status: "ok", found: `one polls ${QUEUE}` });
      stop.abort();
      await poll;
      await connection.close();
    });

    it("tells how far the clocks are apart where a gateway tells the time", async () => {
      const gateway = await startTestGateway({ upstream: temporal.address, aheadMs: 3_600_000 });
      const right = await startTestGateway({ upstream: temporal.address });
      try {
        const skewed = (await checksOf({ target: { address: gateway.address } }))["temporal_clock"];
        expect(skewed).toMatchObject({ status: "warn", found: expect.stringMatching(/clock is \d+ min behind it/) as string });
        expect((await checksOf({ target: { address: right.address } }))["temporal_clock"]).toBeUndefined();
      } finally {
        await gateway.stop();
        await right.stop();
      }
    });
  },
);
