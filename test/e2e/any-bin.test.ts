import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startBin } from "../support/bin.ts";
import { effects, newHome, writeProject, type TestHome } from "../support/home.ts";
import { FLUX_TELEPORT_BIN, startAgent, TERRAFORM_BIN, type Agent, type ServerProcess } from "../support/mcp-client.ts";
import { ended, startRun, statusWhen } from "../support/run.ts";

// Any bin decides any request of a data directory: a run of the one server by the command line of the other, and the other way round.

const run = promisify(execFile);
let home: TestHome;
let key: string;
const agents: Agent[] = [];

beforeAll(async () => {
  home = await newHome({ config: "{}" });
  key = join(home.project, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const signers = join(home.project, "allowed_signers");
  await writeFile(signers, `ada ${await readFile(`${key}.pub`, "utf8")}`);
  await writeFile(
    home.configFile,
    JSON.stringify({
      remote: { clusters: { here: { transport: "local" } } },
      environments: [{ name: "all", match: { config_paths: ["**"], clusters: ["here"] }, channels: ["signed"] }],
      approvals: { signed: { allowed_signers: signers, required: 1 } },
    }),
  );
});
afterEach(async () => void (await Promise.all(agents.splice(0).map((agent) => agent.close()))));
afterAll(() => home?.remove());

async function agentOf(bin: string, options: Partial<ServerProcess> = {}): Promise<Agent> {
  const agent = await startAgent({ bin, roots: [], home: home.home, env: home.env, cwd: home.project, ...options });
  agents.push(agent);
  return agent;
}

const bin = (path: string, args: readonly string[]) => startBin(args, { bin: path, cwd: home.project, env: home.env }).ended;

test("flux-teleport-mcp decides about a run of terraform, which goes on by itself", async () => {
  await writeProject(home.project, [{ name: "a" }]);
  const agent = await agentOf(TERRAFORM_BIN, { roots: [home.project] });
  const wait = async (): Promise<{ id: string; approval: string }> => {
    const id = await startRun(agent);
    const { data } = await statusWhen(agent, id, ({ phase }) => phase === "awaiting_approval");
    return { id, approval: data["approval"].id as string };
  };

  const rejected = await wait();
  expect((await bin(FLUX_TELEPORT_BIN, ["approvals"])).stdout).toContain(rejected.approval);
  expect(await bin(FLUX_TELEPORT_BIN, ["reject", rejected.approval, "--key", key])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/rejected by key:.*\nIt is kept; the worker of the terraform server hands it to terraform-/),
  });
  expect((await ended(agent, rejected.id)).data["phase"]).toBe("rejected");
  expect(await effects(home.project, "a")).toBe(0);

  const approved = await wait();
  expect(await bin(FLUX_TELEPORT_BIN, ["approve", approved.approval, "--key", key])).toMatchObject({ code: 0 });
  const done = await ended(agent, approved.id);
  expect(done.data["phase"], done.text).toBe("completed");
  expect(await effects(home.project, "a")).toBe(1);
  // Sent once more by the bin that speaks with runs: the same answer, and nothing happens twice.
  expect(await bin(TERRAFORM_BIN, ["approve", approved.approval])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("approved: a"),
  });
  expect(await effects(home.project, "a")).toBe(1);
});

test("terraform-mcp decides about a command on a machine, which the agent's next equal call runs, once", async () => {
  const agent = await agentOf(FLUX_TELEPORT_BIN);
  const command = { cluster: "here", command: "echo it-ran" };
  const asked = await agent.call("run_remote_command", command);
  expect(asked.data, asked.text).toMatchObject({ status: "awaiting_approval", stdout: "" });
  expect(await bin(TERRAFORM_BIN, ["approve", asked.data["approval"], "--key", key])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("The agent's next equal call runs it, once"),
  });
  expect((await agent.call("run_remote_command", command)).data).toMatchObject({ success: true, stdout: "it-ran\n" });
  expect((await agent.call("run_remote_command", command)).data).toMatchObject({ status: "awaiting_approval" });
});
