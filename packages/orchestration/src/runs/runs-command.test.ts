import type { Terminal } from "@platform-ops/ledger";
import { describe, expect, it } from "vitest";
import type { RunDescription, RunFilter } from "../contract/run.ts";
import { runsCommand } from "./runs-command.ts";

const run = (id: string, memo: Record<string, unknown> = {}): RunDescription => ({
  workflow_id: id,
  run_id: "r",
  type: "ParentWorkflow",
  task_queue: "terraform@1",
  status: "RUNNING",
  started_at: "2026-11-21T09:00:00.000Z",
  memo,
  attributes: { kind: "apply" },
  pending: [],
  needs_version: false,
});

async function runs(options: Record<string, string | boolean>, answer: { runs: RunDescription[]; cursor?: string }) {
  const seen = { out: "", err: "", filter: undefined as RunFilter | undefined, closed: false };
  const terminal: Terminal = {
    stdout: (text) => void (seen.out += text),
    stderr: (text) => void (seen.err += text),
    isTTY: false,
    color: false,
    columns: 80,
  };
  const port = {
    open: async () => ({
      inUse: { mode: "local" as const, address: "a", namespace: "default" },
      list: async (filter: RunFilter) => ((seen.filter = filter), answer),
      close: async () => void (seen.closed = true),
    }),
  };
  const code = await runsCommand(port).run({ positionals: [], options }, undefined, terminal, new AbortController().signal);
  return { ...seen, code };
}

describe("runs", () => {
  it("lists runs with their phase and says how to read on", async () => {
    const seen = await runs(
      { open: true, server: "terraform", limit: "5" },
      { runs: [run("a", { run: { phase: "awaiting_approval" } }), run("b")], cursor: "abc" },
    );
    expect(seen).toMatchObject({ code: 0, closed: true, filter: { open: true, server: "terraform", limit: 5 } });
    expect(seen.out.split("\n")[1]).toMatch(/^a\s+RUNNING\s+awaiting_approval\s+apply\s+2026-11-21T09:00:00$/);
    expect(seen.err).toContain("--cursor abc");
  });

  it("prints whole runs as JSON", async () => {
    expect(JSON.parse((await runs({ json: true }, { runs: [run("a")] })).out)).toMatchObject({ runs: [{ workflow_id: "a" }] });
  });

  it("lets no id move the terminal's cursor", async () => {
    expect((await runs({}, { runs: [run("a\u001b[2Jb\nc", { run: { phase: "\u009bx" } })] })).out).not.toMatch(/[\u001b\u009b]|b\nc/);
  });

  it.each(["0", "1001", "x", "-1", "1e3"])("refuses --limit %s", async (limit) => {
    await expect(runs({ limit }, { runs: [] })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
