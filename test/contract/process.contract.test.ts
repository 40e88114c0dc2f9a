import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { processTime } from "../bench/measure.ts";
import { AUTO_CONFIG, effects, newHome, openGate, writeProject, type TestHome } from "../support/home.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { environmentOf, pidOf, pidsOf, until } from "../support/processes.ts";
import { emptyCalls, PUBLISHED_BINS, recordedOpening, type PublishedBin } from "../support/published-bins.ts";
import { callOf, messagesOf, OPENING, startWire, type Wire, type WireOptions } from "../support/wire.ts";

// Each server as a process: what is on its stdout, and how it ends.

/** The promise to clients, which kill what lasts longer. */
const ENDS_WITHIN_MS = 2_000;

const WAYS = ["the end of stdin", "SIGINT", "SIGTERM"] as const;

/** For servers that run commands: on this machine, any. */
const THIS_MACHINE = `
remote: { clusters: { here: { transport: local } } }
environments: [{ name: here, match: { clusters: [here] }, remote: { preset: open } }]
`;

let home: TestHome;
const wires: Wire[] = [];

beforeAll(async () => {
  home = await newHome({ config: `${AUTO_CONFIG}\n${THIS_MACHINE}` });
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

/** What is said to all servers, and to the one of runs, whose answers need Temporal. */
const CALLS: Readonly<Record<string, readonly (readonly [string, Record<string, unknown>])[]>> = {
  terraform: [
    ["list_workflows", { config_path: "../../etc/passwd" }],
    ["list_workflows", { config_path: 7 }],
    ["execute_workflow", { config_path: "infra.yaml", only: ["quick"] }],
  ],
};

/** All that a client, a broken one and a hostile one say; what the server wrote to both streams in the end. */
async function conversation(
  published: PublishedBin,
  env: Record<string, string> = {},
): Promise<{ stdout: string; stderr: string; answered: string[] }> {
  const wire = open(start({ bin: published.bin, env }));
  const calls = [...emptyCalls(published), ...(CALLS[published.server] ?? []), ["no_such_tool", {}] as const];
  wire.send({ id: "list", method: "tools/list" });
  for (const [index, [name, args]] of calls.entries()) wire.send(callOf(index + 1, name, args));
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
  const ids = ["list", "unknown", ...calls.keys()].map((id) => (typeof id === "number" ? id + 1 : id));
  for (const id of ids) await wire.answer(id);
  wire.child.stdin.end();
  expect(await wire.end()).toMatchObject({ code: 0, signal: null });
  // Each request once: the opening's, those above, and the two lines that bore an id.
  return { stdout: wire.stdout(), stderr: wire.stderr(), answered: ["0", "90", "91", ...ids.map(String)].sort() };
}

/** Nothing but answers on stdout, nothing but JSON lines on stderr. Returns the levels of those. */
function expectOrder({ stdout, stderr, answered }: Awaited<ReturnType<typeof conversation>>): unknown[] {
  expect(stdout.endsWith("\n")).toBe(true);
  const answers = messagesOf(stdout).filter((message) => message["id"] !== undefined && message["method"] === undefined);
  expect(answers.map((message) => String(message["id"])).sort()).toEqual(answered);
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  expect(lines.filter((line) => !isJson(line))).toEqual([]);
  return lines.map((line) => (JSON.parse(line) as { level: unknown }).level);
}

describe("Law 4: stdout belongs to the protocol", () => {
  test.each(PUBLISHED_BINS)("$server: nothing but JSON-RPC is on stdout, and nothing but JSON on stderr", async (published) => {
    expect(expectOrder(await conversation(published))).not.toContain("debug");
  });

  test("TEMPORAL_DEBUG gives more stderr only", async () => {
    const terraform = PUBLISHED_BINS.find(({ server }) => server === "terraform")!;
    expect(expectOrder(await conversation(terraform, { TEMPORAL_DEBUG: "1" }))).toContain("debug");
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
  test.each(PUBLISHED_BINS)("$server, before anything was said", async ({ bin }) => {
    const wire = start({ bin });
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

describe.each(WAYS)("a command on a machine is ended with the server, by %s", (way) => {
  test.each(PUBLISHED_BINS.filter((each) => recordedOpening(each).tools.some(({ name }) => name === "run_remote_command")))(
    "$server",
    async ({ bin }) => {
      const wire = open(start({ bin }));
      const seconds = `30${WAYS.indexOf(way)}.25`;
      wire.send(callOf(1, "run_remote_command", { cluster: "here", command: `sleep ${seconds}` }));
      await until(() => pidsOf("sleep", seconds).length > 0, "the command");
      tellToEnd(wire, way);
      await expectEndInTime(wire);
      await until(() => pidsOf("sleep", seconds).length === 0, "the end of the command");
    },
  );
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
