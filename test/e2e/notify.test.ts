import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { effects, openGate, writeProject } from "../support/home.ts";
import { terraformPids, until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, type Session } from "../support/run.ts";

// Who is told of what waits for a person, and that nobody who is told can hold a run up.

let session: Session | undefined;
let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  await session?.remove();
  session = server = undefined;
});

interface Notice {
  readonly event: string;
  readonly run: string;
  readonly request?: string;
  readonly workspaces: { name: string; state: string; code?: string }[];
}

/** A webhook on loopback. `answer` false: it takes the request and never answers. */
async function listen(bodies: string[], answer: boolean): Promise<string> {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      bodies.push(body);
      if (answer) response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const parse = (lines: readonly string[]): Notice[] => lines.map((line) => JSON.parse(line) as Notice);
const BROKEN = 'resource "terraform_data" "broken" {\n  provisioner "local-exec" {\n    command = "echo no-luck >&2; exit 3"\n  }\n}';

test("command and webhook are told of a waiting approval, a failure and an outcome in doubt; no secret is told", async () => {
  const bodies: string[] = [];
  const webhook = await listen(bodies, true);
  session = await openSession("");
  const { home, connect } = session;
  const [tell, told] = [join(home.project, "tell"), join(home.project, "told")];
  await writeFile(tell, `#!/bin/sh\ncat >> '${told}'\necho >> '${told}'\nenv >> '${told}.env'\n`);
  await chmod(tell, 0o700);
  await writeFile(home.configFile, JSON.stringify({ approvals: { notify: { command: [tell], webhook } } }));
  await writeProject(home.project, [
    { name: "slow", gated: true },
    { name: "broken", more: BROKEN },
    { name: "bad", more: "resource {" },
  ]);
  const agent = await connect({ env: { TF_VAR_hidden: "hush-of-the-client", AWS_PROFILE: "hush-profile" } });

  const id = await startRun(agent);
  const waiting = await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  await until(() => parse(bodies).some((notice) => notice.event === "awaiting_approval"), "the notice of the approval");
  await agent.call("request_approval", { workflow_id: id });
  await until(async () => (await effects(home.project, "slow")) > 0, "the apply");
  await until(() => parse(bodies).some((notice) => notice.workspaces[0]?.name === "broken"), "the notice of the failed apply");
  process.kill(terraformPids("apply", "-json", home.home)[0] as number, "SIGKILL");
  // Its provisioner outlives it, and is waited for.
  await openGate(home.project, "slow");
  await ended(agent, id);
  const isLast = ({ event, workspaces }: Notice): boolean => event === "in_doubt" && workspaces.some(({ name }) => name === "slow");
  await until(() => parse(bodies).some(isLast), "the last notice");

  const notices = parse(bodies);
  expect(notices.map((notice) => notice.run)).toEqual(notices.map(() => id));
  const find = (name: string, event: string): Notice | undefined =>
    notices.find((notice) => notice.event === event && notice.workspaces.some((w) => w.name === name));
  expect(find("slow", "awaiting_approval")?.request).toBe(waiting.data["approval"].id);
  expect(find("bad", "failed")?.workspaces).toMatchObject([{ name: "bad", state: "failed" }]);
  expect(find("broken", "in_doubt") ?? find("broken", "failed")).toMatchObject({ workspaces: [{ code: "command_failed" }] });
  expect(find("slow", "in_doubt")).toBeDefined();

  const byCommand = await until(async () => {
    const lines = (await readFile(told, "utf8"))
      .trim()
      .split("\n")
      .filter((line) => line !== "");
    return lines.length === bodies.length && lines;
  }, "as many notices by command");
  expect(
    parse(byCommand)
      .map((notice) => notice.event)
      .sort(),
  ).toEqual(notices.map((notice) => notice.event).sort());
  const all = [...bodies, ...byCommand, await readFile(`${told}.env`, "utf8")].join("\n");
  expect(all).not.toMatch(/hush|s3cr3t|no-luck|AWS_|TF_VAR_/);
});

test.each(["hangs", "fails"] as const)("a notifier that %s does not hold a run up", async (how) => {
  const bodies: string[] = [];
  const webhook = how === "hangs" ? await listen(bodies, false) : "http://127.0.0.1:9/nobody";
  session = await openSession(
    JSON.stringify({ approvals: { notify: { command: how === "hangs" ? ["/bin/sleep", "1000"] : ["/bin/false"], webhook } } }),
  );
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }, { name: "b", more: BROKEN }]);
  const agent = await connect();
  const id = await startRun(agent);
  await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  if (how === "hangs") await until(() => bodies.length > 0, "a notice that nobody answers");
  await agent.call("request_approval", { workflow_id: id });
  const done = await ended(agent, id);
  expect(phases(done), done.text).toMatchObject({ a: "applied" });
  // The notice of the approval, at least, is still being tried: nobody waited for it.
  if (how === "hangs") expect(bodies.length).toBeLessThanOrEqual(2);
});
