import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { REPOSITORY } from "../support/mcp-client.ts";

// What others start with: ten tools of four fields by the SDKs of the protocol, each in one minified bundle, and what can be
// reached without any SDK.

const TOOLS = 10;

const BY_SDK_1 = `
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";
const server = new McpServer({ name: "peer", version: "1" });
for (let i = 0; i < ${TOOLS}; i += 1) server.registerTool("tool_" + i, {
  description: "One of ten tools.",
  inputSchema: { name: z.string().max(100), count: z.number().int().optional(), force: z.boolean().optional(), names: z.array(z.string()).optional() },
}, async () => ({ content: [{ type: "text", text: "done" }] }));
server.connect(new StdioServerTransport());
`;

const BY_SDK_2 = `
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
serveStdio(() => {
  const server = new McpServer({ name: "peer", version: "1" });
  for (let i = 0; i < ${TOOLS}; i += 1) server.registerTool("tool_" + i, {
    description: "One of ten tools.",
    inputSchema: z.object({ name: z.string().max(100), count: z.number().int().optional(), force: z.boolean().optional(), names: z.array(z.string()).optional() }),
  }, async () => ({ content: [{ type: "text", text: "done" }] }));
  return server;
});
`;

const BY_HAND = `
const tools = Array.from({ length: ${TOOLS} }, (_, i) => ({ name: "tool_" + i, description: "One of ten tools.", inputSchema: { type: "object" } }));
let text = "";
process.stdin.on("data", (chunk) => {
  text += chunk;
  for (let at = text.indexOf("\\n"); at >= 0; at = text.indexOf("\\n")) {
    const { id, method } = JSON.parse(text.slice(0, at));
    text = text.slice(at + 1);
    const result = method === "initialize" ? { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "peer", version: "1" } } : { tools };
    if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
  }
});
`;

/** Makes the peers in a folder; each with its name and its file. */
export async function makePeers(folder: string): Promise<{ name: string; file: string }[]> {
  const peers = [
    { name: "a line loop without an SDK", file: join(folder, "by-hand.cjs"), source: BY_HAND },
    { name: "MCP SDK 1.x, a bundle", file: join(folder, "sdk-1.cjs"), source: BY_SDK_1 },
    { name: "MCP SDK 2.x, a bundle", file: join(folder, "sdk-2.cjs"), source: BY_SDK_2 },
  ];
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }\n');
  for (const { file, source } of peers) {
    await build({
      stdin: { contents: source, resolveDir: REPOSITORY },
      outfile: file,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      minify: true,
      logLevel: "warning",
    });
  }
  return peers;
}
