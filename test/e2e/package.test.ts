import { execFile } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPaths, findLeaks } from "../../tooling/build/leaks.ts";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { childEnv, REPOSITORY, startAgent, TERRAFORM_BIN, type Agent } from "../support/mcp-client.ts";
import { kill, lives, until } from "../support/processes.ts";
import { callOf, OPENING, startWire } from "../support/wire.ts";

// What is published: packed by npm, installed by npm without a registry into an empty folder, used as a user would.

const run = promisify(execFile);
const SERVER = join(REPOSITORY, "servers/terraform");
const LARGEST = 5_000_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { path: string }[];
}

let folder: string;
let packed: Packed;
let home: string;
let project: string;
let configFile: string;
let manifestBefore: string;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-package-")));
  [home, project, configFile] = [join(folder, "home"), join(folder, "project"), join(folder, "config.yaml")];
  await mkdir(project);
  await writeFile(configFile, AUTO_CONFIG);
  manifestBefore = await readFile(join(SERVER, "package.json"), "utf8");
  // A start leaves a code cache in dist, which is of this machine and must not be packed.
  await run(process.execPath, [TERRAFORM_BIN, "--version"]);
  // A clean environment: npx and npm hand this repository's `ignore-scripts` down to what they start.
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: SERVER,
    env: childEnv(),
    maxBuffer: 10_000_000,
  });
  packed = (JSON.parse(stdout) as Packed[])[0]!;
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
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, packed.filename)], { cwd: user, env: childEnv() });
}

test("the package holds what it needs and nothing else, in at most 5 MB", async () => {
  expect(packed.size).toBeLessThanOrEqual(LARGEST);
  const allowed =
    /^(package\.json|README\.md|LICENSE|dist\/[\w.-]+\.(cjs|js|json)|dist\/THIRD-PARTY-LICENCES\.txt|dist\/runtime\/package(-lock)?\.json)$/;
  expect(packed.files.map((file) => file.path).filter((path) => !allowed.test(path))).toEqual([]);
  const paths = packed.files.map((file) => file.path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "dist/bin.js",
      "dist/worker.cjs",
      "dist/workflow-bundle.js",
      "dist/supervisor.cjs",
      "dist/runtime/package-lock.json",
    ]),
  );
  expect(await readFile(join(installed(), "README.md"), "utf8")).toContain("`list_workflows`");
  const licences = await readFile(join(installed(), "dist/THIRD-PARTY-LICENCES.txt"), "utf8");
  for (const name of ["zod", "@modelcontextprotocol/server", "@temporalio/client", "@temporalio/workflow", "yaml"])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
});

test("its manifest has nothing to install, to run, or of the workspace; that of the workspace is as before", async () => {
  const manifest = JSON.parse(await readFile(join(installed(), "package.json"), "utf8")) as Record<string, unknown>;
  expect(Object.keys(manifest).sort()).toEqual([
    "bin",
    "description",
    "engines",
    "files",
    "keywords",
    "license",
    "name",
    "publishConfig",
    "type",
    "version",
  ]);
  expect(manifest).toMatchObject({
    name: "@platform-ops/terraform-mcp",
    license: "Apache-2.0",
    engines: { node: ">=20.19" },
    bin: { "terraform-mcp": "dist/bin.js" },
  });
  expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:/);
  expect(await readdir(join(folder, "user/node_modules"))).toEqual([".bin", ".package-lock.json", "@platform-ops"]);
  expect(await readFile(join(SERVER, "package.json"), "utf8")).toBe(manifestBefore);
});

test("no file tells where it was made", () => {
  expect(findLeaks(installed(), buildPaths(REPOSITORY))).toEqual([]);
});

test("publint finds nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: installed(), pack: false, level: "warning" });
  // It tells modules from scripts by a pattern, which texts inside a bundle can match: what compiles as a script is one.
  const isScript = (path: string): boolean => new Script(Module.wrap(readFileSync(path, "utf8"))) instanceof Script;
  const wrong = messages.filter(
    ({ code, args }) =>
      code !== "FILE_INVALID_EXPLICIT_FORMAT" || !isScript(join(installed(), (args as { actualFilePath: string }).actualFilePath)),
  );
  expect(wrong.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([]);
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
