import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { recordDigest, type ApprovalRecord } from "@platform-ops/ledger";
import { payloadCodec } from "@platform-ops/orchestration/client";
import { Client, Connection } from "@temporalio/client";
import { afterEach, expect, test } from "vitest";
import { effects, newHome, writeProject, type TestHome } from "../support/home.ts";
import { ledgerOf } from "../support/ledger.ts";
import { startAgent, type Agent } from "../support/mcp-client.ts";
import { pidOf, until } from "../support/processes.ts";
import { ended, statusWhen } from "../support/run.ts";

// Past the front door: a bare Temporal client on the loopback port, with and without the data directory's key. A record
// counts only if it was made for exactly this, by a channel that the worker's own policy accepts.

const homes: TestHome[] = [];
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close().catch(() => undefined)));
  for (const home of homes.splice(0)) await home.remove();
});

interface Waiting {
  readonly home: TestHome;
  readonly agent: Agent;
  readonly id: string;
  readonly approval: string;
}

async function waitingRun(config = "", env: Record<string, string> = {}, home?: TestHome): Promise<Waiting> {
  const at = home ?? (await newHome({ config }));
  if (home === undefined) {
    homes.push(at);
    await writeProject(at.project, [{ name: "a" }]);
  }
  const agent = await startAgent({
    roots: [at.project],
    home: at.home,
    env: { ...at.env, ...env },
    person: () => ({ action: "accept", content: { decision: "approve" } }),
  });
  open.push(agent);
  const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  const status = await statusWhen(agent, data["workflow_id"], (now) => now["phase"] === "awaiting_approval");
  return { home: at, agent, id: data["workflow_id"] as string, approval: status.data["approval"].id as string };
}

/** A client that somebody else wrote. `sealed` has read the key; the other has not. */
async function bareClient(home: TestHome, sealed: boolean): Promise<Client> {
  const state = JSON.parse(await readFile(join(home.home, "supervisor/state.json"), "utf8")) as { port: number };
  const connection = await Connection.connect({ address: `127.0.0.1:${state.port}` });
  open.push(connection);
  return new Client({ connection, ...(sealed ? { dataConverter: { payloadCodecs: [payloadCodec((await ledgerOf(home)).keys)] } } : {}) });
}

async function decide(client: Client, id: string, record: unknown, updateId = `x-${Math.random()}`): Promise<string> {
  try {
    await client.workflow.getHandle(id).executeUpdate("decide", { args: [record], updateId });
    return "accepted";
  } catch (error) {
    const cause = (error as { cause?: { type?: string; message?: string } }).cause;
    return `${cause?.type ?? ""} ${cause?.message ?? (error as Error).message}`;
  }
}

async function stillWaits({ home, agent, id }: Waiting): Promise<void> {
  const status = await agent.call("get_workflow_status", { workflow_id: id });
  expect(status.data["phase"], status.text).toBe("awaiting_approval");
  expect(await effects(home.project, "a")).toBe(0);
}

async function refusals(home: TestHome): Promise<number> {
  const folder = join(home.home, "audit");
  const text = (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")))).join("");
  return text.split("\n").filter((line) => line.includes('"approval_refused"')).length;
}

test("plaintext signals and updates of a bare client neither decide nor stop anything, and the worker lives on", async () => {
  const run = await waitingRun();
  const client = await bareClient(run.home, false);
  const worker = await pidOf(run.home.home, "worker");
  const handle = client.workflow.getHandle(run.id);
  await handle.signal("cancel", { mode: "stop" });
  await handle.signal("refresh_credentials", "0".repeat(64));
  await handle.signal("no_such_signal", "x");
  expect(await decide(client, run.id, { request_id: run.approval, decision: "approved" })).not.toBe("accepted");
  expect(await pidOf(run.home.home, "worker")).toBe(worker);
  await stillWaits(run);
});

test("records that are forged, altered, or for something else are refused, and each refusal is on record", async () => {
  const run = await waitingRun();
  const request = await (await ledgerOf(run.home)).approvals.get(run.approval);
  const client = await bareClient(run.home, true);
  // Decided in a copy: the worker would hand over what is decided in its own ledger.
  const copy = join(run.home.project, "copy");
  for (const part of ["id", "keys", "approvals"]) await cp(join(run.home.home, part), join(copy, part), { recursive: true });
  await chmod(copy, 0o700);
  const { approvals } = await ledgerOf({ home: copy });
  const genuine = await approvals.decide({ id: run.approval, decision: "approved", channel: "cli", approver: "tty:ada" });
  const forgeries: Record<string, ApprovalRecord> = {
    "no MAC": (({ mac: _mac, ...rest }) => rest)(genuine),
    "wrong MAC": { ...genuine, mac: { key_id: genuine.mac?.key_id ?? "", value: "0".repeat(64) } },
    "unknown key": { ...genuine, mac: { key_id: "nobody", value: genuine.mac?.value ?? "" } },
    "another approver": { ...genuine, approver: "tty:eve" },
    "an agent": { ...genuine, approver: "agent:claude@root" },
    "another run": { ...genuine, run_id: "terraform-parent-workflow-other" },
    "another plan": { ...genuine, subject: genuine.subject.map((item) => ({ ...item, digest: "0".repeat(64) })) },
    "later expiry": { ...genuine, expires_at: "2999-01-01T00:00:00.000Z" },
    "auto channel": { ...genuine, channel: "auto", approver: "policy:auto" },
  };
  const before = await refusals(run.home);
  for (const [name, record] of Object.entries(forgeries)) expect(await decide(client, run.id, record), name).toMatch(/^approval_/);
  expect(await refusals(run.home)).toBeGreaterThanOrEqual(before + Object.keys(forgeries).length - 1);
  expect(request.subject).toHaveLength(1);
  await stillWaits(run);

  // The genuine one counts, once; sent again under the same id it gives the same answer and applies nothing twice.
  const updateId = `decide-${recordDigest(genuine)}`;
  expect(await decide(client, run.id, genuine, updateId)).toBe("accepted");
  expect((await ended(run.agent, run.id)).data["phase"]).toBe("completed");
  expect(await effects(run.home.project, "a")).toBe(1);
});

test("a used record serves no second run", async () => {
  const first = await waitingRun();
  const asked = await first.agent.call("request_approval", { workflow_id: first.id });
  expect(asked.data["status"], asked.text).toBe("approved");
  expect((await ended(first.agent, first.id)).data["phase"]).toBe("completed");
  const { approvals } = await ledgerOf(first.home);
  const [used] = await approvals.records(first.approval);
  await writeProject(first.home.project, [{ name: "a", more: 'output "more" { value = 1 }' }]);
  const second = await waitingRun("", {}, first.home);
  const client = await bareClient(first.home, true);
  expect(await decide(client, second.id, used)).toMatch(/^approval_/);
  expect(await decide(client, second.id, { ...used, request_id: second.approval })).toMatch(/^approval_/);
  expect((await second.agent.call("get_workflow_status", { workflow_id: second.id })).data["phase"]).toBe("awaiting_approval");
});

test("a client with a looser policy than the worker's starts nothing", async () => {
  const strict = await waitingRun("environments: [{ name: all, match: { config_paths: ['**'] }, channels: [cli] }]\n");
  const loose = await newHome({
    config: "approvals: { auto: [{ environments: ['*'], workspaces: ['*'], changes: [create, outputs] }] }\n",
  });
  homes.push(loose);
  const agent = await startAgent({
    roots: [strict.home.project],
    home: strict.home.home,
    env: { PLATFORM_OPS_CONFIG: loose.configFile },
    person: () => ({ action: "accept", content: { decision: "approve" } }),
  });
  open.push(agent);
  await strict.agent.call("cancel_workflow", { workflow_id: strict.id });
  await ended(strict.agent, strict.id);
  const refused = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  expect(refused).toMatchObject({
    isError: true,
    text: expect.stringContaining(`decides by the operator's file ${strict.home.configFile}`),
  });
  expect(await effects(strict.home.project, "a")).toBe(0);
});

test("a policy that the operator tightens while a run waits counts at once", async () => {
  const run = await waitingRun("environments: [{ name: all, match: { config_paths: ['**'] }, channels: [elicit, cli] }]\n");
  const before = await pidOf(run.home.home, "worker");
  await writeFile(run.home.configFile, "environments: [{ name: all, match: { config_paths: ['**'] }, channels: [cli] }]\n");
  await until(async () => {
    const now = await pidOf(run.home.home, "worker");
    return now !== undefined && now !== before;
  }, "a worker that read the new policy");
  // This client still believes the old policy, and its person says yes.
  const asked = await run.agent.call("request_approval", { workflow_id: run.id });
  expect(asked.data["status"], asked.text).not.toBe("approved");
  await stillWaits(run);
  // That yes is spent: the run asks anew, by the channels of now, and can still be approved.
  await until(async () => {
    const status = await run.agent.call("get_workflow_status", { workflow_id: run.id });
    return (status.data["approval"] as { id?: string } | undefined)?.id !== run.approval && status.data["phase"] === "awaiting_approval"
      ? true
      : undefined;
  }, "a new request");
  const status = await run.agent.call("get_workflow_status", { workflow_id: run.id });
  const { id, channels } = status.data["approval"] as { id: string; channels: string[] };
  expect(channels).toEqual(["cli"]);
  const { approvals } = await ledgerOf(run.home, "all", ["cli"]);
  expect((await approvals.get(run.approval)).status).toBe("superseded");
  await approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ada" });
  expect((await ended(run.agent, run.id)).data["phase"]).toBe("completed");
  expect(await effects(run.home.project, "a")).toBe(1);
});

test("a script that was swapped after the plan is not run by its approval", async () => {
  const home = await newHome();
  homes.push(home);
  const script = join(home.project, "a", "x.sh");
  await writeProject(home.project, [
    { name: "a", more: 'resource "terraform_data" "script" {\n  provisioner "local-exec" { command = "sh ./x.sh" }\n}' },
  ]);
  await writeFile(script, "touch ran-seen\n");
  const run = await waitingRun("", {}, home);
  await writeFile(script, "touch ran-swapped\n");
  await run.agent.call("request_approval", { workflow_id: run.id });
  const asked = await until(async () => {
    const status = await run.agent.call("get_workflow_status", { workflow_id: run.id, wait_seconds: 10 });
    return status.data["phase"] === "awaiting_approval" && status.data["approval"].id !== run.approval ? status : undefined;
  }, "a new question about a new plan");
  expect(asked.data["open"]).toBe(true);
  expect(await readdir(join(home.project, "a"))).not.toContain("ran-swapped");
  await run.agent.call("request_approval", { workflow_id: run.id });
  expect((await ended(run.agent, run.id)).data["phase"]).toBe("completed");
  expect(await readdir(join(home.project, "a"))).toContain("ran-swapped");
});
