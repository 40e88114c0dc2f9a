import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestTemporal, testTemporalBinary } from "@platform-ops/orchestration/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUTO_CONFIG, effects, newHome, openGate, writeProject, type TestHome } from "../support/home.ts";
import { childEnv, META_WORKFLOWS_BIN, startAgent, TERRAFORM_BIN, type ToolAnswer } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { ended } from "../support/run.ts";

// A Temporal that is not ours to keep: it is named by TEMPORAL_ADDRESS, knows none of our search attributes, and the
// workers are ours or somebody else's by a setting.

const binary = testTemporalBinary(process.env);

describe.skipIf(binary === undefined)("a Temporal elsewhere (`npm run setup` brings the binary)", () => {
  let temporal: Awaited<ReturnType<typeof startTestTemporal>>;
  let home: TestHome;
  const env = (): Record<string, string> => ({ ...home.env, TEMPORAL_ADDRESS: temporal.address });

  beforeAll(async () => {
    temporal = await startTestTemporal({ binary: binary ?? "" });
    home = await newHome({ config: AUTO_CONFIG });
  });
  afterAll(async () => {
    await home?.remove();
    await temporal?.stop();
  });

  async function completed(args: Record<string, string>): Promise<string> {
    const agent = await startAgent({ roots: [home.project], home: home.home, env: { ...env(), ...args } });
    try {
      const started = await agent.call("execute_workflow", { config_path: "infra.yaml" });
      expect(started.isError, started.text).toBe(false);
      const status = await ended(agent, started.data["workflow_id"]);
      expect(status.data["phase"], status.text).toBe("completed");
      const listed = await agent.call("list_runs", { limit: 5 });
      expect(listed.data["runs"][0].workflow_id, listed.text).toBe(started.data["workflow_id"]);
      return status.text;
    } finally {
      await agent.close();
    }
  }

  test("is used by name, with a worker that is kept on this machine and no Temporal of ours", async () => {
    await writeProject(home.project, [{ name: "a" }]);
    expect(await completed({})).toContain(`Temporal: ${temporal.address}, namespace default`);
    expect(await effects(home.project, "a")).toBe(1);
    expect(await home.run(["supervisor"])).toMatch(/temporal +off/);
    await home.run(["supervisor", "stop"]);
  });

  test("runs of another data directory in the same namespace are not listed, and told as that by their ids", async () => {
    const mine = await startAgent({ roots: [home.project], home: home.home, env: env() });
    const [theirs] = (await mine.call("list_runs", { limit: 1 })).data["runs"] as { workflow_id: string }[];
    // On a queue of its own: Temporal remembers for minutes who polled one, and a test below has nobody do so.
    const queue = { TEMPORAL_TASK_QUEUE: "of-the-first" };
    const runbooks = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: { ...env(), ...queue } });
    expect((await runbooks.call("start_workflow", { workflow_name: "MW-003", workflow_id: "of-the-first" })).isError).toBe(false);
    await Promise.all([mine.close(), runbooks.close()]);
    await home.run(["supervisor", "stop"]);
    const other = await newHome();
    const external = { ...other.env, TEMPORAL_ADDRESS: temporal.address, PLATFORM_OPS_TEMPORAL_WORKERS: "external" };
    const ids = { [TERRAFORM_BIN]: theirs?.workflow_id ?? "", [META_WORKFLOWS_BIN]: "of-the-first" };
    try {
      for (const [bin, workflow_id] of Object.entries(ids)) {
        const agent = await startAgent({ bin, roots: [], home: other.home, env: external });
        const listed = await agent.call("list_runs", {});
        expect(listed.data["runs"], listed.text).toEqual([]);
        const status = await agent.call("get_workflow_status", { workflow_id });
        expect(status.data["error"], status.text).toMatchObject({ code: "key_missing" });
        expect(status.text).toContain("another data directory");
        await agent.close();
      }
    } finally {
      await other.remove();
    }
  });

  test("a namespace that does not exist is told by every call at once, and starts no worker", async () => {
    await writeProject(home.project, [{ name: "a" }]);
    const agent = await startAgent({ roots: [home.project], home: home.home, env: { ...env(), TEMPORAL_NAMESPACE: "nowhere" } });
    try {
      for (const [name, args] of [
        ["execute_workflow", { config_path: "infra.yaml" }],
        ["list_runs", {}],
        ["get_workflow_status", { workflow_id: "some-run" }],
      ] as const) {
        const answer = await agent.call(name, args);
        expect(answer.data["error"], answer.text).toMatchObject({ code: "temporal_denied" });
        expect(answer.text).toContain("The namespace does not exist in this Temporal.");
      }
      expect(await home.run(["supervisor"])).toContain("No supervisor runs");
    } finally {
      await agent.close();
    }
  });

  test("a runbook without any worker says so in its own words, and goes on once there is one", async () => {
    const external = { ...env(), PLATFORM_OPS_TEMPORAL_WORKERS: "external" };
    const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: external });
    const start = { workflow_name: "MW-003", workflow_id: "unattended" };
    const expectMissing = (answer: ToolAnswer, said: string): void => {
      expect(answer.data["error"], answer.text).toMatchObject({ code: "worker_missing", retryable: true });
      expect(answer.text).toContain(said);
      expect(answer.text).toContain("meta-workflows-mcp worker");
      expect(answer.text).not.toContain("decision");
    };
    let worker: ChildProcess | undefined;
    try {
      expectMissing(await agent.call("start_workflow", start), "The run is started");
      expectMissing(await agent.call("submit_result", { workflow_id: "unattended", result: { summary: "x" } }), "The result was sent");
      expectMissing(await agent.call("control_run", { workflow_id: "unattended", command: "pause" }), "The command was sent");
      expect((await agent.call("get_workflow_status", { workflow_id: "unattended" })).isError).toBe(false);
      worker = foreground(["worker"], external, META_WORKFLOWS_BIN);
      const began = await until(async () => {
        const answer = await agent.call("start_workflow", start);
        return answer.isError ? undefined : answer;
      }, "an answer of the worker that was started");
      expect(began.data).toMatchObject({ workflow_id: "unattended" });
    } finally {
      await agent.close();
      worker?.kill("SIGTERM");
      if (worker !== undefined) await once(worker, "exit");
    }
  });

  test("with workers that somebody else runs: `worker` in the foreground, which SIGTERM drains; two servers may be told the same queue", async () => {
    await writeProject(home.project, [{ name: "b" }]);
    const shared = { TEMPORAL_TASK_QUEUE: "shared" };
    const workers = [TERRAFORM_BIN, META_WORKFLOWS_BIN].map((bin) => foreground(["worker"], { ...env(), ...shared }, bin));
    const external = { ...shared, PLATFORM_OPS_TEMPORAL_WORKERS: "external" };
    const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: home.home, env: { ...env(), ...external } });
    try {
      await completed(external);
      expect(await effects(home.project, "b")).toBe(1);
      const start = { workflow_name: "MW-003", workflow_id: "beside-it" };
      await until(async () => !(await agent.call("start_workflow", start)).isError, "a runbook on a queue of the same name");
      const { data } = await agent.call("health_check", {});
      expect(data["components"].temporal).toMatchObject({ status: "healthy", task_queue: "meta-workflows@shared" });
      expect(await home.run(["supervisor"])).toContain("No supervisor runs");
    } finally {
      await agent.close();
      for (const worker of workers) {
        worker.kill("SIGTERM");
        expect((await once(worker, "exit"))[0]).toBe(0);
      }
    }
  });

  test("a worker with a grace ends after the programs that it runs; what is left of the run waits for the next one", async () => {
    await writeProject(home.project, [
      { name: "c", gated: true },
      { name: "d", needs: ["c"] },
    ]);
    const external = { ...env(), PLATFORM_OPS_TEMPORAL_WORKERS: "external" };
    const graceful = { ...env(), PLATFORM_OPS_TEMPORAL_WORKER_GRACE_SECONDS: "200" };
    const agent = await startAgent({ roots: [home.project], home: home.home, env: external });
    let worker = foreground(["worker"], graceful);
    try {
      const started = await agent.call("execute_workflow", { config_path: "infra.yaml" });
      await until(async () => (await effects(home.project, "c")) > 0, "the apply of c");
      worker.kill("SIGTERM");
      await sleep(2_000);
      expect(worker.exitCode, "it waits").toBeNull();
      await openGate(home.project, "c");
      expect((await once(worker, "exit"))[0]).toBe(0);
      expect([await effects(home.project, "c"), await effects(home.project, "d")]).toEqual([1, 0]);
      expect(existsSync(join(home.project, "effects/c.done"))).toBe(true);
      worker = foreground(["worker"], graceful);
      const status = await ended(agent, started.data["workflow_id"]);
      expect(status.data["phase"], status.text).toBe("completed");
      expect([await effects(home.project, "c"), await effects(home.project, "d")]).toEqual([1, 1]);
    } finally {
      await agent.close();
      worker.kill("SIGTERM");
      if (worker.exitCode === null) await once(worker, "exit");
    }
  });

  test("a worker that waits for a Temporal that does not answer ends when it is told to", async () => {
    const worker = foreground(["worker"], { ...home.env, TEMPORAL_ADDRESS: "127.0.0.1:1" });
    const folder = join(home.home, "workers");
    const isWaiting = async (name: string): Promise<boolean> =>
      name.startsWith("alive-") && (await readFile(join(folder, name), "utf8")).includes('"connecting"');
    await until(async () => (await Promise.all((await readdir(folder)).map(isWaiting))).includes(true), "a worker that looks for Temporal");
    worker.kill("SIGTERM");
    expect((await once(worker, "exit"))[0]).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith("alive-"))).toEqual([]);
  });
});

function foreground(args: readonly string[], env: Readonly<Record<string, string>>, bin = TERRAFORM_BIN): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { env: { ...childEnv(), ...env }, stdio: "ignore" });
}
