import { mkdir, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startHttp } from "../support/http-server.ts";
import { TERRAFORM_BIN } from "../support/mcp-client.ts";
import { quantile, report } from "./measure.ts";

const CLIENTS = 300;
/** Each client has a token of its own, as people do. */
const TOKENS = 20;
const SECONDS = 10;

interface Round {
  readonly ms: readonly number[];
  readonly errors: number;
  readonly seconds: number;
}

/**
 * 300 clients, each on a connection of its own, call a read tool of the built terraform server: each once a second, and then each
 * without a pause, in both protocol eras. The clients share the machine's processors with the server.
 */
export async function benchHttp(scratch: string): Promise<void> {
  const folder = join(scratch, "http");
  await mkdir(join(folder, "network"), { recursive: true });
  await writeFile(join(folder, "network/main.tf"), "");
  await writeFile(join(folder, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
  const config = join(folder, "config.yaml");
  // Every call is paid for by one of few tokens: the limit of each is not what is measured.
  await writeFile(
    config,
    JSON.stringify({ http: { limits: { requests_per_second: 100_000, burst: 100_000 } }, logging: { level: "warn" } }),
    { mode: 0o600 },
  );
  const env = { PLATFORM_OPS_HOME: join(folder, "home"), PLATFORM_OPS_CONFIG: config };
  const server = await startHttp({ bin: TERRAFORM_BIN, cwd: folder, env, args: ["--root", folder] });
  try {
    const tokens: string[] = [];
    for (let at = 0; at < TOKENS; at++) tokens.push(await server.token("--principal", `client-${at}`));
    for (const era of ["2026-07-28", "2025-11-25"] as const) {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, at) => clientOf(server.url, tokens[at % TOKENS]!, era)));
      await round(clients, 0, 2);
      const paced = await round(clients, 1_000, SECONDS);
      tell(`${CLIENTS} clients, a call a second each (${era})`, paced, "0 errors, p99 ≤ 50 ms");
      const pressed = await round(clients, 0, SECONDS);
      tell(`${CLIENTS} clients without a pause (${era})`, pressed, "0 errors");
      for (const client of clients) client.close();
    }
  } finally {
    await server.end();
  }
}

function tell(what: string, { ms, errors, seconds }: Round, aim: string): void {
  const figures = [
    `p50 ${quantile(ms, 0.5).toFixed(1)}`,
    `p99 ${quantile(ms, 0.99).toFixed(1)} ms`,
    `${(ms.length / seconds).toFixed(0)}/s`,
    `${errors} errors`,
  ];
  report(what, figures.join(", "), aim);
}

interface Client {
  /** One call of the read tool; false where it was not answered well. */
  call(): Promise<boolean>;
  close(): void;
}

/** All clients call for some seconds; with a pause, each at its own moment of it. */
async function round(clients: readonly Client[], pauseMs: number, seconds: number): Promise<Round> {
  const ms: number[] = [];
  let errors = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    clients.map(async (client, at) => {
      if (pauseMs > 0) await sleep((pauseMs * at) / clients.length);
      for (let next = performance.now(); next < end; next += pauseMs) {
        if (pauseMs > 0) await sleep(Math.max(0, next - performance.now()));
        else next = performance.now();
        const called = performance.now();
        if (!(await client.call())) errors += 1;
        ms.push(performance.now() - called);
      }
    }),
  );
  return { ms, errors, seconds: (performance.now() - began) / 1000 };
}

async function clientOf(url: string, token: string, era: "2026-07-28" | "2025-11-25"): Promise<Client> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": era,
  };
  const params: Record<string, unknown> = { name: "list_workflows", arguments: { config_path: "infra.yaml" } };
  if (era === "2026-07-28") {
    Object.assign(headers, { "mcp-method": "tools/call", "mcp-name": "list_workflows" });
    params["_meta"] = {
      "io.modelcontextprotocol/protocolVersion": era,
      "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
  } else {
    const opened = await post(url, agent, headers, {
      id: 0,
      method: "initialize",
      params: { protocolVersion: era, capabilities: {}, clientInfo: { name: "bench", version: "1" } },
    });
    headers["mcp-session-id"] = String(opened.session);
    await post(url, agent, headers, { method: "notifications/initialized" });
  }
  let id = 0;
  return {
    async call() {
      const { status, text } = await post(url, agent, headers, { id: (id += 1), method: "tools/call", params }).catch(() => ({
        status: 0,
        text: "",
      }));
      return status === 200 && text.includes('"structuredContent"') && !text.includes('"isError"');
    },
    close: () => agent.destroy(),
  };
}

function post(
  url: string,
  agent: Agent,
  headers: Record<string, string>,
  message: object,
): Promise<{ status: number; text: string; session: unknown }> {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers: { ...headers, "content-length": Buffer.byteLength(body) } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text, session: answer.headers["mcp-session-id"] }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
