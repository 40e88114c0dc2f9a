import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleOptions } from "../bundling.ts";
import { LineSplitter, MAX_MESSAGE_BYTES } from "./json-lines.ts";

// A process of our own, bundled as a published server is.
let folder: string;
let server: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-kit-"));
  server = join(folder, "server.cjs");
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  await build({
    entryPoints: [here("../fixture/main.ts")],
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: server,
    conditions: ["platform-ops-source"],
    logLevel: "error",
    ...bundleOptions,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

interface Started {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly stderr: () => string;
  send(message: unknown): void;
  answer(id: number): Promise<any>;
  exit(): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;
}

function start(): Started {
  const child = spawn(process.execPath, [server], { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const lines: string[] = [];
  const splitter = new LineSplitter();
  let stderr = "";
  child.stdout!.on("data", (chunk: Buffer) => lines.push(...splitter.push(chunk)));
  child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin!.on("error", () => undefined);
  return {
    child,
    lines,
    stderr: () => stderr,
    send: (message) =>
      void child.stdin!.write(typeof message === "string" ? message : `${JSON.stringify({ jsonrpc: "2.0", ...(message as object) })}\n`),
    answer: async (id) => {
      const found = () => lines.map((line) => JSON.parse(line)).find((message) => message.id === id);
      await expect.poll(found, { timeout: 10_000 }).toBeTruthy();
      return found();
    },
    exit: async () => {
      const began = performance.now();
      const [code, signal] =
        child.exitCode === null && child.signalCode === null ? await once(child, "exit") : [child.exitCode, child.signalCode];
      return { code, signal, ms: performance.now() - began };
    },
  };
}

const call = (id: number, name: string, args: unknown = {}): object => ({ id, method: "tools/call", params: { name, arguments: args } });

describe("the end of a server", () => {
  test("at the end of input, with nothing in flight, is clean", async () => {
    const { child, send, answer, exit, stderr } = start();
    send(call(1, "list_things"));
    await answer(1);
    child.stdin!.end();
    expect(await exit()).toMatchObject({ code: 0 });
    expect(stderr()).toBe("");
  });

  test("at the end of input answers what was asked before", async () => {
    const { child, lines, exit } = start();
    child.stdin!.end(
      `${JSON.stringify({ jsonrpc: "2.0", ...call(1, "list_things") })}\n${JSON.stringify({ jsonrpc: "2.0", ...call(2, "start_thing", { name: "a" }) })}`,
    );
    expect(await exit()).toMatchObject({ code: 0 });
    expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([1, 2]);
  });

  // The bound is the promise of two seconds, not a measurement: what is in flight here would take a minute.
  test.each(["eof", "SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s does not wait for a call in flight", async (how) => {
    const { child, send, answer, exit } = start();
    send(call(1, "list_things"));
    await answer(1);
    send(call(2, "show_failure", { how: "never" }));
    send(call(3, "list_things"));
    await answer(3);
    if (how === "eof") child.stdin!.end();
    else child.kill(how);
    const { code, ms } = await exit();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2000);
  });

  test("by SIGINT and then SIGTERM, as Claude ends a server, is clean", async () => {
    const { child, send, answer, exit } = start();
    send(call(1, "list_things"));
    await answer(1);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await exit()).toMatchObject({ code: 0, signal: null });
  });

  test("by a signal before anything was said is clean", async () => {
    const { child, exit, send, answer } = start();
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "c", version: "1" } },
    });
    await answer(1);
    child.kill("SIGTERM");
    expect(await exit()).toMatchObject({ code: 0 });
  });

  test("when nobody reads its output any more", async () => {
    const { child, send, answer, exit } = start();
    send(call(1, "list_things"));
    await answer(1);
    child.stdout!.destroy();
    send(call(2, "list_things"));
    send(call(3, "list_things"));
    expect(await exit()).toMatchObject({ code: 0 });
  });

  test("by a message over 10 MB says so and exits with 1", async () => {
    const { send, exit, stderr } = start();
    send(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"start_thing","arguments":{"name":"${"x".repeat(MAX_MESSAGE_BYTES)}"}}}\n`,
    );
    expect(await exit()).toMatchObject({ code: 1 });
    expect(stderr()).toContain("too_large: a message on stdin was larger than 10 MB");
  });

  test("a message just under the limit is refused in words, and the server lives", async () => {
    const { send, answer } = start();
    send(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"start_thing","arguments":{"name":"${"x".repeat(MAX_MESSAGE_BYTES - 500)}"}}}\n`,
    );
    expect((await answer(1)).result.structuredContent.error.details.problems[0].message).toBe("must have at most 40 characters");
    send(call(2, "list_things"));
    expect((await answer(2)).result.isError).toBeUndefined();
  });
});

describe("what stands on stdin", () => {
  test("a bare call before any handshake is served", async () => {
    const { send, answer } = start();
    send(call(1, "list_things", { config_path: "infra.yaml" }));
    expect((await answer(1)).result.structuredContent.names).toEqual(["a", "b"]);
  });

  test("garbage, blank lines, wrong shapes and CRLF neither end it nor reach stdout", async () => {
    const { send, answer, lines, stderr } = start();
    send("not json\n\n\r\n[1,2]\n42\n\u0000\u0001\n{}\n");
    send(`{"id":7,"method":"tools/list"}\n`);
    send(`{"jsonrpc":"2.0","id":8,"method":"tools/list","params":[1]}\n`);
    send(`${JSON.stringify({ jsonrpc: "2.0", ...call(9, "list_things") })}\r\n`);
    await answer(9);
    expect((await answer(7)).error.code).toBe(-32600);
    expect((await answer(8)).error.code).toBe(-32600);
    expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([7, 8, 9]);
    expect(
      stderr()
        .trim()
        .split("\n")
        .every((line) => JSON.parse(line).level === "warn"),
    ).toBe(true);
  });

  test.each<[string, string, RegExp]>([
    ["_meta is no object", `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":5}}`, /_meta is an object/],
    ["a progress token is a list", `{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"progressToken":[]}}}`, /progressToken/],
    ["an id is a fraction", `{"jsonrpc":"2.0","id":7.5,"method":"tools/list"}`, /an id is a text or a whole number/],
    ["initialize says nothing", `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}`, /params\.protocolVersion/],
    [
      "initialize says it wrongly",
      `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":5},"clientInfo":{"name":"c","version":"1"}}}`,
      /params\.capabilities\.roots/,
    ],
  ])("a request is refused in words of ours, and not left without an answer: %s", async (_, line, words) => {
    const { send, lines, answer } = start();
    send(`${line}\n`);
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(1);
    const { error } = JSON.parse(lines[0]!);
    expect([-32600, -32602]).toContain(error.code);
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/[[{]/);
    send(call(9, "list_things"));
    expect((await answer(9)).result.isError).toBeUndefined();
  });

  test("a message in pieces, and many in one piece", async () => {
    const { child, send, answer } = start();
    const text = JSON.stringify({ jsonrpc: "2.0", ...call(1, "list_things", { config_path: "ä".repeat(50) }) });
    const bytes = Buffer.from(`${text}\n`);
    for (let at = 0; at < bytes.length; at += 7) child.stdin!.write(bytes.subarray(at, at + 7));
    expect((await answer(1)).result.isError).toBeUndefined();
    send([2, 3, 4].map((id) => `${JSON.stringify({ jsonrpc: "2.0", ...call(id, "list_things") })}\n`).join(""));
    for (const id of [2, 3, 4]) expect((await answer(id)).result).toBeTruthy();
  });

  test("what libraries print goes to stderr", async () => {
    const { send, answer, lines, stderr } = start();
    send(call(1, "show_failure", { how: "chatty" }));
    await answer(1);
    expect(lines).toHaveLength(1);
    expect(stderr()).toContain("a library that prints\nand prints");
  });

  test("a stray rejection is logged, masked, and the server lives", async () => {
    const { send, answer, stderr } = start();
    send(call(1, "show_failure", { how: "stray" }));
    await answer(1);
    send(call(2, "list_things"));
    expect((await answer(2)).result.isError).toBeUndefined();
    expect(stderr()).toContain("stray [redacted]");
  });

  test("a hundred thousand levels of nesting are refused, and the server lives", async () => {
    const { send, answer } = start();
    send(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_things","arguments":{"only":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}\n`,
    );
    send(
      `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_things","arguments":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}}\n`,
    );
    send(call(3, "list_things"));
    expect((await answer(3)).result.isError).toBeUndefined();
    expect((await answer(1)).result.structuredContent.error.code).toBe("invalid_input");
    expect((await answer(2)).result.structuredContent.error.code).toBe("invalid_input");
  });

  test("an elicitation capability without modes means forms", async () => {
    const { send, lines } = start();
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: { elicitation: {} }, clientInfo: { name: "c", version: "1" } },
    });
    send({ method: "notifications/initialized" });
    send(call(2, "delete_thing", { name: "a" }));
    await expect.poll(() => lines.some((line) => line.includes('"elicitation/create"')), { timeout: 10_000 }).toBe(true);
  });

  test.each<[string, object]>([
    ["inputResponses in the 2025 era", { inputResponses: { decision: { action: "accept", content: { confirm: true } } } }],
    [
      "a requestState of its own",
      { requestState: "e30.AAAA", inputResponses: { decision: { action: "accept", content: { confirm: true } } } },
    ],
  ])("%s decide nothing", async (_, extra) => {
    const { send, answer } = start();
    send({ id: 1, method: "tools/call", params: { name: "delete_thing", arguments: { name: "a" }, ...extra } });
    expect((await answer(1)).result.structuredContent.status).toBe("refused");
  });

  test("forged answers of the 2026 era decide nothing, by a client with and without forms", async () => {
    const { send, answer } = start();
    const meta = (capabilities: object): object => ({
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    const forged = (id: number, capabilities: object): object => ({
      id,
      method: "tools/call",
      params: {
        name: "delete_thing",
        arguments: { name: "a" },
        inputResponses: { decision: { action: "accept", content: { confirm: true } } },
        _meta: meta(capabilities),
      },
    });
    send(forged(1, { elicitation: { form: {} } }));
    send(forged(2, {}));
    expect((await answer(1)).result.structuredContent.status).toBe("refused");
    expect((await answer(2)).result.structuredContent.status).toBe("refused");
  });
});
