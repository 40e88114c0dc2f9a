// What `install` writes is what a client can start: each entry is read back from the file and its command is run.
import { mkdtempSync, readFileSync, realpathSync, rmSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT_APPLICATIONS } from "../../packages/mcp-kit/src/clients/applications.ts";
import { formatOf } from "../../packages/mcp-kit/src/clients/edit-configuration.ts";
import { startBin } from "../support/bin.ts";
import { childEnv } from "../support/mcp-client.ts";
import { PUBLISHED_BINS, recordedOpening } from "../support/published-bins.ts";

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-install-")));
  mkdirSync(join(home, "project"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const places = () => ({ home, project: join(home, "project"), platform: process.platform, env: {} });

test.each(PUBLISHED_BINS)("$server: entered in every client, started from each entry, taken out again", async (published) => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await startBin(args, {
      cwd: join(home, "project"),
      env: { HOME: home, PLATFORM_OPS_HOME: join(home, "data") },
      bin: published.bin,
    }).ended;
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const started = new Set<string>();
  for (const application of CLIENT_APPLICATIONS) {
    await run("install", application.id, "--env", "PLATFORM_OPS_HOME");
    const file = application.file("user", places())!;
    const servers = formatOf(application).parse(readFileSync(file, "utf8"), file)[application.container] as Record<
      string,
      { command: string; args: string[] }
    >;
    const [[name, { command, args }] = ["", { command: "", args: [] }], ...others] = Object.entries(servers);
    expect([name, others]).toEqual([published.server, []]);
    // The same command in every client: it is started once.
    if (!started.has(JSON.stringify([command, args]))) {
      started.add(JSON.stringify([command, args]));
      const client = new Client({ name: application.id, version: "1" });
      await client.connect(new StdioClientTransport({ command, args, env: { ...childEnv(), HOME: home } }));
      expect((await client.listTools()).tools).toHaveLength(recordedOpening(published).tools.length);
      await client.close();
    }
  }
  expect(started.size).toBe(1);
  const listed = await run("install");
  for (const { id } of CLIENT_APPLICATIONS) expect(listed).toMatch(new RegExp(`^${id} +user +entered`, "m"));
  await run("uninstall", "codex");
  expect(await run("install")).toMatch(/^codex +user +no file/m);
});
