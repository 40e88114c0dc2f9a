import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "@platform-ops/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SupervisorStatus } from "../supervisor/protocol.ts";
import { printStatus, supervisorCommand } from "./supervisor-command.ts";

const seen = { out: "", err: "" };
const terminal: Terminal = {
  stdout: (text) => void (seen.out += text),
  stderr: (text) => void (seen.err += text),
  isTTY: false,
  color: false,
  columns: 200,
};
const failure = {
  code: "worker_unavailable",
  message: "It died.\u001b[2J",
  hint: "Look.",
  retryable: true,
  details: {},
} as const;
const status = (more: Partial<SupervisorStatus> = {}): SupervisorStatus => ({
  protocol: 1,
  pid: 11,
  started_at: "2026-01-05T10:00:00Z",
  idle_seconds: 3,
  temporal: { state: "ready", address: "127.0.0.1:7233", pid: 12, server_version: "1.29.1", log: "/l" },
  workers: [],
  ...more,
});
const worker = {
  server: "terraform",
  version: "1.0.0",
  build: "terraform-1.0.0-a",
  phase: "running",
  open_runs: 2,
  draining: 0,
  kept: [],
  log: "/l",
} as const;

describe("status of the supervisor", () => {
  it("has a line for each process, with what is not known yet said as such", () => {
    const text = printStatus(
      status({
        workers: [
          { ...worker, pid: 13, draining: 1, kept: [{ build: "terraform-0.9.0-z", pid: 14, open_runs: 1 }] },
          { ...worker, server: "meta-workflows", phase: "stopped", open_runs: null, kept: [{ build: "old", open_runs: null }] },
        ],
      }),
      terminal,
    );
    const lines = text.split("\n").map((line) => line.replace(/\s{2,}/g, " ").trim());
    expect(lines).toEqual([
      "supervisor running process 11, since 2026-01-05T10:00:00Z, last asked 3 s ago",
      "temporal ready at 127.0.0.1:7233, server 1.29.1, process 12",
      "worker terraform 1.0.0 running process 13, open runs 2, 1 draining",
      "terraform-0.9.0-z kept process 14, for runs that only it can carry on: 1",
      "worker meta-workflows 1.0.0 stopped open runs not known yet",
      "old kept for runs that only it can carry on: not known yet",
      "",
    ]);
  });

  it("shows why something does not live; the words of a failure cannot write on the terminal", () => {
    const text = printStatus(
      status({ temporal: { state: "degraded", address: "a", log: "/l", failure }, workers: [{ ...worker, failure }] }),
      terminal,
    );
    expect(text).toContain("server ?, process ?");
    expect(text).toContain("✗ temporal: worker_unavailable: It died.");
    expect(text).toContain("✗ worker terraform: worker_unavailable: It died.");
    expect(text).not.toContain("\u001b");
    expect(printStatus(status({ temporal: { state: "off", log: "/l" } }), terminal)).toMatch(/temporal\s+off\s*\n/);
  });

  it("is coloured only where the terminal has colours", () => {
    const [line = ""] = printStatus(status(), { ...terminal, color: true }).split("\n");
    expect(line).toContain("\u001b[");
    expect(printStatus(status(), terminal)).not.toContain("\u001b[");
  });
});

describe("the command", () => {
  let home: string;
  beforeAll(() => void (home = mkdtempSync(join(tmpdir(), "supervisor-command-"))));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const run = async (positionals: string[], options: Record<string, boolean> = {}): Promise<{ code: number; out: string; err: string }> => {
    [seen.out, seen.err] = ["", ""];
    const code = await supervisorCommand({ home }).run({ positionals, options }, undefined, terminal, new AbortController().signal);
    return { code, ...seen };
  };

  it("says that none runs, for a person and as JSON, and has nothing to stop", async () => {
    expect(await run([])).toEqual({ code: 0, out: "No supervisor runs; the first call that needs one starts it.\n", err: "" });
    expect(await run(["status"], { json: true })).toEqual({ code: 0, out: "null\n", err: "" });
    expect(await run(["stop"])).toEqual({ code: 0, out: "Nothing runs.\n", err: "" });
  });

  it("refuses what it does not know", async () => {
    await expect(run(["halt"])).rejects.toMatchObject({ code: "invalid_input", message: expect.stringContaining('not "halt"') });
    expect(seen).toEqual({ out: "", err: "" });
  });
});
