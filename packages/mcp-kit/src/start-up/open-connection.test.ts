import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { listTools } from "../catalog.ts";
import { fixture } from "../fixture/definition.ts";
import { serve } from "../sdk/sdk-stdio.ts";
import { StdioTransport } from "../stdio/stdio-transport.ts";
import { openConnection, type ServeBySdk } from "./open-connection.ts";

function opened() {
  const input = new PassThrough();
  const output = new PassThrough();
  const transport = new StdioTransport(input, output, 5000);
  const seen = { loads: 0, errors: [] as string[] };
  const { definition } = fixture();
  const load = async (): Promise<ServeBySdk> => (seen.loads++, (on, onerror) => serve(definition, on, onerror));
  openConnection({ ...definition, tools: listTools(definition) }, transport, (error) => seen.errors.push(error.message), load);
  const send = (message: object): boolean => input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return { input, output, transport, seen, send };
}

const progressToken = 1;
const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" }, _meta: { progressToken } },
};

test("the opening of Codex is answered without loading the SDK; the first call loads it once", async () => {
  const { input, output, transport, seen, send } = opened();
  send(initialize);
  send({ method: "notifications/initialized" });
  send({ id: 2, method: "tools/list", params: { _meta: { progressToken } } });
  await expect.poll(() => output.readableLength).toBeGreaterThan(1000);
  expect(seen.loads).toBe(0);
  for (const id of [3, 4, 5]) send({ id, method: "tools/call", params: { name: "list_things", arguments: {} } });
  input.end();
  await transport.ended;
  expect(seen).toEqual({ loads: 1, errors: [] });
  const ids = (output.read() as Buffer)
    .toString()
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: number }).id);
  expect(ids).toEqual([1, 2, 3, 4, 5]);
});

test("an SDK that cannot be loaded ends the connection and says so", async () => {
  const input = new PassThrough();
  const transport = new StdioTransport(input, new PassThrough(), 5000);
  const errors: string[] = [];
  openConnection(
    { ...fixture().definition, tools: [] },
    transport,
    (error) => errors.push(error.message),
    () => Promise.reject(new Error("chunk is gone")),
  );
  input.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_things" } })}\n`);
  expect(await transport.ended).toBe("closed");
  expect(errors).toEqual(["chunk is gone"]);
});
