import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { PlannedWorkspace } from "./fixture/planned-workspace.ts";
import { notify } from "./notify.ts";
import type { NoticeTask } from "./activity-contract.ts";

const NOTICE: NoticeTask = {
  event: "awaiting_approval",
  environment: "default",
  request: "apr_1",
  workspaces: [{ name: "vpc", state: "awaiting_approval" }],
};
const policy = (notify: { command?: string[]; webhook?: string }) => ({ approvals: { auto: [], hours: 72, notify } });

describe("notify", () => {
  let server: Server | undefined;
  afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

  async function listen(status: number, seen: string[]): Promise<string> {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        seen.push(body);
        response.writeHead(status, status === 302 ? { location: "http://127.0.0.1:1/" } : {}).end();
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  test("nothing configured: nothing happens", async () => {
    await using w = await PlannedWorkspace.make();
    expect(await notify(w.deps, w.call(), NOTICE)).toBeUndefined();
  });

  test("the command gets the notice as JSON on stdin, its arguments untouched by any shell", async () => {
    await using w = await PlannedWorkspace.make();
    const [script, out] = [join(w.dir, "tell"), join(w.dir, "out")];
    await writeFile(script, `#!/bin/sh\nprintf '%s\\n' "$1" >"${out}"\ncat >>"${out}"\n`);
    await chmod(script, 0o700);
    w.deps.policy.approvals.notify.command = [script, "$(id); `id`"];
    await notify(w.deps, w.call(), NOTICE);
    const [argument, json] = (await readFile(out, "utf8")).split("\n");
    expect(argument).toBe("$(id); `id`");
    expect(JSON.parse(json ?? "")).toMatchObject({
      version: 1,
      server: "terraform",
      run: "run-1",
      event: "awaiting_approval",
      request: "apr_1",
      workspaces: [{ name: "vpc", state: "awaiting_approval" }],
    });
  });

  test.each([["/bin/false"], ["/nonexistent/tell"], ["tell"]])(
    "a command that fails, is not there or is not absolute is a failure to be tried again: %s",
    async (command) => {
      await using w = await PlannedWorkspace.make(policy({ command: [command] }));
      await expect(notify(w.deps, w.call(), NOTICE)).rejects.toMatchObject({ code: "command_failed" });
    },
  );

  test("the webhook gets the notice; other answers than success, and redirects, are failures", async () => {
    const seen: string[] = [];
    const url = await listen(204, seen);
    await using w = await PlannedWorkspace.make(policy({ webhook: url }));
    await notify(w.deps, w.call(), NOTICE);
    expect(JSON.parse(seen[0] ?? "")).toMatchObject({ event: "awaiting_approval" });
  });
  test.each([500, 302])("status %i", async (status) => {
    await using w = await PlannedWorkspace.make(policy({ webhook: await listen(status, []) }));
    await expect(notify(w.deps, w.call(), NOTICE)).rejects.toMatchObject({ code: "command_failed" });
  });
});
