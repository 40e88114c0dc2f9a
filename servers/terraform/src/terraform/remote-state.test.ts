import { createServer, type Server } from "node:http";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { applyPlan, type ApplyRequest } from "./apply.ts";
import { listHolderRecords } from "./holder-records.ts";
import type { LockInfo } from "./lock-info.ts";
import { planWorkspace, type PlanResult } from "./plan.ts";
import { releaseDeadLock } from "./release-lock.ts";
import { readState } from "./state.ts";
import { inputs, isOpenTofu, programsUnderTest, WorkspaceFixture } from "./workspace.test-support.ts";

const programs = await programsUnderTest(process.env);

/** The protocol of the http backend: GET, POST, LOCK, UNLOCK on one address. */
class StateServer {
  state = "";
  lock = "";
  asked = 0;
  hangs = false;
  private readonly server: Server = createServer((request, response) => {
    this.asked += 1;
    if (this.hangs) return;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      if (request.method === "LOCK") {
        if (this.lock === "") this.lock = body;
        else response.writeHead(423).write(this.lock);
      } else if (request.method === "UNLOCK") this.lock = "";
      else if (request.method === "POST") this.state = body;
      else if (this.state === "") response.writeHead(404);
      else response.write(this.state);
      response.end();
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/state`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const made: { remove(): Promise<void> }[] = [];
const servers: StateServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.stop();
  for (const fixture of made.splice(0)) await fixture.remove();
});

/** What a backend that tells all of a lock would have said. */
const lockOf = (text: string): LockInfo => {
  const { ID, Who, Operation, Created } = JSON.parse(text) as Record<"ID" | "Who" | "Operation" | "Created", string>;
  return { id: ID, who: Who, operation: Operation, created: new Date(Created).toISOString() };
};

const until = async (what: () => boolean): Promise<void> => {
  for (let tries = 0; !what(); tries += 1) {
    if (tries > 200) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe.each(programs)("state in a remote backend with $kind $version", (program) => {
  const workspace = async (body: string): Promise<{ fixture: WorkspaceFixture; server: StateServer }> => {
    const server = new StateServer();
    servers.push(server);
    const address = await server.start();
    const backend = `terraform {\n  backend "http" {\n    address = "${address}"\n    lock_address = "${address}"\n    unlock_address = "${address}"\n  }\n}\n`;
    const fixture = await WorkspaceFixture.create(program, process.env, { "main.tf": `${backend}${body}` });
    made.push(fixture);
    return { fixture, server };
  };
  const request = (fixture: WorkspaceFixture, plan: PlanResult): ApplyRequest => ({
    planFile: plan.plan_file,
    planSha256: plan.plan_sha256,
    expected: { lineage: plan.lineage, serial: plan.serial, lock_file_sha256: plan.lock_file_sha256 },
    journal: fixture.journal(),
    replan: inputs(),
  });

  test("is read by serial and lineage before and after an apply", async () => {
    const { fixture, server } = await workspace('resource "terraform_data" "a" {}\n');
    const plan = await planWorkspace(fixture.context(), inputs());
    expect(plan).toMatchObject({ initialised: true, serial: 0, lineage: null });
    expect(await readState(fixture.context())).toEqual({ serial: 0, lineage: null });
    const result = await applyPlan(fixture.context(), request(fixture, plan));
    const state = JSON.parse(server.state) as { serial: number; lineage: string };
    expect(result).toMatchObject({ outcome: "done", serial: state.serial, lineage: state.lineage });
    expect(server.lock).toBe("");
    expect(await applyPlan(fixture.context(), request(fixture, plan))).toMatchObject({ outcome: "not_done", error: { code: "stale" } });
  });

  test("killed before the state was persisted: what was made and is not in the state is in doubt, its lock ours and dead", async () => {
    const { fixture, server } = await workspace(
      'resource "terraform_data" "made" {}\nresource "terraform_data" "slow" {\n  input = terraform_data.made.id\n  provisioner "local-exec" { command = "echo x >> effects; exec sleep 3" }\n}\n',
    );
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = request(fixture, plan);
    const running = applyPlan(fixture.context(), once);
    await until(() => existsSync(join(fixture.dir, "effects")) && existsSync(join(once.journal, "pid")));
    // The record of who holds the lock is written with the first tick.
    await until(() => fixture.progress.some((progress) => progress.step === "apply"));
    process.kill(Number(await readFile(join(once.journal, "pid"), "utf8")), "SIGKILL");
    const result = await running;
    // Planning again is stopped by the lock that the killed program left: nobody can say what is there.
    expect(result).toMatchObject({
      outcome: "in_doubt",
      completed: 1,
      in_flight: [{ address: "terraform_data.slow" }],
      error: { code: "conflict" },
    });
    const failure = (await planWorkspace(fixture.context({ run: "next" }), inputs()).catch((error: unknown) => error)) as {
      details: { lock: LockInfo };
    };
    const held = JSON.parse(server.lock) as { ID: string };
    expect(failure).toMatchObject({ code: "conflict", details: { lock: { id: held.ID } } });
    // terraform tells of the holder only its id, which proves nothing; tofu tells all.
    const tellsAll = isOpenTofu(program);
    expect(failure).toMatchObject({ retryable: !tellsAll, details: { lock_owner: tellsAll ? "ours_dead" : "foreign" } });
    const unproven = await releaseDeadLock(fixture.context({ run: "next" }), { id: held.ID }).catch((error: unknown) => error);
    expect(unproven).toMatchObject({ code: "not_allowed" });
    await releaseDeadLock(fixture.context({ run: "next" }), lockOf(server.lock));
    expect(server.lock).toBe("");
    const judged = await applyPlan(fixture.context(), once);
    expect(judged).toMatchObject({
      outcome: "in_doubt",
      error: {
        code: "in_doubt",
        details: { resources: [expect.stringContaining("terraform_data.slow"), expect.stringContaining("terraform_data.made")] },
      },
    });
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\n");
  });

  test("a plan that was killed while it held the lock is made again; killed again, it fails and does not stop the next one", async () => {
    const server = new StateServer();
    servers.push(server);
    server.hangs = true;
    const address = await server.start();
    const fixture = await WorkspaceFixture.create(program, process.env, {
      "main.tf": `data "terraform_remote_state" "r" {\n  backend = "http"\n  config = { address = "${address}" }\n}\nresource "terraform_data" "a" {}\n`,
    });
    made.push(fixture);
    const failed = planWorkspace(fixture.context(), inputs()).catch((error: unknown) => error);
    for (const asked of [1, 2]) {
      await until(() => server.asked >= asked);
      const [holder] = await listHolderRecords(fixture.path("data"));
      process.kill(holder?.pid ?? 0, "SIGKILL");
    }
    expect(await failed).toMatchObject({ code: "command_failed", retryable: true, details: { reason: "killed" } });
    expect(server.asked).toBe(2);
    // What it left: a state file of 0 bytes that it had made to lock it.
    expect((await readFile(join(fixture.dir, "terraform.tfstate"))).length).toBe(0);
    server.hangs = false;
    server.state = JSON.stringify({ version: 4, terraform_version: "1.11.0", serial: 1, lineage: "l", outputs: {}, resources: [] });
    expect(await planWorkspace(fixture.context(), inputs())).toMatchObject({ changed: true, serial: 0, lineage: null });
  });

  test("a lock of somebody else is foreign, and is not released", async () => {
    const { fixture, server } = await workspace('resource "terraform_data" "a" {}\n');
    server.lock = JSON.stringify({
      ID: "12345678-aaaa",
      Operation: "OperationTypeApply",
      Info: "",
      Who: "somebody@elsewhere",
      Version: "1.11.4",
      Created: new Date().toISOString(),
      Path: "",
    });
    const failure = (await planWorkspace(fixture.context(), inputs()).catch((error: unknown) => error)) as {
      hint: string;
      details: { lock: LockInfo };
    };
    expect(failure).toMatchObject({ code: "conflict", retryable: true, details: { lock_owner: "foreign", lock: { id: "12345678-aaaa" } } });
    expect(failure.hint).toContain(isOpenTofu(program) ? "somebody@elsewhere" : "12345678-aaaa");
    await expect(releaseDeadLock(fixture.context(), failure.details.lock)).rejects.toMatchObject({ code: "not_allowed" });
    await expect(releaseDeadLock(fixture.context(), { id: "-force" })).rejects.toMatchObject({ code: "not_allowed" });
    expect(server.lock).not.toBe("");
  });
});
