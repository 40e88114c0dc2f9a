import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { writeProject } from "../support/home.ts";
import { startAgent, type Agent } from "../support/mcp-client.ts";
import type { PublishedBin } from "../support/published-bins.ts";

// What goes on at the same time, each again and again until it is stopped. Each resolves to how often it was done.

/** A loop, and what it is called. */
export interface Load {
  readonly name: string;
  run(signal: AbortSignal): Promise<number>;
}

function again(name: string, once: (round: number) => Promise<void>, restMs: number): Load {
  return {
    name,
    async run(signal) {
      let rounds = 0;
      for (; !signal.aborted; rounds += 1) {
        await once(rounds).catch((error: unknown) => {
          throw new Error(`${name}, round ${rounds}: ${error instanceof Error ? error.message : String(error)}`);
        });
        await sleep(restMs, undefined, { signal }).catch(() => undefined);
      }
      return rounds;
    },
  };
}

async function ask(agent: Agent, tool: string, args: Record<string, unknown> = {}): Promise<Record<string, any>> {
  const { data, isError, text } = await agent.call(tool, args);
  if (isError) throw new Error(`${tool}: ${text.slice(0, 500)}`);
  return data;
}

/** Two workspaces, planned and applied; every other time something has changed. The operator's rule approves. */
export function terraformRuns(agent: Agent, project: string): Load {
  return again(
    "terraform runs",
    async (round) => {
      const more = `output "round" { value = "${Math.floor(round / 2)}" }`;
      await writeProject(project, [
        { name: "network", more },
        { name: "service", needs: ["network"] },
      ]);
      const { workflow_id } = await ask(agent, "execute_workflow", { config_path: "infra.yaml" });
      for (let open = true; open;) {
        const status = await ask(agent, "get_workflow_status", { workflow_id, wait_seconds: 30 });
        open = status["open"] === true;
        if (!open && status["phase"] !== "completed") throw new Error(`the run ended as ${status["phase"]}`);
      }
    },
    500,
  );
}

/** A runbook of one step for an agent. */
export const RUNBOOK = `
schema: meta-workflow/v1
id: look-after-it
name: Look after it
version: 1.0.0
status: active
inputs: { what: string }
steps:
  - id: look
    type: prompt
    instructions: Look at \${{ inputs.what }}
    result: { found: string }
output: { found: "\${{ steps.look.output.found }}" }
`;

/** Runs of a runbook, from their start to their end. */
export function runbookRuns(agent: Agent): Load {
  return again(
    "runbooks",
    async (round) => {
      const workflow_id = `soak-${process.pid}-${round}`;
      const { action } = await ask(agent, "start_workflow", {
        workflow_name: "look-after-it",
        workflow_id,
        inputs: { what: `thing ${round}` },
      });
      const { action_id, attempt } = action as { action_id: string; attempt: { id: string } };
      const { status } = await ask(agent, "submit_result", {
        workflow_id,
        action_id,
        attempt_id: attempt.id,
        result: { found: "nothing" },
      });
      if (status !== "completed") throw new Error(`the run is ${status}`);
    },
    500,
  );
}

/** A read tool that works on a machine on which nothing is connected. */
export const READS: Readonly<Record<string, string>> = {
  terraform: "list_runs",
  "flux-teleport": "list_environments",
  "meta-workflows": "list_meta_workflows",
};

/** A client over HTTP that connects, reads a few times and leaves. */
export function httpReads(published: PublishedBin, url: string, token: string, era: "legacy" | "modern"): Load {
  const mode = era === "legacy" ? "legacy" : { pin: "2026-07-28" };
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  return again(
    `${published.server} over http, ${era}`,
    async () => {
      const client = new Client({ name: "soak", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
      try {
        for (let call = 0; call < 5; call += 1) {
          await client.listTools();
          const { isError, content } = (await client.callTool({ name: READS[published.server]!, arguments: {} })) as {
            isError?: boolean;
            content: object;
          };
          if (isError) throw new Error(JSON.stringify(content).slice(0, 500));
          await sleep(100);
        }
      } finally {
        await client.close();
      }
    },
    200,
  );
}

/** Clients that break off in the middle of a request. */
export function brokenOff(name: string, url: string): Load {
  const port = Number(new URL(url).port);
  return again(
    `${name}: clients that leave`,
    async () => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => undefined);
      socket.write("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{");
      await sleep(50);
      socket.destroy();
    },
    200,
  );
}

/** Servers over stdio that are started, asked and ended, as clients do it all day. */
export function comesAndGoes(
  published: PublishedBin,
  options: { home: string; project: string; env: Readonly<Record<string, string>> },
): Load {
  return again(
    `${published.server} over stdio, started and ended`,
    async (round) => {
      const { home, project, env } = options;
      const era = round % 2 === 0 ? "legacy" : "modern";
      const roots = published.server === "terraform" ? [project] : [];
      const agent = await startAgent({ bin: published.bin, home, env, cwd: project, roots, era });
      try {
        await ask(agent, READS[published.server]!);
      } finally {
        await agent.close();
      }
    },
    3000,
  );
}
