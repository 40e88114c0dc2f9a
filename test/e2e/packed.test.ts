import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runBuilt } from "../../tooling/run-built.ts";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { childEnv, REPOSITORY, TERRAFORM_BIN } from "../support/mcp-client.ts";

// The server as npm gives it to a user: packed, installed into an empty folder, nothing else beside it.

let folder: string;
let installed: string;
let tarball: string;
let env: Record<string, string>;

const npm = (args: readonly string[], cwd: string): string => execFileSync("npm", [...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const bin = (): string => join(installed, "node_modules/.bin/terraform-mcp");

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-packed-")));
  installed = join(folder, "empty");
  await mkdir(installed);
  // A start leaves a code cache in dist, which is of this machine and must not be packed.
  execFileSync(process.execPath, [TERRAFORM_BIN, "--version"]);
  npm(["pack", "--ignore-scripts", "--pack-destination", folder], join(REPOSITORY, "servers/terraform"));
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  await writeFile(join(installed, "package.json"), "{}");
  // --offline: it must have nothing to fetch.
  npm(["install", "--offline", "--no-audit", "--no-fund", tarball], installed);
  await writeFile(join(folder, "config.yaml"), AUTO_CONFIG);
  env = { PLATFORM_OPS_HOME: join(folder, "home"), PLATFORM_OPS_CONFIG: join(folder, "config.yaml") };
});

afterAll(async () => {
  if (existsSync(bin())) await runBuilt(bin(), ["supervisor", "stop"], env, () => undefined).catch(() => undefined);
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

async function connect(roots: readonly string[]): Promise<Client> {
  const client = new Client({ name: "packed-test", version: "1.0.0" });
  await client.connect(new StdioClientTransport({ command: bin(), args: roots.flatMap((root) => ["--root", root]), env: { ...childEnv(), ...env }, cwd: folder, stderr: "ignore" }));
  return client;
}

test("is small, brings no dependency and no script", async () => {
  expect((await stat(tarball)).size).toBeLessThan(5_000_000);
  expect(readdirSync(join(installed, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["@platform-ops"]);
  const packed = readdirSync(join(installed, "node_modules/@platform-ops/terraform-mcp"), { recursive: true, encoding: "utf8" });
  expect(packed.filter((name) => /\.ts$|\/cache(\/|$)|partial|\.old-/.test(name))).toEqual([]);
});

test("lists its tools before any set-up", async () => {
  const client = await connect([folder]);
  try {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain("execute_workflow");
  } finally {
    await client.close();
  }
});

test("carries out a durable run after its own setup", async () => {
  await runBuilt(bin(), ["setup"], env, () => undefined);
  const project = join(folder, "project");
  await writeProject(project, [{ name: "one" }]);
  const client = await connect([project]);
  try {
    const call = async (name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const result = await client.callTool({ name, arguments: args }, { timeout: 120_000 });
      expect(result.isError, JSON.stringify(result.content)).not.toBe(true);
      return result.structuredContent as Record<string, unknown>;
    };
    const { workflow_id } = await call("execute_workflow", { workflow_name: "ParentWorkflow", config_path: "infra.yaml" });
    let status: Record<string, unknown>;
    do status = await call("get_workflow_status", { workflow_id, wait_seconds: 30 });
    while (status["open"] === true);
    expect(status["phase"]).toBe("completed");
    expect(await effects(project, "one")).toBe(1);
  } finally {
    await client.close();
  }
});
