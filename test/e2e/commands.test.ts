import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startBin } from "../support/bin.ts";
import { AUTO_CONFIG, effects, openGate, writeProject } from "../support/home.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, type Session } from "../support/run.ts";

// What a person or a pipeline types: run and its exit codes, init; and how a run is ended.

let session: Session;
afterEach(() => session.remove());

const idIn = (text: string): string | undefined => /^WorkflowID: (\S+)$/m.exec(text)?.[1];

test("run follows a run to its end, writes the report for a pull request, and its exit code says how it went", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b", needs: ["a"] }]);
  const at = { cwd: home.project, env: home.env };
  const report = join(home.project, "report.md");
  const done = await startBin(["run", "infra.yaml", "--root", home.project, "--markdown", report], at).ended;
  expect(done, done.stderr).toMatchObject({ code: 0 });
  expect(done.stdout).toMatch(/^WorkflowID: terraform-parent-workflow-\w+\nRunID: /);
  expect(done.stderr).toMatch(/a: applied\n[^]*b: applied/);
  const markdown = await readFile(report, "utf8");
  expect(markdown).toContain("### Terraform run: completed");
  expect(markdown).toMatch(/^\| a \| applied \| \+1 ~0 -0, 2 outputs \| [\d.]+ \| {2}\|$/m);

  await writeFile(
    join(home.project, "b", "more.tf"),
    'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n',
  );
  const failed = await startBin(["run", "--root", home.project, "--only", "b", "--markdown", report], at).ended;
  expect(failed, failed.stderr).toMatchObject({ code: 1 });
  expect(await readFile(report, "utf8")).toMatch(/^\| b \| \w+ \| .* \| command_failed: /m);

  const plan = await startBin(["run", "--root", home.project, "--plan"], at).ended;
  expect(plan.code, plan.stderr).toBe(0);
  const expecting = ["run", "--root", home.project, "--plan", "--expect-no-changes"];
  expect(await startBin(expecting, at).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Not as it was left: b.") });
  expect(await startBin([...expecting, "--only", "a"], at).ended).toMatchObject({ code: 0 });
  expect(
    (
      await startBin(
        expecting.filter((word) => word !== "--plan"),
        at,
      ).ended
    ).code,
  ).toBe(2);
  expect(await effects(home.project, "a")).toBe(1);
  expect((await startBin(["run", "nowhere.yaml", "--root", home.project], at).ended).code).toBe(2);
  expect((await startBin(["run", "--root", home.project, "--mark-down", "x"], at).ended).code).toBe(2);
});

test("run with nothing set up ends with 3 and names the cure", async () => {
  session = await openSession("");
  const { home } = session;
  await writeProject(home.project, [{ name: "a" }]);
  const empty = await mkdtemp(join(tmpdir(), "platform-ops-empty-"));
  try {
    const missing = await startBin(["run", "--root", home.project], {
      cwd: home.project,
      env: { PLATFORM_OPS_HOME: join(empty, "home"), PLATFORM_OPS_CACHE: join(empty, "cache"), XDG_CACHE_HOME: empty },
    }).ended;
    expect(missing, missing.stderr).toMatchObject({ code: 3 });
    expect(missing.stderr).toMatch(/bin\.js setup/);
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
});

test("Ctrl-C in run leaves the run going, and says so", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [
    { name: "a", seconds: 3 },
    { name: "b", needs: ["a"] },
  ]);
  const command = startBin(["run", "--root", home.project], { cwd: home.project, env: home.env });
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  command.process.kill("SIGINT");
  const { code, stdout, stderr } = await command.ended;
  expect(code).toBe(1);
  const id = idIn(stdout) ?? "";
  expect(stderr).toContain(`the run goes on`);
  expect(stderr).toContain(id);
  const agent = await connect();
  const done = await ended(agent, id);
  expect(phases(done), done.text).toEqual({ a: "applied", b: "applied" });
  expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
});

test("drain lets the running apply finish and starts nothing new", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [
    { name: "a", gated: true },
    { name: "b", needs: ["a"] },
  ]);
  const agent = await connect();
  const id = await startRun(agent);
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  const cancelled = await agent.call("cancel_workflow", { workflow_id: id });
  expect(cancelled.data, cancelled.text).toMatchObject({ cancelled: true, mode: "drain" });
  await openGate(home.project, "a");
  const done = await ended(agent, id);
  expect(phases(done), done.text).toEqual({ a: "applied", b: "cancelled" });
  expect(done.data).toMatchObject({ phase: "cancelled", status: "WORKFLOW_EXECUTION_STATUS_FAILED" });
  expect(await readFile(join(home.project, "effects", "a.done"), "utf8")).toBe("done\n");
  expect(await effects(home.project, "b")).toBe(0);
  expect((await agent.call("cancel_workflow", { workflow_id: id })).data["cancelled"]).toBe(false);
});

test("stop interrupts the running apply once; what it left is seen and mended by the next run", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [
    { name: "a", seconds: 60 },
    { name: "b", needs: ["a"] },
  ]);
  const agent = await connect();
  const id = await startRun(agent);
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  await agent.call("cancel_workflow", { workflow_id: id, mode: "stop" });
  const done = await ended(agent, id);
  expect(["partial", "in_doubt", "failed"], done.text).toContain(phases(done)["a"]);
  expect(["cancelled", "skipped"]).toContain(phases(done)["b"]);
  expect(await effects(home.project, "b")).toBe(0);
  await writeProject(home.project, [{ name: "a" }, { name: "b", needs: ["a"] }]);
  const again = await ended(agent, await startRun(agent));
  expect(phases(again), again.text).toEqual({ a: "applied", b: "applied" });
  expect(await effects(home.project, "a")).toBe(2);
});

test("a run that is cancelled while a decision is awaited takes none any more", async () => {
  session = await openSession("");
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }]);
  const agent = await connect();
  const id = await startRun(agent);
  await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  await agent.call("cancel_workflow", { workflow_id: id });
  expect(phases(await ended(agent, id))).toEqual({ a: "cancelled" });
  const late = await agent.call("request_approval", { workflow_id: id });
  expect(late.isError, late.text).toBe(true);
  expect(await effects(home.project, "a")).toBe(0);
});

test("init writes an infra.yaml that the server then lists, also for a folder below the root; it overwrites nothing", async () => {
  session = await openSession("");
  const { home, connect } = session;
  const folder = join(home.project, "envs", "prod");
  await mkdir(folder, { recursive: true });
  for (const name of ["network", "subnets"])
    await cp(join(REPOSITORY, "examples/three-tier", name), join(folder, name), { recursive: true });
  const at = { cwd: home.project, env: home.env };
  const written = await startBin(["init", "envs/prod", "--root", home.project], at).ended;
  expect(written, written.stderr).toMatchObject({ code: 0 });
  const agent = await connect();
  const listed = await agent.call("list_workflows", { config_path: "envs/prod/infra.yaml" });
  expect(listed.isError, listed.text).toBe(false);
  expect(listed.data["workflows"][0].configured_workspaces.map((w: { dir: string }) => w.dir)).toEqual([
    join(folder, "network"),
    join(folder, "subnets"),
  ]);
  const again = await startBin(["init", "envs/prod", "--root", home.project], at).ended;
  expect(again.code).not.toBe(0);
  expect(again.stderr).toContain("is there already");
  expect((await startBin(["init", "--from", "pulumi", "--root", home.project], at).ended).code).toBe(2);
});
