import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { payloadCodec } from "../codec/payload-codec.ts";
import { uiCommand } from "../commands/ui-command.ts";
import { ensureLocal, ensureWorkers } from "../local/ensure-local.ts";
import { isServing } from "../local/grpc-health.ts";
import { stopSupervisor, supervisorStatus } from "../local/supervisor-client.ts";
import { identify } from "../process/process-table.ts";
import type { SupervisorState } from "./state.ts";
import { Bench, processesNaming, temporalBinary, until, WITHOUT_TEMPORAL } from "./testing/bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close(), 60_000);

const temporalPid = async (): Promise<number> => (await bench.status()).temporal.pid ?? 0;
const database = (): string => join(bench.home, "temporal", "1.29.sqlite");

describe("without a Temporal binary", () => {
  it("answers setup_needed at once and starts nothing", async () => {
    await expect(ensureLocal(bench.options({ temporalBinary: undefined }))).rejects.toMatchObject({ code: "setup_needed" });
    await expect(ensureLocal(bench.options({ temporalBinary: "/nowhere/temporal" }))).rejects.toMatchObject({ code: "setup_needed" });
    expect(await supervisorStatus(bench.home)).toBeUndefined();
  });

  it("says so where the binary is something else", async () => {
    await expect(ensureLocal(bench.options({ temporalBinary: "/bin/true" }))).rejects.toMatchObject({ code: "setup_needed" });
  });
});

describe.skipIf(temporalBinary === undefined)(`local Temporal (${WITHOUT_TEMPORAL})`, { timeout: 60_000 }, () => {
  it("is one for two starters at once, on a port of its own, with its worker told where", async () => {
    const workers = [bench.worker("a")];
    const [one, two] = await Promise.all([ensureLocal(bench.options({ workers })), ensureLocal(bench.options({ workers }))]);
    expect(two).toEqual(one);
    expect(one).toMatchObject({ namespace: "default", server_version: "1.29.1" });
    expect(one.address).not.toContain(":7233");
    expect(await isServing(one.address, 2_000)).toBe(true);
    expect(processesNaming(`--db-filename ${database()}`)).toHaveLength(1);
    expect(bench.starts()).toMatchObject([{ local: one.address }]);
    expect(existsSync(`${database()}.creating`)).toBe(false);
  });

  it("comes back on its port when it is killed, and the worker stays", async () => {
    const workers = [bench.worker("a")];
    const { address } = await ensureLocal(bench.options({ workers }));
    const pid = await temporalPid();
    process.kill(pid, "SIGKILL");
    await until(async () => (await temporalPid()) !== pid && (await isServing(address, 500)));
    expect((await ensureLocal(bench.options({ workers }))).address).toBe(address);
    expect(bench.starts()).toHaveLength(1);
  });

  it("outlives its supervisor and is adopted by the next one, which goes on keeping it", async () => {
    const first = await ensureLocal(bench.options());
    const pid = await temporalPid();
    process.kill(first.pid, "SIGKILL");
    await until(() => identify(first.pid) === undefined);
    expect(await isServing(first.address, 2_000)).toBe(true);
    const next = await ensureLocal(bench.options());
    expect(next.pid).not.toBe(first.pid);
    expect(next.address).toBe(first.address);
    expect(await temporalPid()).toBe(pid);
    process.kill(pid, "SIGKILL");
    await until(async () => (await temporalPid()) !== pid && (await isServing(first.address, 500)));
  });

  it("ends a server of ours that no state file knows, and takes its port again", async () => {
    const first = await ensureLocal(bench.options());
    const pid = await temporalPid();
    process.kill(first.pid, "SIGKILL");
    await until(() => identify(first.pid) === undefined);
    const file = join(bench.home, "supervisor", "state.json");
    const { temporal: _lost, ...rest } = JSON.parse(readFileSync(file, "utf8")) as SupervisorState;
    writeFileSync(file, JSON.stringify(rest));
    expect((await ensureLocal(bench.options())).address).toBe(first.address);
    expect(identify(pid)).toBeUndefined();
    expect(processesNaming(`--db-filename ${database()}`)).toHaveLength(1);
  });

  it("names the port that another program has taken, and comes by itself when it is free", async () => {
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
    const { port } = thief.address() as { port: number };
    await expect(ensureLocal(bench.options({ port }))).rejects.toMatchObject({
      code: "port_taken",
      details: { port },
      message: expect.stringContaining(String(port)) as string,
    });
    await new Promise((resolve) => thief.close(resolve));
    expect((await ensureLocal(bench.options({ port }))).address).toBe(`127.0.0.1:${port}`);
  });

  it("never takes Temporal's default port", async () => {
    await expect(ensureLocal(bench.options({ port: 7233 }))).rejects.toMatchObject({ code: "settings_invalid" });
  });

  it("refuses a database of another server version, and leaves it alone", async () => {
    mkdirSync(join(bench.home, "temporal"), { recursive: true });
    const old = join(bench.home, "temporal", "1.27.sqlite");
    writeFileSync(old, "old");
    await expect(ensureLocal(bench.options())).rejects.toMatchObject({
      code: "temporal_version",
      message: expect.stringContaining("1.27.sqlite") as string,
    });
    expect(readFileSync(old, "utf8")).toBe("old");
    expect(existsSync(database())).toBe(false);
  });

  it("makes a database anew whose first start was interrupted, but reports a damaged one and keeps it", async () => {
    mkdirSync(join(bench.home, "temporal"), { recursive: true });
    writeFileSync(database(), "half");
    writeFileSync(`${database()}.creating`, "");
    await ensureLocal(bench.options());
    expect(readFileSync(database()).subarray(0, 15).toString()).toBe("SQLite format 3");

    const damaged = new Bench();
    try {
      mkdirSync(join(damaged.home, "temporal"), { recursive: true });
      writeFileSync(join(damaged.home, "temporal", "1.29.sqlite"), "not a database at all, but somebody's file");
      await expect(ensureLocal(damaged.options())).rejects.toMatchObject({
        code: "temporal_unavailable",
        hint: expect.stringContaining("temporal.log") as string,
      });
      expect((await damaged.status()).temporal.state).toBe("degraded");
      expect(readFileSync(join(damaged.home, "temporal", "1.29.sqlite"), "utf8")).toContain("somebody");
    } finally {
      await damaged.close();
    }
  });

  it("ends a frozen server and starts another", async () => {
    const { address } = await ensureLocal(bench.options());
    const pid = await temporalPid();
    process.kill(pid, "SIGSTOP");
    await until(() => identify(pid) === undefined, 40_000);
    await until(() => isServing(address, 500));
    expect(await temporalPid()).not.toBe(pid);
  });

  it("shows its own page while somebody asks for it, with payloads opened for that page alone", async () => {
    const { address } = await ensureLocal(bench.options({ workers: [bench.worker("a")] }));
    const dir = await openDataDirectory(bench.home);
    const keys = await openKeys(dir);
    const said: string[] = [];
    const terminal = { stdout: (text: string) => void said.push(text), stderr: () => undefined, isTTY: false, color: false, columns: 80 };
    const ended = new AbortController();
    const command = uiCommand({ home: bench.home, keys: async () => keys }).run(
      { positionals: [], options: {} },
      undefined,
      terminal,
      ended.signal,
    );
    await until(() => said.length > 0, 30_000);
    const origin = said[0]?.trim() ?? "";
    expect((await fetch(origin)).status).toBe(200);
    expect(await isServing(address, 2_000)).toBe(true);
    const settings = (await (await fetch(`${origin}/api/v1/settings`)).json()) as { Codec: { Endpoint: string } };
    const [sealed] = await payloadCodec(keys).encode([{ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from('"hello"') }]);
    const asJson = {
      metadata: Object.fromEntries(
        Object.entries(sealed?.metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
      ),
      data: Buffer.from(sealed?.data ?? []).toString("base64"),
    };
    const ask = (from: string, url = settings.Codec.Endpoint): Promise<Response> =>
      fetch(`${url}/decode`, {
        method: "POST",
        headers: { origin: from, "content-type": "application/json" },
        body: JSON.stringify({ payloads: [asJson] }),
      });
    const answer = (await (await ask(origin)).json()) as { payloads: { data: string }[] };
    expect(Buffer.from(answer.payloads[0]?.data ?? "", "base64").toString()).toBe('"hello"');
    expect((await ask("http://evil.example")).status).toBe(403);
    expect((await ask(origin, settings.Codec.Endpoint.replace(/[^/]+$/, "guess"))).status).toBe(404);
    ended.abort();
    expect(await command).toBe(0);
    await until(() =>
      fetch(origin).then(
        () => false,
        () => true,
      ),
    );
    await until(() => isServing(address, 500));
    expect(bench.starts()).toHaveLength(1);
  });

  it("stops in order: workers, then Temporal, and leaves nothing but the files", async () => {
    const { address, pid } = await ensureLocal(bench.options({ workers: [bench.worker("a")], idleMinutes: 0.01 }));
    await until(() => identify(pid) === undefined, 20_000);
    expect(await isServing(address, 500)).toBe(false);
    expect(bench.drained()).toHaveLength(1);
    expect(processesNaming(bench.root)).toEqual([]);
    // the next one finds its port and database again
    expect((await ensureLocal(bench.options())).address).toBe(address);
  });

  it("leaves everything running when it hands over", async () => {
    const first = await ensureLocal(bench.options({ workers: [bench.worker("a")] }));
    const pid = await temporalPid();
    expect(await stopSupervisor(bench.home, "leave")).toBe(true);
    await until(() => identify(first.pid) === undefined);
    const next = await ensureWorkers(bench.options());
    expect(next.pid).not.toBe(first.pid);
    await until(async () => (await bench.status()).temporal.state === "ready");
    expect(await temporalPid()).toBe(pid);
    expect(bench.starts()).toHaveLength(1);
  });
});
