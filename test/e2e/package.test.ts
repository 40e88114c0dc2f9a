import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packServer, type PackedServer } from "../../tooling/release/pack-server.ts";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { childEnv, REPOSITORY, startAgent, type Agent } from "../support/mcp-client.ts";
import { kill, lives, until } from "../support/processes.ts";
import { callOf, OPENING, startWire } from "../support/wire.ts";

// What is published, used as a user would: installed by npm without a registry into an empty folder. What is in it: release.test.ts.

const run = promisify(execFile);
const SERVER = join(REPOSITORY, "servers/terraform");

let folder: string;
let packed: PackedServer;
let home: string;
let project: string;
let configFile: string;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-package-")));
  [home, project, configFile] = [join(folder, "home"), join(folder, "project"), join(folder, "config.yaml")];
  await mkdir(project);
  await writeFile(configFile, AUTO_CONFIG);
  packed = await packServer(REPOSITORY, "terraform", folder);
  await install();
});

afterAll(async () => {
  if (existsSync(home)) await run(process.execPath, [bin(), "supervisor", "stop"], { env: env() }).catch(() => undefined);
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

const installed = (): string => join(folder, "user/node_modules/@platform-ops/terraform-mcp");
const bin = (): string => join(folder, "user/node_modules/.bin/terraform-mcp");
const env = (): Record<string, string> => ({ ...childEnv(), PLATFORM_OPS_HOME: home, PLATFORM_OPS_CONFIG: configFile });

/** Without a network: there is nothing to fetch. */
async function install(): Promise<void> {
  const user = join(folder, "user");
  await mkdir(user, { recursive: true });
  await writeFile(join(user, "package.json"), '{ "private": true }\n');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, packed.tarball.file)], { cwd: user, env: childEnv() });
}

test("there is nothing else to install", async () => {
  expect(await readdir(join(folder, "user/node_modules"))).toEqual([".bin", ".package-lock.json", "@platform-ops"]);
  const licences = await readFile(join(installed(), "dist/THIRD-PARTY-LICENCES.txt"), "utf8");
  for (const name of ["zod", "@modelcontextprotocol/server", "@temporalio/client", "@temporalio/workflow", "yaml"])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
});

test("starts where nothing was set up, lists its tools, and names the one command", async () => {
  const wire = startWire({
    home,
    cwd: project,
    command: [bin()],
    env: { PATH: join(process.execPath, ".."), PLATFORM_OPS_CACHE: join(folder, "empty-cache") },
  });
  for (const message of OPENING) wire.send(message);
  wire.send({ id: 1, method: "tools/list" });
  const golden = JSON.parse(await readFile(join(SERVER, "tools.snapshot.json"), "utf8")) as unknown[];
  expect((await wire.answer(1)).result.tools).toEqual(golden);
  expect(existsSync(home)).toBe(false);

  await writeProject(project, [{ name: "a" }]);
  wire.send(callOf(2, "execute_workflow", { config_path: "infra.yaml" }));
  const { structuredContent, isError } = (await wire.answer(2)).result;
  expect(isError).toBe(true);
  expect(["setup_needed", "program_missing"]).toContain(structuredContent.error.code);
  wire.send(callOf(3, "list_runs"));
  const refused = (await wire.answer(3)).result;
  expect(refused.structuredContent.error.code).toBe("setup_needed");
  expect(refused.structuredContent.error.details.command).toBe(
    `PLATFORM_OPS_HOME=${home} ${process.execPath} ${join(installed(), "dist/bin.js")} setup`,
  );
  wire.child.stdin.end();
  expect(await wire.end()).toMatchObject({ code: 0 });
});

test("after setup, a durable run goes through; it outlives the package itself, which runners prune", async () => {
  const { stdout } = await run(bin(), ["setup"], { env: env() });
  expect(stdout).toContain("Ready.");
  await rm(project, { recursive: true });
  await mkdir(project);
  await writeProject(project, [{ name: "a" }, { name: "b", needs: ["a"], seconds: 4 }]);
  let agent: Agent = await startAgent({ roots: [project], home, bin: bin(), env: env() });
  const { data, text } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  const workflow_id = data["workflow_id"] as string;
  expect(workflow_id, text).toBeDefined();
  await until(async () => (await effects(project, "b")) === 1, "the apply of b");
  await agent.close();

  // The package is gone, and so is the worker: its successor starts from the copy in the data directory.
  await rm(join(folder, "user"), { recursive: true });
  const worker = await kill(home, "worker");
  await until(() => !lives(worker), "the worker's death");
  await until(async () => (await readFile(join(project, "effects/b.done"), "utf8").catch(() => "")) !== "", "the end of b's apply");

  await install();
  agent = await startAgent({ roots: [project], home, bin: bin(), env: env() });
  const done = await until(async () => {
    const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 20 });
    return status.data["open"] === false && status;
  }, "the end of the run");
  expect(done.data["status"], done.text).toBe("WORKFLOW_EXECUTION_STATUS_COMPLETED");
  expect(done.data["workspaces"].map((w: { phase: string }) => w.phase)).toEqual(["applied", "applied"]);
  expect([await effects(project, "a"), await effects(project, "b")]).toEqual([1, 1]);
  await agent.close();
});
