import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { Redactor } from "@platform-ops/ledger";
import { expect, test } from "vitest";
import { z } from "zod";
import { registerTools } from "./sdk-v1.ts";
import { toolsFor } from "./tool.ts";

const look = toolsFor<object>()({
  name: "look",
  title: "Look",
  description: "Looks.",
  effect: "read",
  toolset: "x",
  input: z.strictObject({ at: z.string().optional() }),
  run: async () => ({ text: "seen", data: { seen: true } }),
});

test("on a host of the older SDK, requests count as they arrive on a wire: without the keys that a client leaves out", async () => {
  const host = new McpServer({ name: "host", version: "1.0.0" });
  registerTools(host, {
    name: "x",
    version: "1.0.0",
    instructions: "",
    tools: [look],
    deps: {},
    redactor: new Redactor(),
    audit: { append: async () => undefined, read: async () => [] },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    user: "ann",
    stateKey: Buffer.alloc(32),
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await host.connect(theirs);
  const ask = (id: number, method: string, params?: object): Promise<any> =>
    new Promise((resolve, reject) => {
      ours.onmessage = resolve;
      const message = JSON.parse(JSON.stringify({ jsonrpc: "2.0", id, method, params })) as JSONRPCMessage;
      ours.send(message).catch(reject);
    });
  await ours.start();
  await ask(1, "initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } });
  expect((await ask(2, "tools/list")).result.tools.map(({ name }: { name: string }) => name)).toEqual(["look"]);
  expect((await ask(3, "tools/call", { name: "look" })).result.structuredContent).toEqual({ seen: true });
  await host.close();
});
