import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { childEnv } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";

// Which workspaces a run takes, from where it takes their definition, and where it runs them.

const run = promisify(execFile);
let session: Session;
const workers: number[] = [];
afterEach(async () => {
  for (const pid of workers.splice(0)) {
    process.kill(pid, "SIGCONT");
    process.kill(pid, "SIGTERM");
  }
  await session.remove();
});

test("only runs what it names, with the last outputs of what that takes; a missing one fails before terraform starts", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b", needs: ["a"] }, { name: "c", needs: ["b"] }]);
  const agent = await connect();
  const early = await ended(agent, await startRun(agent, { config_path: "infra.yaml", only: ["b"] }));
  expect(early.data["phase"], early.text).toBe("failed");
  expect(workspace(early, "b")).toMatchObject({ phase: "failed", error: { code: "invalid_config" } });
  expect(workspace(early, "b").error?.message).toContain('Output "id" of workspace "a" does not exist; variable "from_a" needs it.');
  expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([0, 0]);

  const first = await ended(agent, await startRun(agent, { config_path: "infra.yaml", only: ["a"] }));
  expect(phases(first), first.text).toEqual({ a: "applied" });
  const second = await ended(agent, await startRun(agent, { config_path: "infra.yaml", only: ["b"] }));
  expect(phases(second), second.text).toEqual({ a: "checked", b: "applied" });
  // a is not even opened for c: nothing of it is taken there.
  const third = await ended(agent, await startRun(agent, { config_path: "infra.yaml", only: ["c"] }));
  expect(phases(third), third.text).toEqual({ b: "checked", c: "applied" });
  expect(await Promise.all(["a", "b", "c"].map((name) => effects(home.project, name)))).toEqual([1, 1, 1]);

  const typo = await agent.call("execute_workflow", { config_path: "infra.yaml", only: ["bb"] });
  expect(typo.isError).toBe(true);
  expect(typo.text).toContain("only names workspaces that the configuration does not have: 'bb'");
});

test("the last outputs of a workspace that somebody applied by hand, behind a backend, are read too", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  const backend = 'terraform {\n  backend "local" {\n    path = "../states/a.tfstate"\n  }\n}';
  await writeProject(home.project, [
    { name: "a", more: backend },
    { name: "b", needs: ["a"] },
  ]);
  for (const args of [["init"], ["apply", "-auto-approve"]]) await run("terraform", args, { cwd: join(home.project, "a") });
  const agent = await connect();
  const done = await ended(agent, await startRun(agent, { config_path: "infra.yaml", only: ["b"] }));
  expect(phases(done), done.text).toEqual({ a: "checked", b: "applied" });
  expect(await effects(home.project, "a")).toBe(1);
});

test("an inline workspace without dir takes its definition from the file that defines it; two such files are refused by name", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b" }]);
  const agent = await connect();
  const inline = { config: { workspaces: [{ name: "b", operations: ["init", "validate", "plan"] }] } };
  const planned = await ended(agent, await startRun(agent, inline));
  expect(phases(planned), planned.text).toEqual({ b: "planned" });
  await mkdir(join(home.project, "other"));
  await writeFile(join(home.project, "other", "infra.yaml"), await readFile(join(home.project, "infra.yaml"), "utf8"));
  const refused = await agent.call("execute_workflow", inline);
  expect(refused.isError, refused.text).toBe(true);
  expect(refused.text).toContain("other/infra.yaml");
  const named = await ended(agent, await startRun(agent, { ...inline, config_path: "other/infra.yaml" }));
  expect(phases(named), named.text).toEqual({ b: "planned" });
});

test("a taskQueue is taken where a worker polls it, and the workspace runs there; else it is refused by name", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b" }]);
  const file = join(home.project, "infra.yaml");
  const config = JSON.parse(await readFile(file, "utf8")) as { workspaces: Record<string, unknown>[] };
  const on = (queue: string): Promise<void> =>
    writeFile(
      file,
      JSON.stringify({
        workspaces: config.workspaces.map((w) =>
          w["name"] === "b" ? { ...w, taskQueue: queue } : { ...w, taskQueue: "terraform-task-queue" },
        ),
      }),
    );
  const agent = await connect();
  await on("heavy");
  const refused = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  expect(refused.isError, refused.text).toBe(true);
  expect(refused.text).toContain('workspace b: no worker polls taskQueue "heavy"');

  const { temporal } = JSON.parse(await readFile(join(home.home, "supervisor", "state.json"), "utf8")) as {
    temporal: { address?: string; port?: number };
  };
  const build = (await readFile(join(home.home, "logs", "supervisor.log"), "utf8")).match(/"build":"([^"]+)"/)?.[1] ?? "";
  const worker = spawn(
    process.execPath,
    [join(build, "worker.cjs"), `--local-temporal=${temporal.address ?? `127.0.0.1:${temporal.port}`}`],
    {
      env: { ...childEnv(), ...home.env, PLATFORM_OPS_TEMPORAL_TASK_QUEUE: "heavy" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const pid = worker.pid as number;
  workers.push(pid);
  let said = "";
  worker.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes("The worker runs."), "the second worker");
  const id = await until(async () => {
    const started = await agent.call("execute_workflow", { config_path: "infra.yaml", only: ["b"] });
    return started.isError ? undefined : (started.data["workflow_id"] as string);
  }, "a queue that is polled");
  expect(phases(await ended(agent, id))).toEqual({ b: "applied" });

  // Stopped in its tracks: what is its own waits for it, all else goes on.
  process.kill(pid, "SIGSTOP");
  await writeFile(join(home.project, "b", "more.tf"), 'resource "terraform_data" "more" {}\n');
  const both = await startRun(agent);
  await statusWhen(agent, both, (data) => phases({ data, text: "", isError: false })["a"] === "applied");
  await sleep(1_000);
  expect(phases(await agent.call("get_workflow_status", { workflow_id: both }))).toEqual({ a: "applied", b: "planning" });
  process.kill(pid, "SIGCONT");
  const done = await ended(agent, both);
  expect(phases(done), done.text).toEqual({ a: "applied", b: "applied" });
});
