// An MCP server that a runbook calls: a platform whose every change is a line of the file `effects`, so that what really happened
// can be counted, whatever anybody says. Plain JSON-RPC over stdio: it stands for a server that is none of ours.
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [folder = "."] = process.argv.slice(2);
const file = join(folder, "effects");
const lines = () => {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
};
const happened = (line) => lines().includes(line);
/** What takes a while after it has happened: a kill then finds it done, and nobody told. */
const SLOW_MS = Number(process.argv[3] ?? 0);
const change = async (line, output, isSlow = false) => {
  appendFileSync(file, `${line}\n`);
  if (isSlow) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  return output;
};

const tools = {
  health: () => ({ healthy: true }),
  page: ({ text }) => change(`page ${text}`, { paged: true }),
  status: ({ text }) => change(`status ${text}`, { posted: true }),
  mitigate: ({ service, mitigation, target }) => change(`mitigate ${service} ${mitigation} ${target}`, { state: "done" }, true),
  mitigation_status: ({ service, mitigation }) => ({
    state: lines().some((line) => line.startsWith(`mitigate ${service} ${mitigation} `)) ? "done" : "absent",
  }),
  apply: ({ service, version, environment }) =>
    change(`apply ${service} ${version} ${environment}`, { applied: true }, environment === "production"),
  smoke_test: () => ({ passed: true, report: "all is well" }),
  plan: ({ service, version }) => ({ plan_id: "p-1", previous: "1.0", effects: [{ service, version }] }),
  deployed: ({ service, environment }) => ({ version: happened(`apply ${service} 2.0 ${environment}`) ? "2.0" : "1.0" }),
  error_ratio: () => ({ value: 0 }),
};

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "counting-platform", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({
    tools: Object.keys(tools).map((name) => ({
      name,
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: !["page", "status", "mitigate", "apply"].includes(name) },
    })),
  }),
  "tools/call": async ({ name, arguments: given = {} }) => {
    const structuredContent = await tools[name](given);
    return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
  },
};

createInterface({ input: process.stdin })
  .on("line", async (text) => {
    const { id, method, params = {} } = JSON.parse(text);
    if (id === undefined) return;
    const answer = answers[method];
    const said = answer === undefined ? { error: { code: -32601, message: "no such method" } } : { result: await answer(params) };
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said })}\n`);
  })
  .on("close", () => process.exit(0));
