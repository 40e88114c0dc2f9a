import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Orchestration } from "@platform-ops/orchestration/client";
import { startTestTemporal, testTemporalBinary } from "@platform-ops/orchestration/testing";
import { bundleWorkflows } from "@platform-ops/orchestration/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VERSION } from "../identity.ts";
import { FIXTURE_KEYS } from "./fixture/keys.ts";
import { replay } from "./fixture/replay.ts";
import { digest as D, type Script } from "./fixture/scripted-activities.ts";
import { startWorker } from "./fixture/start-worker.ts";
import { WORKFLOW_TYPE, type RunInput, type RunNode } from "./run-contract.ts";
import { readMemo, startMemo } from "./run-memo.ts";

// Histories of every released version: a worker of today must be able to carry on any open run. To add those of a new
// version: PLATFORM_OPS_RECORD_HISTORIES=1 with PLATFORM_OPS_TEST_TEMPORAL. Those of older versions are never rewritten.
const STORE = fileURLToPath(new URL("testdata/histories", import.meta.url));
const binary = testTemporalBinary(process.env);
const records = process.env["PLATFORM_OPS_RECORD_HISTORIES"] === "1" && binary !== undefined;
const QUEUE = "terraform@0123456789ab";

const node = (name: string, needs: number[] = [], apply = true): RunNode => ({
  name,
  needs,
  operations: apply ? ["plan", "apply"] : ["plan"],
  apply,
});

interface Story {
  readonly nodes: RunNode[];
  readonly script: Script;
  readonly destroy?: true;
  /** What a person does once the run waits. */
  readonly then?: (run: Orchestration, id: string, request: string) => Promise<unknown>;
  readonly until?: string;
}
const decide = (decision: string) => (run: Orchestration, id: string, request: string) =>
  run.update(id, "decide", { request_id: request, decision }, { updateId: decision, timeoutMs: 15_000 });

const STORIES: Record<string, Story> = {
  diamond: { nodes: [node("a"), node("b", [0]), node("c", [0]), node("d", [1, 2])], script: { gate: "auto" } },
  approved: { nodes: [node("a"), node("b")], script: {}, until: "awaiting_approval", then: decide("approved") },
  rejected: { nodes: [node("a"), node("b", [0])], script: {}, until: "awaiting_approval", then: decide("rejected") },
  failed: {
    nodes: [node("a"), node("b", [0]), node("x")],
    script: { gate: "auto", plan: { a: [{ outcome: "failed", failure: { code: "command_failed", digest: D("d") } }] } },
  },
  stale_and_held: {
    nodes: [node("a"), node("b")],
    script: { gate: "auto", plan: { a: [{ outcome: "held", holder: "other" }] }, apply: { b: [{ outcome: "stale" }] } },
  },
  plan_only: { nodes: [node("a", [], false), node("b", [0], false)], script: {} },
  credentials: {
    nodes: [node("a")],
    script: { gate: "auto", expired: D("e") },
    until: "blocked",
    then: (run, id) => run.signal(id, "refresh_credentials", D("9")),
  },
  destroyed: {
    nodes: [node("a"), node("b", [0]), node("c", [0])],
    script: { gate: "auto", apply: { c: [{ outcome: "stale" }] } },
    destroy: true,
  },
  cancelled: {
    nodes: [node("a"), node("b", [0])],
    script: {},
    until: "awaiting_approval",
    then: (run, id) => run.signal(id, "cancel", { mode: "drain" }),
  },
};

let folder: string;
let bundle: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
  bundle = join(folder, "workflow-bundle.js");
  await bundleWorkflows({ workflowsPath: new URL("workflow.ts", import.meta.url).pathname, outFile: bundle });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("histories of released versions", { timeout: 60_000 }, () => {
  const stored = readdirSync(STORE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  test("are there for every story", () => {
    for (const name of Object.keys(STORIES)) expect(stored.map((path) => path.split("/").at(-1))).toContain(`${name}.json`);
  });
  const read = (name: string, change = (text: string) => text) =>
    JSON.parse(change(readFileSync(join(STORE, name), "utf8"))) as { workflowId: string; history: unknown };
  test("are replayed by the workflow of today", async () => {
    const answers = await replay({ bundle, stories: stored.map((name) => read(name)) });
    expect(Object.fromEntries(stored.map((name, i) => [name, answers[i]]))).toEqual(Object.fromEntries(stored.map((name) => [name, null])));
  });
  test("and one that tells another story is noticed", async () => {
    const other = read(stored[0] ?? "", (text) => text.replaceAll('"planWorkspace"', '"applyWorkspace"'));
    expect((await replay({ bundle, stories: [other] }))[0]).toMatch(/nondeterminism/i);
  });
});

// Not a test: writes what the tests above read. Only there when it is asked for, so that nothing counts as skipped.
if (records)
  describe("recording", { timeout: 120_000 }, () => {
    test(`the histories of ${VERSION}`, async () => {
      const temporal = await startTestTemporal({ binary: binary ?? "" });
      const scripts = join(folder, "scripts");
      mkdirSync(scripts);
      const worker = await startWorker({
        address: temporal.address,
        home: join(folder, "home"),
        queue: QUEUE,
        bundle,
        scripts,
        fixtureKeys: true,
      });
      const run = await connect({ mode: "local", address: temporal.address, namespace: "default", keys: FIXTURE_KEYS });
      for (const [name, story] of Object.entries(STORIES)) await record(run, scripts, name, story);
      await run.close();
      await worker.kill("SIGKILL");
      await temporal.stop();
      expect(readdirSync(join(STORE, VERSION)).sort()).toEqual(
        Object.keys(STORIES)
          .map((name) => `${name}.json`)
          .sort(),
      );
    });

    async function record(run: Orchestration, scripts: string, name: string, story: Story): Promise<void> {
      const id = `terraform-parent-workflow-${name}`;
      writeFileSync(join(scripts, `${id}.json`), JSON.stringify(story.script));
      const input: RunInput = {
        config: D("c"),
        environment: D("e"),
        nodes: story.nodes,
        options: { parallelism: 4, approval_hours: 1, lock_timeout_seconds: 1, environment: "default" },
        requester: "agent:test@me",
        server_version: VERSION,
        ...(story.destroy === true ? { destroy: true } : {}),
      };
      await run.start({
        type: WORKFLOW_TYPE,
        id,
        args: [input],
        memo: startMemo(input, {
          workspace_root: "/",
          environment: "default",
          requester: "agent:test@me",
          server_version: VERSION,
          plan_only: false,
        }),
        attributes: { kind: "terraform-run" },
        taskQueue: QUEUE,
      });
      for (let waiting = story.until !== undefined; waiting; await sleep(50)) {
        const memo = readMemo((await run.describe(id)).memo);
        if (memo.phase !== story.until) continue;
        waiting = false;
        await story.then?.(run, id, memo.approval?.id ?? "");
      }
      await run.result(id).catch(() => undefined);
      mkdirSync(join(STORE, VERSION), { recursive: true });
      writeFileSync(
        join(STORE, VERSION, `${name}.json`),
        `${withoutMachine(JSON.stringify({ workflowId: id, history: await run.history(id) }))}\n`,
      );
    }
  });

/** Names of processes and machines are nobody's business. */
function withoutMachine(json: string): string {
  return json.replaceAll(/"(identity|binaryChecksum|buildId|sdkName|workerId)":"[^"]*"/g, '"$1":"test"');
}
