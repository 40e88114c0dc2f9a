import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { processTime } from "../bench/measure.ts";
import { AUTO_CONFIG, effects, newHome, openGate, writeProject, type TestHome } from "../support/home.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { environmentOf, pidOf, until } from "../support/processes.ts";
import { callOf, messagesOf, OPENING, startWire, type Wire, type WireOptions } from "../support/wire.ts";

// The server as a process: what is on its stdout, and how it ends.

/** The promise to clients, which kill what lasts longer. */
const ENDS_WITHIN_MS = 2_000;

const WAYS = ["the end of stdin", "SIGINT", "SIGTERM"] as const;

let home: TestHome;
const wires: Wire[] = [];

beforeAll(async () => {
  home = await newHome({ config: AUTO_CONFIG });
  await writeProject(home.project, [{ name: "quick" }, ...WAYS.map((_, index) => ({ name: `slow-${index}`, gated: true as const }))]);
});
afterEach(() => wires.splice(0).forEach((wire) => wire.child.kill("SIGKILL")));
afterAll(() => home?.remove());

function start(more: Partial<WireOptions> = {}): Wire {
  const wire = startWire({ home: home.home, cwd: home.project, ...more, env: { ...home.env, ...more.env } });
  wires.push(wire);
  return wire;
}

function open(wire: Wire): Wire {
  for (const message of OPENING) wire.send(message);
  return wire;
}

const CALLS = [
  ["list_workflows", {}],
  ["list_workflows", { config_path: "../../etc/passwd" }],
  ["list_workflows", { config_path: 7 }],
  ["execute_workflow", {}],
  ["execute_workflow", { config_path: "infra.yaml", only: ["quick"] }],
  ["get_workflow_status", { workflow_id: "nowhere" }],
  ["get_plan", { workflow_id: "nowhere" }],
  ["get_outputs", { workflow_id: "nowhere" }],
  ["list_runs", {}],
  ["cancel_workflow", { workflow_id: "nowhere" }],
  ["request_approval", { workflow_id: "nowhere" }],
  ["no_such_tool", {}],
] as const;

/** All that a client, a broken one and a hostile one say; what the server wrote to both streams in the end. */
async function conversation(env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const wire = open(start({ env }));
  wire.send({ id: "list", method: "tools/list" });
  for (const [index, [name, args]] of CALLS.entries()) wire.send(callOf(index + 1, name, args));
  for (const line of [
    "not json",
    "[]",
    "null",
    '{"jsonrpc":"1.0","id":90}',
    '{"jsonrpc":"2.0","id":91}',
    "\u0000\uFFFD",
    "",
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}',
  ])
    wire.send(`${line}\n`);
  wire.send({ id: "unknown", method: "resources/list" });
  for (const id of ["list", "unknown", ...CALLS.keys()]) await wire.answer(typeof id === "number" ? id + 1 : id);
  wire.child.stdin.end();
  expect(await wire.end()).toMatchObject({ code: 0, signal: null });
  return { stdout: wire.stdout(), stderr: wire.stderr() };
}

describe("Law 4: stdout belongs to the protocol", () => {
  test("nothing but JSON-RPC is on stdout, and nothing but JSON on stderr; TEMPORAL_DEBUG gives more stderr only", async () => {
    const plain = await conversation({});
    const debug = await conversation({ TEMPORAL_DEBUG: "1" });
    for (const { stdout, stderr } of [plain, debug]) {
      expect(stdout.endsWith("\n")).toBe(true);
      const messages = messagesOf(stdout);
      const answers = messages.filter((message) => message["id"] !== undefined && message["method"] === undefined);
      // Each request once: the opening's, the list, the calls, the unknown method, and the two lines that bore an id.
      expect(answers.map((message) => String(message["id"])).sort()).toEqual(
        ["0", "list", "unknown", "90", "91", ...[...CALLS.keys()].map((index) => String(index + 1))].sort(),
      );
      expect(
        stderr
          .trim()
          .split("\n")
          .filter((line) => line !== "" && !isJson(line)),
      ).toEqual([]);
    }
    const levels = (text: string): unknown[] =>
      text
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { level: unknown }).level);
    expect(levels(plain.stderr)).not.toContain("debug");
    expect(levels(debug.stderr)).toContain("debug");
    expect(levels(debug.stderr).length).toBeGreaterThan(levels(plain.stderr).length);
  });

  test("TEMPORAL_DEBUG never reaches supervisor, Temporal or worker", async () => {
    for (const part of ["supervisor", "temporal", "worker"] as const) {
      const pid = await until(() => pidOf(home.home, part), `the ${part}`);
      expect(environmentOf(pid)).not.toMatch(/TEMPORAL_DEBUG/);
    }
  });

  test("from source too: `pnpm --silent … dev` is a server for a client", async () => {
    const wire = open(
      start({
        command: ["pnpm", "--silent", "--dir", REPOSITORY, "--filter", "@platform-ops/terraform-mcp", "dev", "--root", home.project],
        args: [],
      }),
    );
    wire.send(callOf(1, "list_workflows", { config_path: join(home.project, "infra.yaml") }));
    const { result } = await wire.answer(1);
    expect(result.structuredContent.workflows[0].workspace_count).toBe(4);
    wire.child.stdin.end();
    expect(await wire.end()).toMatchObject({ code: 0 });
    expect(messagesOf(wire.stdout()).map((message) => message["id"])).toEqual([0, 1]);
  });
});

function tellToEnd(wire: Wire, way: (typeof WAYS)[number]): void {
  if (way === "the end of stdin") wire.child.stdin.end();
  else wire.child.kill(way);
}

async function expectEndInTime(wire: Wire): Promise<void> {
  const { code, signal, ms } = await wire.end();
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  // What a busy machine adds: on a quiet one an empty process takes a thirtieth of a second.
  const added = 15 * (await processTime(process.execPath, ["-e", "0"]));
  expect(ms).toBeLessThan(ENDS_WITHIN_MS + added);
  messagesOf(wire.stdout());
}

describe.each(WAYS)("ends within 2 s of %s", (way) => {
  test("before anything was said", async () => {
    const wire = start();
    // A process that has not begun to run our code dies by the signal itself; this one has answered.
    wire.send(OPENING[0]);
    await wire.answer(0);
    tellToEnd(wire, way);
    await expectEndInTime(wire);
  });

  test("while a call waits for a run; the run goes on", async () => {
    const wire = open(start());
    const slow = `slow-${WAYS.indexOf(way)}`;
    wire.send(callOf(1, "execute_workflow", { config_path: "infra.yaml", only: [slow] }));
    const { workflow_id } = (await wire.answer(1)).result.structuredContent;
    await until(async () => (await effects(home.project, slow)) === 1, `the apply of ${slow}`, 40).catch(async (error: Error) => {
      wire.send(callOf(9, "get_workflow_status", { workflow_id }));
      throw new Error(`${error.message}\n${(await wire.answer(9)).result.content[0].text}`);
    });
    wire.send(callOf(2, "get_workflow_status", { workflow_id, wait_seconds: 50 }));
    // A later call is answered, so the one before it is at work.
    wire.send(callOf(3, "list_workflows"));
    await wire.answer(3);
    expect(messagesOf(wire.stdout()).map((message) => message["id"])).not.toContain(2);
    tellToEnd(wire, way);
    await expectEndInTime(wire);
    await openGate(home.project, slow);

    const other = open(start());
    other.send(callOf(1, "get_workflow_status", { workflow_id, wait_seconds: 40 }));
    const { structuredContent } = (await other.answer(1)).result;
    expect(structuredContent.status, JSON.stringify(structuredContent)).toBe("WORKFLOW_EXECUTION_STATUS_COMPLETED");
    expect(await effects(home.project, slow)).toBe(1);
    other.child.stdin.end();
    await other.end();
  });
});

describe("while Temporal is starting", () => {
  test.each([
    ["the end of stdin", 50],
    ["SIGINT", 200],
    ["SIGTERM", 600],
  ] as const)("ends within 2 s of %s, %i ms after the call; the next server finds all in order", async (way, delay) => {
    const fresh = await newHome({ config: AUTO_CONFIG });
    try {
      await writeProject(fresh.project, [{ name: "quick" }]);
      expect(
        existsSync(join(fresh.home, "temporal")) && readdirSync(join(fresh.home, "temporal")).some((name) => name.endsWith(".db")),
      ).toBe(false);
      const wire = open(start({ home: fresh.home, cwd: fresh.project, env: fresh.env }));
      await wire.answer(0);
      wire.send(callOf(1, "execute_workflow", { config_path: "infra.yaml" }));
      await sleep(delay);
      tellToEnd(wire, way);
      await expectEndInTime(wire);

      const next = open(start({ home: fresh.home, cwd: fresh.project, env: fresh.env }));
      next.send(callOf(1, "execute_workflow", { config_path: "infra.yaml" }));
      const { isError, structuredContent } = (await next.answer(1)).result;
      expect(isError ?? false, JSON.stringify(structuredContent)).toBe(false);
      next.child.stdin.end();
      await next.end();
    } finally {
      await fresh.remove();
    }
  });
});

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
