import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REPOSITORY, TERRAFORM_BIN } from "../support/mcp-client.ts";
import { pythonWithClients, runPython } from "../support/python.ts";

// The built server by clients of a third make: the Python SDK and FastMCP, each in both protocol eras.

const python = pythonWithClients();
let folder: string;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-python-")));
  await mkdir(join(folder, "network"));
  await writeFile(join(folder, "network/main.tf"), "");
  await writeFile(join(folder, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.for([
  ["mcp", "auto", "2026-07-28"],
  ["mcp", "legacy", "2025-11-25"],
  ["fastmcp", "auto", "2026-07-28"],
  ["fastmcp", "legacy", "2025-11-25"],
] as const)("%s, %s", async ([make, mode, revision], { skip }) => {
  skip(python === undefined, "the Python MCP clients are not installed; run tooling/setup/python-clients.sh");
  const calls = [
    ["list_workflows", { config_path: "infra.yaml" }],
    ["list_workflows", { configpath: "infra.yaml" }],
  ];
  const command = [process.execPath, TERRAFORM_BIN, "--root", folder];
  const { protocol, tools, answers } = await runPython(python!, "sdk_client.py", [make, mode, JSON.stringify(calls), ...command], {
    PLATFORM_OPS_HOME: join(folder, "home"),
  });
  expect(protocol).toBe(revision);
  const golden = JSON.parse(await readFile(join(REPOSITORY, "servers/terraform/tools.snapshot.json"), "utf8")) as { name: string }[];
  expect(tools).toEqual(golden);
  const [listed, refused] = answers;
  expect(listed.structuredContent.workflows[0].configured_workspaces[0].dir).toBe(join(folder, "network"));
  expect(JSON.parse(listed.content[0].text)).toEqual(listed.structuredContent);
  expect(refused.isError).toBe(true);
  expect(refused.content[0].text).toMatch(/configpath[\s\S]*config_path/);
});
