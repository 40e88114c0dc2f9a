import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBuilt } from "../run-built.ts";
import { childEnv, startAgent, TERRAFORM_BIN, REPOSITORY, type Agent, type ToolAnswer } from "../../test/support/mcp-client.ts";
import { answerAsAPerson } from "./person.ts";
import { call, drawDag, heading, say, show, type DrawnWorkspace } from "./screen.ts";

// The main job, as an agent does it: a real MCP client over stdio, the built server, a real Temporal, real terraform.
// The demo plays two parts that are never one in use: the agent that calls tools, and the person who answers the form.

const keep = process.argv.includes("--keep");

async function main(): Promise<void> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-demo-")));
  const project = join(folder, "three-tier");
  const home = join(folder, "home");
  await cp(join(REPOSITORY, "examples/three-tier"), project, { recursive: true });
  const env = { PLATFORM_OPS_HOME: home };
  heading("Set-up of a fresh data directory");
  await runBuilt(TERRAFORM_BIN, ["setup"], env, show);
  const agent = await startAgent({ roots: [project], home, cwd: project, clientName: "demo", person: answerAsAPerson });
  try {
    await job(agent, project);
    const entry = { command: process.execPath, args: [TERRAFORM_BIN, "--root", "/path/to/your/infrastructure"] };
    heading("To use it yourself");
    show(`Zed (settings.json):\n${JSON.stringify({ context_servers: { terraform: entry } }, null, 2)}`);
    show(`Claude Code:\nclaude mcp add terraform -- ${entry.command} ${entry.args.join(" ")}`);
  } finally {
    await agent.close();
    if (keep) {
      heading("Kept");
      show(`Temporal's page: ${await keepPage(env)}`);
      say(`Data directory: ${home}\nStop all of it with: PLATFORM_OPS_HOME=${home} node ${TERRAFORM_BIN} supervisor stop`);
    } else {
      await runBuilt(TERRAFORM_BIN, ["supervisor", "stop"], env, () => undefined);
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    }
  }
}

async function job(agent: Agent, project: string): Promise<void> {
  heading("1. What is there");
  const listed = await ask(agent, "list_workflows", { config_path: "infra.yaml" });
  const workspaces = listed.data["workflows"][0].configured_workspaces as { name: string; dependsOn: string[] }[];
  show(drawDag(workspaces.map((w) => ({ name: w.name, needs: w.dependsOn, phase: "" }))));

  heading("2. What would change: a run that only plans");
  const planOnly = await run(agent, {
    config: { workspaces: workspaces.map((w) => ({ name: w.name, operations: ["init", "validate", "plan"] })) },
    config_path: "infra.yaml",
  });
  show((await ask(agent, "get_plan", { workflow_id: planOnly.data["workflow_id"] })).text);
  say("Workspaces whose inputs are not known yet are deferred: there is nothing honest to plan them with.");

  heading("3. Apply, with a person in between");
  say("From here the demo plays the person too. In use, the form appears in the client and only a person answers it.");
  const applied = await run(agent, { config_path: "infra.yaml" });
  show(drawDag(applied.data["workspaces"] as DrawnWorkspace[]));
  show((await ask(agent, "get_outputs", { workflow_id: applied.data["workflow_id"] })).text);

  heading("4. Again: nothing to do");
  const again = await run(agent, { config_path: "infra.yaml" });
  say(`phase ${again.data["phase"]}: ${again.data["reason"] ?? ""}`);

  heading("5. Somebody edits a managed file by hand");
  say(`changed: ${await drift(project)}`);
  const drifted = await run(agent, {
    config: { workspaces: workspaces.map((w) => ({ name: w.name, operations: ["init", "validate", "plan"] })) },
    config_path: "infra.yaml",
  });
  show((await ask(agent, "get_plan", { workflow_id: drifted.data["workflow_id"] })).text);

  heading("6. Take it away again: all of it planned and asked for at once, dependents first");
  await run(agent, { config_path: "infra.yaml", only: workspaces.map((w) => w.name) }, "destroy_workspaces");

  heading("The DAG, with times");
  show(drawDag(applied.data["workspaces"] as DrawnWorkspace[]));
}

/** Starts a run and follows it to its end; asks the person whenever it waits for one. */
async function run(agent: Agent, args: Record<string, unknown>, tool = "execute_workflow"): Promise<ToolAnswer> {
  const started = await ask(agent, tool, args);
  const workflow_id = started.data["workflow_id"] as string;
  for (;;) {
    const status = await ask(agent, "get_workflow_status", { workflow_id, wait_seconds: 30 });
    const phases = (status.data["workspaces"] as { name: string; phase: string }[]).map((w) => `${w.name} ${w.phase}`);
    say(`${status.data["phase"]}: ${phases.join(", ")}`);
    if (status.data["open"] !== true) {
      if (status.data["phase"] !== "completed") throw new Error(`the run ended as ${status.data["phase"]}\n${status.text}`);
      return status;
    }
    if (status.data["phase"] === "awaiting_approval") await ask(agent, "request_approval", { workflow_id });
  }
}

async function ask(agent: Agent, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  call(name, args);
  const answer = await agent.call(name, args);
  if (answer.isError) throw new Error(`${name} failed: ${answer.text}`);
  return answer;
}

/** Starts Temporal's page in a process of its own, which ends with Temporal; returns its address. */
function keepPage(env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [TERRAFORM_BIN, "ui"], {
    env: { ...childEnv(), ...env },
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the page ended with ${code}`)));
    child.stdout.once("data", (chunk: Buffer) => {
      child.removeAllListeners();
      child.stdout.destroy();
      child.unref();
      resolve(chunk.toString().trim());
    });
  });
}

/** Changes one managed file by hand and says which. */
async function drift(project: string): Promise<string> {
  const files = (await readdir(project, { recursive: true })).filter((file) => /(^|\/)built\//.test(file) && !file.endsWith("/"));
  const [file] = files.sort();
  if (file === undefined) throw new Error("the example made no file to change");
  const path = join(project, file);
  await writeFile(path, `${await readFile(path, "utf8")}# edited by hand\n`);
  return file;
}

// `npm run demo -- flux` and `npm run demo -- runbook` show the other servers.
if (process.argv.includes("flux")) await (await import("./flux.ts")).fluxDemo();
else if (process.argv.includes("runbook")) await (await import("./runbook.ts")).runbookDemo();
else await main();
