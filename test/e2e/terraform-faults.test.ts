import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { effects, writeProject, type TestWorkspace } from "../support/home.ts";
import type { Agent } from "../support/mcp-client.ts";
import { pidsOf, terraformPids, until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";

// What terraform, its state and its children can do to a run. One data directory; each test has a project folder of its
// own in it. Everything is approved by policy but what lies under `asked/`.

const CONFIG = `
environments:
  - { name: asked, match: { config_paths: ["**/asked/**"] }, channels: [elicit, cli] }
approvals:
  auto:
    - { environments: [default], workspaces: ["*"], changes: [create, update, outputs, replace] }
`;

let session: Session;
let agent: Agent;
const children: ChildProcess[] = [];

beforeAll(async () => {
  session = await openSession(CONFIG);
  agent = await session.connect({ env: { PLATFORM_OPS_TERRAFORM_LOCK_TIMEOUT_SECONDS: "1" } });
});

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await session.remove();
});

async function project(name: string, workspaces: readonly TestWorkspace[]): Promise<{ folder: string; config_path: string }> {
  const folder = join(session.home.project, name);
  await mkdir(folder, { recursive: true });
  await writeProject(folder, workspaces);
  return { folder, config_path: join(folder, "infra.yaml") };
}

async function run(config_path: string) {
  return await ended(agent, await startRun(agent, { config_path }));
}

/** An executable that answers as a terraform of that version does, and fails at everything else. */
async function stub(name: string, version: string): Promise<string> {
  const file = join(session.home.project, name);
  await writeFile(file, `#!/bin/sh\n[ "$1" = version ] && echo '{"terraform_version": "${version}"}' && exit 0\nexit 9\n`);
  await chmod(file, 0o755);
  return file;
}

test("terraform is missing, or too old: named with the cure before a run begins", async () => {
  const { config_path } = await project("missing", [{ name: "a" }]);
  const nowhere = await session.connect({ env: { PATH: session.home.project } });
  const missing = await nowhere.call("execute_workflow", { config_path });
  expect(missing.data["error"], missing.text).toMatchObject({ code: "program_missing", message: "terraform is not on PATH." });
  expect(missing.text).toContain("terraform.terraform_path");
  const old = await session.connect({ env: { PLATFORM_OPS_TERRAFORM_TERRAFORM_PATH: await stub("old-terraform", "1.4.7") } });
  const refused = await old.call("execute_workflow", { config_path });
  expect(refused.data["error"], refused.text).toMatchObject({
    code: "program_missing",
    message: expect.stringMatching(/Terraform 1\.4\.7; at least 1\.5/),
  });
  const { runs } = (await agent.call("list_runs", { limit: 20 })).data as { runs: { config_path?: string }[] };
  expect(runs.filter((one) => one.config_path === config_path)).toEqual([]);
});

test("init fails: said with terraform's words; what needs it is skipped, the rest goes on", async () => {
  const { folder, config_path } = await project("init", [
    { name: "bad", more: 'module "m" { source = "./not-there" }' },
    { name: "below", needs: ["bad"] },
    { name: "other" },
  ]);
  const status = await run(config_path);
  expect(phases(status), status.text).toEqual({ bad: "failed", below: "skipped", other: "applied" });
  expect(workspace(status, "bad").error?.message).toMatch(/not-there|module/i);
  expect(status.data["status"]).toBe("WORKFLOW_EXECUTION_STATUS_FAILED");
  expect([await effects(folder, "bad"), await effects(folder, "other")]).toEqual([0, 1]);
});

test("apply fails half-way: partial, what was made and what failed is named, dependents are skipped", async () => {
  const half =
    'resource "terraform_data" "second" {\n  depends_on = [terraform_data.it]\n  provisioner "local-exec" { command = "exit 3" }\n}';
  const { folder, config_path } = await project("half", [
    { name: "a", more: half },
    { name: "b", needs: ["a"] },
  ]);
  const status = await run(config_path);
  expect(phases(status), status.text).toEqual({ a: "partial", b: "skipped" });
  expect(workspace(status, "a").error, status.text).toMatchObject({
    finished: ["terraform_data.it (create)"],
    failed: ["terraform_data.second (create)"],
  });
  expect(status.text).toMatch(/finished: terraform_data\.it \(create\)\n\s+failed: terraform_data\.second/);
  expect([await effects(folder, "a"), await effects(folder, "b")]).toEqual([1, 0]);
  expect(status.data["phase"]).toMatch(/partial|failed/);
});

test("a plan that errors but writes a file is never applied, nor asked for", async () => {
  const errored =
    'variable "n" { default = 1 }\nresource "terraform_data" "checked" {\n  lifecycle {\n    precondition {\n      condition = var.n == 2\n      error_message = "one is not two"\n    }\n  }\n}';
  const { folder, config_path } = await project("errored", [{ name: "a", more: errored }]);
  const status = await run(config_path);
  expect(phases(status), status.text).toEqual({ a: "failed" });
  expect(workspace(status, "a").error?.message).toContain("one is not two");
  expect(status.data["approval"]).toBeUndefined();
  expect(await effects(folder, "a")).toBe(0);
});

test("a state that a live process holds is a conflict that names it; a dead one's does not block", async () => {
  const { folder, config_path } = await project("locked", [{ name: "a" }]);
  expect(phases(await run(config_path))).toEqual({ a: "applied" });
  const slow = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "touch ../holds; sleep 60" }\n}';
  await writeProject(folder, [{ name: "a", more: slow }]);
  const holder = spawn("terraform", ["apply", "-auto-approve", "-input=false"], {
    cwd: join(folder, "a"),
    stdio: "ignore",
    detached: true,
  });
  children.push(holder);
  await until(() => existsSync(join(folder, "holds")), "the apply by hand");
  const refused = await run(config_path);
  expect(phases(refused), refused.text).toEqual({ a: "failed" });
  expect(workspace(refused, "a").error).toMatchObject({ code: "conflict", message: expect.stringMatching(/lock/i) });
  process.kill(-(holder.pid as number), "SIGKILL");
  await until(() => holder.signalCode !== null, "the end of the holder");
  expect(existsSync(join(folder, "a", ".terraform.tfstate.lock.info"))).toBe(true);
  await writeProject(folder, [{ name: "a" }]);
  const done = await run(config_path);
  expect(phases(done), done.text).toEqual({ a: "unchanged" });
});

test("a state of 0 bytes stops the workspace before anything is planned", async () => {
  const { folder, config_path } = await project("empty-state", [{ name: "a" }]);
  await writeFile(join(folder, "a", "terraform.tfstate"), "");
  const status = await run(config_path);
  expect(workspace(status, "a"), status.text).toMatchObject({ phase: "failed", error: { code: "state_damaged" } });
  expect(await readFile(join(folder, "a", "terraform.tfstate"), "utf8")).toBe("");
  expect(await effects(folder, "a")).toBe(0);
});

test("children that outlive a killed terraform are waited for before its outcome is looked at", async () => {
  const slow = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 6.125; echo survived > ../survived" }\n}';
  const { folder, config_path } = await project("children", [
    { name: "a", more: slow },
    { name: "b", needs: ["a"] },
  ]);
  const id = await startRun(agent, { config_path });
  const pid = await until(() => terraformPids("apply", "-json", session.home.home)[0], "terraform apply");
  await until(() => pidsOf("sleep", "6.125")[0], "the provisioner");
  process.kill(pid, "SIGKILL");
  const status = await ended(agent, id);
  expect(existsSync(join(folder, "survived")), "the run ended before the provisioner did").toBe(true);
  expect(phases(status), status.text).toEqual({ a: "in_doubt", b: "skipped" });
  // A terraform that was killed in the very moment in which it wrote its state leaves an empty file, which says even more.
  expect(workspace(status, "a").error?.message).toMatch(/terraform_data\.slow|terraform\.tfstate has 0 bytes/);
});

test("a plan whose artifact is gone is not applied, and the run ends and says so", async () => {
  const { folder, config_path } = await project("asked", [{ name: "a" }]);
  const id = await startRun(agent, { config_path });
  await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  const artifacts = join(session.home.home, "artifacts");
  await rename(artifacts, `${artifacts}.away`);
  await mkdir(artifacts, { mode: 0o700 });
  const asked = await agent.call("request_approval", { workflow_id: id });
  expect(asked.isError, asked.text).toBe(false);
  const status = await ended(agent, id);
  expect(workspace(status, "a"), status.text).toMatchObject({ phase: "failed", error: { code: "artifact_missing" } });
  await rm(artifacts, { recursive: true });
  await rename(`${artifacts}.away`, artifacts);
  expect(await effects(folder, "a")).toBe(0);
});
