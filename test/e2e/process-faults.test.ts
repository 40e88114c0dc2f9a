import { readFile, readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { AUTO_CONFIG, effects, openGate, writeProject } from "../support/home.ts";
import { kill, lives, pidOf, terraformPids, until, type Part } from "../support/processes.ts";
import { ledgerOf } from "../support/ledger.ts";
import { ended, openSession, phases, startRun, statusWhen, type Session } from "../support/run.ts";

// Processes that freeze, vanish together, or are not there at all. What a single SIGKILL does is the kill matrix.

const sessions: Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.remove();
});

async function open(config: string): Promise<Session> {
  const session = await openSession(config);
  sessions.push(session);
  return session;
}

/** Kills what lives of these, at once. */
async function killAll(home: string, parts: readonly Part[], more: readonly number[] = []): Promise<void> {
  const pids = (await Promise.all(parts.map((part) => pidOf(home, part)))).filter((pid) => pid !== undefined);
  expect(pids, `not all of ${parts.join(", ")} lived`).toHaveLength(parts.length);
  for (const pid of [...pids, ...more]) process.kill(pid, "SIGKILL");
}

describe("during an apply", () => {
  test("a worker that freezes is killed and replaced, and the run goes on", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", seconds: 3 },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const id = await startRun(agent);
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    const frozen = await kill(home.home, "worker", "SIGSTOP");
    const status = await ended(agent, id);
    expect(phases(status), status.text).toEqual({ a: "applied", b: "applied" });
    expect(lives(frozen), "the frozen worker still exists").toBe(false);
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  });

  test("worker and Temporal killed at once: applied once, with no client connected", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", seconds: 3 },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const id = await startRun(agent);
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    await agent.close();
    await killAll(home.home, ["worker", "temporal"]);
    await until(() => existsSync(join(home.project, "effects", "b.done")), "the apply of b");
    const status = await ended(await connect(), id);
    expect(phases(status), status.text).toEqual({ a: "applied", b: "applied" });
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  });

  test("the supervisor killed, then what it kept: the next look of a client that stayed brings all back", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", seconds: 3 },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const id = await startRun(agent);
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    await killAll(home.home, ["supervisor"]);
    // Its connection goes on working: that nobody keeps the worker any more shows in nothing but this.
    await killAll(home.home, ["worker"]);
    const status = await ended(agent, id);
    expect(phases(status), status.text).toEqual({ a: "applied", b: "applied" });
    await killAll(home.home, ["supervisor", "temporal"]);
    const later = await until(async () => {
      const answer = await agent.call("get_workflow_status", { workflow_id: id });
      return answer.isError ? undefined : answer;
    }, "an answer from a Temporal that was started again");
    expect(phases(later), later.text).toEqual({ a: "applied", b: "applied" });
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  });

  test("everything killed at once: terraform lives on, and the next call finds the run going on by itself", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", gated: true },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const id = await startRun(agent);
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    const [terraform] = terraformPids("apply", "-json", home.home);
    await killAll(home.home, ["supervisor", "worker", "temporal"], [agent.pid]);
    await sleep(500);
    expect(lives(terraform as number), "terraform died with the others").toBe(true);
    await openGate(home.project, "a");
    // Nobody keeps anything now: the apply ends, and nothing else happens until somebody asks.
    await until(() => existsSync(join(home.project, "effects", "a.done")), "the end of the apply");
    await sleep(1_000);
    expect([await pidOf(home.home, "supervisor"), await pidOf(home.home, "worker"), await effects(home.project, "b")]).toEqual([
      undefined,
      undefined,
      0,
    ]);
    const later = await connect();
    const status = await later.call("get_workflow_status", { workflow_id: id });
    expect(status.isError, status.text).toBe(false);
    // One call was enough: what goes on from here needs no client.
    await later.close();
    await until(() => existsSync(join(home.project, "effects", "b.done")), "the apply of b");
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  });
});

test("a worker killed between workspaces, again and again: each is applied once", async () => {
  const { home, connect } = await open(AUTO_CONFIG);
  const names = ["a", "b", "c", "d"];
  await writeProject(
    home.project,
    names.map((name, i) => ({ name, ...(i === 0 ? {} : { needs: [names[i - 1] as string] }) })),
  );
  const agent = await connect();
  const id = await startRun(agent);
  for (const name of ["a", "c"]) {
    await until(() => existsSync(join(home.project, "effects", `${name}.done`)), `the apply of ${name}`);
    await kill(home.home, "worker");
  }
  const status = await ended(agent, id);
  expect(phases(status), status.text).toEqual({ a: "applied", b: "applied", c: "applied", d: "applied" });
  for (const name of names) expect(await effects(home.project, name), name).toBe(1);
});

test("a client that goes away in the middle takes nothing with it", async () => {
  const { home, connect } = await open(AUTO_CONFIG);
  await writeProject(home.project, [
    { name: "a", seconds: 1 },
    { name: "b", needs: ["a"] },
  ]);
  const agent = await connect();
  const id = await startRun(agent);
  const waiting = agent.call("get_workflow_status", { workflow_id: id, wait_seconds: 50 }).catch(() => undefined);
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  await agent.close();
  await waiting;
  await until(() => existsSync(join(home.project, "effects", "b.done")), "the apply of b");
  const status = await ended(await connect(), id);
  expect(status.data["phase"], status.text).toBe("completed");
});

describe("while a run waits for a person", () => {
  test("TEMPORAL_DEBUG reaches no process that runs on; status needs no worker; a decision that never arrived is handed over", async () => {
    const { home, connect } = await open("");
    await writeProject(home.project, [{ name: "a" }]);
    const agent = await connect({ env: { TEMPORAL_DEBUG: "1" } });
    const id = await startRun(agent);
    const waiting = await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
    for (const part of ["supervisor", "worker", "temporal"] as const) {
      const pid = await until(() => pidOf(home.home, part), part);
      expect(await readFile(`/proc/${pid}/environ`, "utf8"), part).not.toContain("TEMPORAL_DEBUG");
    }

    // No worker, and none that could be started.
    const build = (await readdir(join(home.home, "workers"))).find((name) => name.startsWith("terraform-"));
    const entry = join(home.home, "workers", build as string, "worker.cjs");
    await rename(entry, `${entry}.away`);
    await kill(home.home, "worker");
    await until(async () => (await pidOf(home.home, "worker")) === undefined, "no worker");
    const later = await connect({ clientName: "no-forms" });
    const status = await later.call("get_workflow_status", { workflow_id: id });
    expect(status.data, status.text).toMatchObject({
      phase: "awaiting_approval",
      workspaces: [{ name: "a", phase: "awaiting_approval", counts: { add: 1 } }],
    });
    // Those that are tried in vain live for a moment.
    await until(async () => (await pidOf(home.home, "worker")) === undefined, "no worker");

    // Who decided was killed before the run heard of it: whichever worker comes next hands it over.
    await (
      await ledgerOf(home)
    ).approvals.decide({ id: waiting.data["approval"].id, decision: "approved", channel: "cli", approver: "tty:ada" });
    const kept = await later.call("get_workflow_status", { workflow_id: id });
    expect(kept.data, kept.text).toMatchObject({
      phase: "awaiting_approval",
      approval: { decided: "approved" },
      next: [{ tool: "request_approval" }],
    });
    await rename(`${entry}.away`, entry);
    expect((await ended(agent, id)).data["phase"]).toBe("completed");
    expect(await effects(home.project, "a")).toBe(1);
  });

  test("keys lost: nothing goes on, every part says why, no new keys are made; with the keys it all comes back", async () => {
    const { home, connect } = await open("");
    await writeProject(home.project, [{ name: "a" }]);
    const agent = await connect();
    const id = await startRun(agent);
    await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
    const [keys, away] = [join(home.home, "keys"), join(home.project, "keys-away")];
    await rename(keys, away);
    await kill(home.home, "worker");
    const locked = await (await connect()).call("get_workflow_status", { workflow_id: id });
    expect(locked.data["error"], locked.text).toMatchObject({ code: "key_missing" });
    expect(await home.run(["doctor"]).then(String, String)).toContain("key_missing");
    const words = join(home.home, "logs", "worker-terraform.log");
    await until(async () => (await readFile(words, "utf8")).includes("key_missing"), "the worker's own word");
    expect(await readdir(keys)).toEqual([]);
    expect(await effects(home.project, "a")).toBe(0);
    await rm(keys, { recursive: true });
    await rename(away, keys);
    const back = await connect();
    const asked = await until(async () => {
      const answer = await back.call("request_approval", { workflow_id: id });
      return answer.isError ? undefined : answer;
    }, "an answer after the keys came back");
    expect(asked.data["status"], asked.text).toBe("approved");
    expect((await ended(back, id)).data["phase"]).toBe("completed");
    expect(await effects(home.project, "a")).toBe(1);
  });
});
