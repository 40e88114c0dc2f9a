import { describe, expect, test } from "vitest";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { fixture } from "../fixture/definition.ts";
import { serve } from "../sdk/sdk-stdio.ts";
import { serveStdio } from "../stdio/serve-stdio.ts";
import type { ServerDefinition } from "../server-definition.ts";
import { StdioTransport } from "../stdio/stdio-transport.ts";
import { LEGACY_VERSIONS, MODERN_VERSION } from "./front.ts";

type Json = Record<string, any>;

/** What comes out for these messages: through our stdio path (front, then SDK), or through the SDK alone. */
async function answers(messages: Json[], through: "front" | "sdk", definition: ServerDefinition = fixture().definition): Promise<Json[]> {
  const input = new PassThrough();
  const output = new PassThrough();
  const transport = new StdioTransport(input, output, 5000);
  const ended =
    through === "front"
      ? serveStdio(definition, { input, output, signals: new EventEmitter() })
      : (serve(definition, transport, () => undefined), transport.ended);
  for (const message of messages) input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  input.end();
  await ended;
  const lines = (output.read() as Buffer | null)?.toString().trim().split("\n") ?? [];
  return lines.map((line) => JSON.parse(line) as Json).sort((a, b) => a.id - b.id);
}

const hello = (protocolVersion: string, extra: Json = {}): Json => ({
  id: 1,
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "c", version: "1" }, ...extra },
});
const ready: Json = { method: "notifications/initialized" };
const list: Json = { id: 2, method: "tools/list" };
const envelope = (extra: Json = {}): Json => ({
  _meta: {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "c", version: "1" },
    ...extra,
  },
});
const discover: Json = { id: 1, method: "server/discover", params: envelope() };
const listModern: Json = { id: 2, method: "tools/list", params: envelope() };
const call: Json = { id: 3, method: "tools/call", params: { name: "list_things", arguments: {} } };
const callModern: Json = { ...call, params: { ...call.params, ...envelope() } };

describe("the front answers as the SDK would", () => {
  test.each<[string, Json[]]>([
    ...[...LEGACY_VERSIONS, "1999-01-01", "2027-01-01"].map((version): [string, Json[]] => [
      `initialize ${version}`,
      [hello(version), ready, list],
    ]),
    ["a list before initialized", [hello("2025-11-25"), list]],
    ["a list with empty params", [hello("2025-11-25"), ready, { ...list, params: {} }]],
    ["a list with a cursor", [hello("2025-11-25"), ready, { ...list, params: { cursor: "x" } }]],
    ["a ping", [hello("2025-11-25"), ready, { id: 5, method: "ping" }, list]],
    ["a call after the list", [hello("2025-11-25"), ready, list, call]],
    ["a call and a list at once", [hello("2025-11-25"), ready, call, { ...list, id: 4 }]],
    ["a list first of all", [list]],
    ["a call first of all", [call]],
    ["initialize twice", [hello("2025-06-18"), ready, { ...hello("2025-11-25"), id: 9 }]],
    ["initialize with _meta", [hello("2025-06-18", { _meta: { x: 1 } }), ready, list]],
    [
      "progress tokens on everything, as Codex sends them",
      [hello("2025-06-18", { _meta: { progressToken: 0 } }), ready, { ...list, params: { _meta: { progressToken: 1 } } }],
    ],
    ["a progress token that is none", [hello("2025-06-18"), ready, { ...list, params: { _meta: { progressToken: {} } } }]],
    ["a modern list with a progress token", [{ ...listModern, params: envelope({ progressToken: "x" }) }]],
    ["a modern list with a log level", [{ ...listModern, params: envelope({ "io.modelcontextprotocol/logLevel": "loud" }) }]],
    [
      "capabilities of a wrong shape",
      [{ ...listModern, params: envelope({ "io.modelcontextprotocol/clientCapabilities": { elicitation: 5 } }) }],
    ],
    [
      "initialize with capabilities of a wrong shape",
      [{ id: 1, method: "initialize", params: { ...hello("2025-11-25").params, capabilities: { roots: true } } }],
    ],
    ["initialize without clientInfo", [{ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {} } }]],
    ["initialize as a notification", [{ method: "initialize", params: hello("2025-06-18").params }, list]],
    ["an unknown method", [hello("2025-11-25"), ready, { id: 7, method: "resources/list" }]],
    ["discover and list", [discover, listModern]],
    ["discover twice", [discover, { ...discover, id: 4 }, listModern]],
    ["a modern list first of all", [listModern]],
    ["a modern call after the list", [discover, listModern, callModern]],
    [
      "a modern list of another revision",
      [{ ...listModern, params: envelope({ "io.modelcontextprotocol/protocolVersion": "2031-01-01" }) }],
    ],
    [
      "a modern list without capabilities",
      [{ ...listModern, params: envelope({ "io.modelcontextprotocol/clientCapabilities": undefined }) }],
    ],
    ["discover, then initialize", [discover, { ...hello("2025-11-25"), id: 6 }, ready, list]],
    ["a modern list, then initialize", [listModern, { ...hello("2025-11-25"), id: 6 }]],
    ["initialize, then a modern list", [hello("2025-11-25"), ready, listModern]],
  ])("%s", async (_, messages) => {
    const expected = await answers(messages, "sdk");
    expect(expected.length).toBeGreaterThan(0);
    expect(await answers(messages, "front")).toEqual(expected);
  });

  test.each([{ title: "Fixture" }, { readOnly: true }, { toolsets: ["danger"] }, { instructions: "" }])(
    "also with %j",
    async (overrides) => {
      const { definition } = fixture(overrides);
      for (const messages of [
        [discover, listModern],
        [hello("2025-11-25"), list],
      ]) {
        expect(await answers(messages, "front", definition)).toEqual(await answers(messages, "sdk", definition));
      }
    },
  );
});
