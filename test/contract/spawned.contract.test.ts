import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as Client2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio2 } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Stdio1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { childEnv, TERRAFORM_BIN } from "../support/mcp-client.ts";
import { goldenTools, PUBLISHED_BINS, recordedOpening } from "../support/published-bins.ts";

// Each built server as a process of its own, over stdio, by the clients of both SDK lines in every mode they have.

const MODES = ["sdk-1", "sdk-2-legacy", "sdk-2-auto", "sdk-2-modern"] as const;
type Mode = (typeof MODES)[number];

let folder: string;
let home: string;
let project: string;

beforeEach(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-spawned-")));
  [home, project] = [join(folder, "home"), join(folder, "project")];
  await mkdir(join(project, "network"), { recursive: true });
  await writeFile(join(project, "network/main.tf"), "");
  await writeFile(join(project, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function connect(mode: Mode, bin: string): Promise<Client1 | Client2> {
  const how = {
    command: process.execPath,
    args: bin === TERRAFORM_BIN ? [bin, "--root", project] : [bin],
    // No program on its PATH and an empty cache: a machine on which nothing was set up.
    env: { ...childEnv(), PATH: join(folder, "no-programs"), PLATFORM_OPS_HOME: home, PLATFORM_OPS_CACHE: join(folder, "cache") },
    cwd: project,
    stderr: "inherit" as const,
  };
  const me = { name: `test ${mode}`, version: "1" };
  if (mode === "sdk-1") {
    const client = new Client1(me);
    await client.connect(new Stdio1(how) as never);
    return client;
  }
  const negotiation = mode === "sdk-2-legacy" ? "legacy" : mode === "sdk-2-auto" ? "auto" : { pin: "2026-07-28" };
  const client = new Client2(me, { versionNegotiation: { mode: negotiation } });
  await client.connect(new Stdio2(how));
  return client;
}

const call = (client: Client1 | Client2, name: string, args: Record<string, unknown> = {}): Promise<any> =>
  (client as Client2).callTool({ name, arguments: args });

describe.each(MODES)("%s", (mode) => {
  let client: Client1 | Client2 | undefined;
  afterEach(() => client?.close());

  test.each(PUBLISHED_BINS)("knows the server and its tools, and has touched no file: $server", async (published) => {
    client = await connect(mode, published.bin);
    const { name, title, instructions } = recordedOpening(published);
    expect(client.getServerVersion()).toMatchObject({ name, title });
    expect(client.getInstructions()).toBe(instructions);
    expect((await (client as Client2).listTools()).tools).toEqual(goldenTools(published));
    expect(await readdir(folder)).toEqual(["project"]);
  });

  test.each(PUBLISHED_BINS)("is refused by name for an argument that is not known: $server", async (published) => {
    client = await connect(mode, published.bin);
    for (const { name } of goldenTools(published)) {
      const { content, isError } = await call(client, name, { no_such_argument: "x" });
      expect(isError, name).toBe(true);
      expect(content[0].text, name).toContain("no_such_argument");
    }
  });
});

describe.each(MODES)("terraform, %s", (mode) => {
  let client: Client1 | Client2;
  beforeEach(async () => {
    client = await connect(mode, TERRAFORM_BIN);
  });
  afterEach(() => client?.close());

  test("bears the name of the source document, and says what it never does", () => {
    expect(client.getServerVersion()).toMatchObject({ name: "terraform-temporal-mcp", title: "Terraform on Temporal" });
    expect(client.getInstructions()).toContain("nothing changes before a person approves");
  });

  test("lists a configuration, in both halves of the result", async () => {
    const { content, structuredContent, isError } = await call(client, "list_workflows");
    expect(isError ?? false).toBe(false);
    expect(JSON.parse(content[0].text)).toEqual(structuredContent);
    expect(structuredContent.workflows[0].configured_workspaces).toEqual([
      {
        name: "network",
        kind: "terraform",
        dir: join(project, "network"),
        dependsOn: [],
        operations: ["init", "validate", "plan", "apply"],
      },
    ]);
  });

  test("is refused by name for an argument that is not known, with the one that was meant", async () => {
    const { content, isError } = await call(client, "get_workflow_status", { workflowid: "x" });
    expect(isError).toBe(true);
    expect(content[0].text).toMatch(/workflowid[\s\S]*workflow_id/);
  });

  test("is told what to set up, by the one command", async () => {
    const { content, isError, structuredContent } = await call(client, "list_runs");
    expect(isError, content[0].text).toBe(true);
    expect(structuredContent.error.code).toBe("setup_needed");
    expect(content[0].text).toMatch(/Run this once in a terminal.*bin\.js setup/);
  });
});
