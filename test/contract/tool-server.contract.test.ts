import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openToolServer, type ToolServer } from "@platform-ops/mcp-kit/client";
import { afterAll, describe, expect, test } from "vitest";
import { REPOSITORY, childEnv } from "../support/mcp-client.ts";

// Our client of other servers, against our own built ones: what a runbook's mcp_call does.

const folder = mkdtempSync(join(tmpdir(), "tool-server-"));
const servers: ToolServer[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true, force: true });
});

function ours(name: string): ToolServer {
  const server = openToolServer({
    name,
    version: "1.0.0",
    command: process.execPath,
    args: [join(REPOSITORY, "servers", name, "dist/bin.js")],
    env: { ...childEnv(), PLATFORM_OPS_HOME: join(folder, name), XDG_CONFIG_HOME: folder },
    cwd: folder,
  });
  servers.push(server);
  return server;
}

describe.each([
  ["terraform", "list_workflows", { config_path: "**/infra.yaml" }],
  ["flux-teleport", "list_environments", {}],
])("%s", (name, tool, args) => {
  const server = ours(name);

  test("lists its tools and answers a read", async () => {
    const tools = await server.tools();
    expect(tools.find((each) => each.name === tool)).toMatchObject({ readOnly: true });
    const reply = await server.call(tool, args, { timeoutMs: 60_000 });
    expect([reply.isError, reply.text !== "", Object.keys(reply.data).length > 0], reply.text).toEqual([false, true, true]);
  });

  test("refuses a wrong argument as an answer, by name", async () => {
    const reply = await server.call(tool, { no_such_argument: 1 }, { timeoutMs: 60_000 });
    expect([reply.isError, reply.text]).toEqual([true, expect.stringContaining("no_such_argument")]);
  });
});
