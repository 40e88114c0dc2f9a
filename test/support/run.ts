import { expect } from "vitest";
import { newHome, type TestHome } from "./home.ts";
import { startAgent, type Agent, type ServerProcess, type ToolAnswer } from "./mcp-client.ts";

/** A home and the clients that were started on it. */
export interface Session {
  readonly home: TestHome;
  /** One more client; its person approves what is asked, unless `person` says otherwise. */
  connect(options?: Partial<ServerProcess>): Promise<Agent>;
  remove(): Promise<void>;
}

/** Opens one. `config` is the operator's file as YAML text. */
export async function openSession(config: string): Promise<Session> {
  const home = await newHome({ config });
  const agents: Agent[] = [];
  return {
    home,
    async connect(options = {}) {
      const agent = await startAgent({
        roots: [home.project],
        home: home.home,
        person: () => ({ action: "accept", content: { decision: "approve" } }),
        ...options,
        env: { ...home.env, ...options.env },
      });
      agents.push(agent);
      return agent;
    },
    async remove() {
      await Promise.all(agents.splice(0).map((agent) => agent.close().catch(() => undefined)));
      await home.remove();
    },
  };
}

/** Starts a run and returns its id. */
export async function startRun(agent: Agent, args: Record<string, unknown> = { config_path: "infra.yaml" }): Promise<string> {
  const started = await agent.call("execute_workflow", args);
  expect(started.isError, started.text).toBe(false);
  return started.data["workflow_id"] as string;
}

/** The status once `look` is satisfied; fails after two minutes. */
export async function statusWhen(agent: Agent, workflow_id: string, look: (data: Record<string, any>) => boolean): Promise<ToolAnswer> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 1 });
    if (!status.isError && look(status.data)) return status;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${status.text}`);
  }
}

/** The status once the run has ended. */
export async function ended(agent: Agent, workflow_id: string): Promise<ToolAnswer> {
  return await statusWhen(agent, workflow_id, (data) => data["open"] === false);
}

/** `{a: "applied", b: "skipped"}`. */
export function phases(status: ToolAnswer): Record<string, string> {
  return Object.fromEntries((status.data["workspaces"] as { name: string; phase: string }[]).map((w) => [w.name, w.phase]));
}

/** One workspace of a status. */
export function workspace(
  status: ToolAnswer,
  name: string,
): { phase: string; because?: string; error?: { code: string; message: string; hint?: string }; counts?: Record<string, number> } {
  return status.data["workspaces"].find((w: { name: string }) => w.name === name);
}
