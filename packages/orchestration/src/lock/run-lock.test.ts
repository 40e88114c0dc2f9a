import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, type Orchestration } from "../client.ts";
import { startFixtureWorker, type FixtureWorker } from "../testing/fixture/fixture-worker.ts";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "../testing/test-temporal.ts";
import { bundleWorkflows } from "../worker/bundle.ts";
import { lockId, placeId, placeOf } from "./lock-contract.ts";

const binary = testTemporalBinary(process.env);

describe("ids of locks", () => {
  it("sort in the order in which was asked, and name their lock", () => {
    const lock = lockId("ab12");
    const ids = [placeId(lock, 1_700_000_000_001, "a"), placeId(lock, 1_700_000_000_000, "z"), placeId(lock, 999, "z")];
    expect(ids.toSorted().map((id) => placeOf(id)?.since)).toEqual([999, 1_700_000_000_000, 1_700_000_000_001]);
    expect(placeOf(ids[0] ?? "")?.lock).toBe(lock);
    expect([placeOf(lock), placeOf("mw-lock@ab.1.x"), placeOf("lock@ab.17.x")]).toEqual([undefined, undefined, undefined]);
  });
});

/** A data directory with keys and a worker of its own, on the one Temporal. */
interface Site {
  readonly orchestration: Orchestration;
  readonly worker: FixtureWorker;
  begin(id: string, lock: string, since: number): Promise<void>;
}

describe.skipIf(binary === undefined)(
  "locks between the runs of two data directories (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: 60_000 },
  () => {
    let folder: string;
    let temporal: TestTemporal;
    let here: Site;
    let there: Site;

    const site = async (name: string, bundle: string): Promise<Site> => {
      const home = join(folder, name);
      const keys = await openKeys(await openDataDirectory(home));
      const queue = `locks@${name}`;
      const orchestration = await connect({ mode: "local", address: temporal.address, namespace: "default", keys });
      const worker = await startFixtureWorker({ address: temporal.address, home, queue, bundle, aliveFile: join(home, "alive.json") });
      const begin = async (id: string, lock: string, since: number): Promise<void> => {
        await orchestration.start({
          type: "lockOwner",
          id,
          args: [{ lock, since }],
          memo: {},
          attributes: { kind: "test" },
          taskQueue: queue,
        });
      };
      return { orchestration, worker, begin };
    };
    const stands = ({ orchestration }: Site, id: string): Promise<string> => orchestration.query<string>(id, "stands").catch(() => "away");
    const until = async (from: Site, id: string, says: string): Promise<void> => {
      for (let said = ""; said !== says; await sleep(50)) said = await stands(from, id);
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "locks-"));
      const bundle = join(folder, "workflow-bundle.js");
      const workflowsPath = new URL("fixture/lock-workflows.ts", import.meta.url).pathname;
      [temporal] = await Promise.all([startTestTemporal({ binary: binary ?? "" }), bundleWorkflows({ workflowsPath, outFile: bundle })]);
      [here, there] = await Promise.all([site("here", bundle), site("there", bundle)]);
    }, 120_000);
    afterAll(async () => {
      for (const one of [here, there]) {
        one?.worker.kill("SIGKILL");
        await one?.worker.ended;
        await one?.orchestration.close();
      }
      await temporal?.stop();
      await rm(folder, { recursive: true, force: true });
    }, 120_000);

    it("stay where they are while holder and waiter are carried on; who asked first has it first", async () => {
      const lock = lockId("c0ffee");
      await here.begin("holder", lock, 1);
      await until(here, "holder", "holds");
      await there.begin("first", lock, 2);
      await until(there, "first", "waits for holder");
      await here.begin("second", lock, 3);
      await until(here, "second", "waits for holder");
      const seen: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        await Promise.all([here.orchestration.signal("holder", "carry_on"), there.orchestration.signal("first", "carry_on")]);
        await until(here, "holder", "holds");
        await until(there, "first", "waits for holder");
        seen.push(await stands(here, "second"));
      }
      expect(new Set(seen)).toEqual(new Set(["waits for holder"]));
      await here.orchestration.signal("holder", "end");
      await until(there, "first", "holds");
      await until(here, "second", "waits for first");
      await there.orchestration.signal("first", "end");
      await until(here, "second", "holds");
      await here.orchestration.signal("second", "end");
      // Nobody waits any more: it is given back by itself.
      for (let status = ""; status !== "COMPLETED"; await sleep(50)) status = (await here.orchestration.describe(lock)).status;
    });

    it("outlive Temporal; one whose run is ended while its worker is away is had by the next one", async () => {
      const lock = lockId("5afe");
      await here.begin("kept", lock, 1);
      await until(here, "kept", "holds");
      await there.begin("next", lock, 2);
      await until(there, "next", "waits for kept");
      await temporal.restart();
      await until(here, "kept", "holds");
      await until(there, "next", "waits for kept");
      here.worker.kill("SIGKILL");
      await here.worker.ended;
      // Nobody is there who could give it back; its run is open, and it is its own.
      await sleep(1_500);
      expect(await stands(there, "next")).toBe("waits for kept");
      await there.orchestration.terminate("kept", "a test");
      await until(there, "next", "holds");
    });
  },
);
