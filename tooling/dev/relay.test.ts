import { EventEmitter } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { relay } from "./relay.ts";

// A server of a few lines: it answers with its version, needs an initialize, never answers "hang", and dies on "crash".
const server = (version: number): string => `
let open = false;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "initialize") open = true;
  if (method === "crash") process.exit(7);
  if (id !== undefined && method !== "hang") console.log(JSON.stringify({ jsonrpc: "2.0", id, result: { version: ${version}, open } }));
}).on("close", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
`;

let folder: string;
let input: PassThrough;
let signals: EventEmitter;
let said: string;
let log: string[];
let ended: Promise<number>;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-relay-")));
  writeFileSync(join(folder, "server.cjs"), server(1));
  [input, signals, said, log] = [new PassThrough(), new EventEmitter(), "", []];
  const output = new PassThrough();
  output.setEncoding("utf8").on("data", (text: string) => (said += text));
  ended = relay({
    command: [process.execPath, join(folder, "server.cjs")],
    cwd: folder,
    watch: [folder],
    input,
    output,
    log: (line) => log.push(line),
    signals,
  });
});
afterEach(async () => {
  input.end();
  await ended;
  rmSync(folder, { recursive: true });
});

const send = (id: number, method: string): void => void input.write(`${JSON.stringify({ jsonrpc: "2.0", id, method })}\n`);
const messages = (): any[] =>
  said
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const answer = async (id: number): Promise<any> => {
  await expect.poll(() => messages().find((message) => message.id === id), { timeout: 10_000 }).toBeTruthy();
  return messages().find((message) => message.id === id);
};
/** Saves a source: the restart is asked for by its name, the new code is that of the server. */
function save(version: number): void {
  writeFileSync(join(folder, "server.cjs"), server(version));
  writeFileSync(join(folder, "source.ts"), "");
}

test("a client stays connected over a change: its opening is said again, and answered once", async () => {
  send(0, "initialize");
  expect((await answer(0)).result).toEqual({ version: 1, open: true });
  save(2);
  await expect.poll(() => log, { timeout: 10_000 }).toContain("source.ts changed; restarting");
  await expect
    .poll(
      async () => {
        const id = 100 + messages().length;
        send(id, "ping");
        return (await answer(id)).result;
      },
      { timeout: 10_000 },
    )
    .toEqual({ version: 2, open: true });
  expect(messages().filter((message) => message.id === 0)).toHaveLength(1);
});

test("a request that a restart cuts off is answered, with what is not known", async () => {
  send(0, "initialize");
  await answer(0);
  send(1, "hang");
  save(2);
  expect((await answer(1)).error.message).toContain("whether the call took effect is not known");
});

test("a server that died says so to each request, and lives again after a change", async () => {
  send(0, "initialize");
  await answer(0);
  send(1, "crash");
  expect((await answer(1)).error.message).toContain("restarted before it answered");
  await expect.poll(() => log).toContain("the server ended with 7; it starts again when a source changes");
  send(2, "ping");
  expect((await answer(2)).error.message).toContain("does not run");
  save(2);
  await expect.poll(() => log).toContain("source.ts changed; restarting");
  await expect
    .poll(
      async () => {
        const id = 100 + messages().length;
        send(id, "ping");
        return (await answer(id)).result;
      },
      { timeout: 10_000 },
    )
    .toEqual({ version: 2, open: true });
});

test("ends with its client, and by a signal", async () => {
  send(0, "initialize");
  await answer(0);
  signals.emit("SIGTERM");
  expect(await ended).toBe(0);
});
