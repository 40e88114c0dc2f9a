import type { Command, Terminal } from "@platform-ops/ledger";
import type { RunDescription } from "@platform-ops/orchestration";
import { expect, it } from "vitest";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { watchableRuns } from "./watch-runs.ts";

const described = (status: string): RunDescription =>
  ({
    workflow_id: "mw-1",
    type: "MetaWorkflow",
    status: status === "completed" ? "COMPLETED" : "RUNNING",
    started_at: "2026-01-05T09:00:00Z",
    memo: {
      meta_workflow: {
        workflow: "staged",
        status,
        current_step: "go",
        open: [],
        waiting_for: [],
        steps_done: 1,
        ...(status === "completed" ? { end: { status } } : {}),
      },
    },
    attributes: { server: "meta-workflows" },
    needs_version: false,
  }) as unknown as RunDescription;

const LIST: Command<void> = { name: "runs", summary: "", usage: "runs [--open]", options: {}, run: async () => 0 };

/** Follows runs that stand as these words say, one after the other; the last word stays. */
async function watched(
  words: string[],
  face: Pick<Terminal, "isTTY" | "color">,
  stopAfter?: number,
): Promise<{ code: number; out: string; lists: number }> {
  const abort = new AbortController();
  const seen = { out: "", lists: 0 };
  const list = async () => {
    seen.lists += 1;
    if (seen.lists === stopAfter) abort.abort();
    const word = words.length > 1 ? words.shift() : words[0];
    return { runs: word === undefined ? [] : [described(word)] };
  };
  const deps = { orchestration: async () => ({ list }) } as unknown as MetaWorkflowsDeps;
  const terminal: Terminal = { stdout: (text) => void (seen.out += text), stderr: () => undefined, columns: 80, ...face };
  const code = await watchableRuns(LIST, deps, 1).run({ positionals: [], options: { watch: true } }, undefined, terminal, abort.signal);
  return { code, ...seen };
}

it("draws anew at a terminal, until it is interrupted", async () => {
  const { code, out } = await watched(["running"], { isTTY: true, color: true }, 1);
  expect(out).toMatch(/^\u001b\[H\u001b\[J1 open of 1 runs/);
  expect(code).toBe(0);
});

it.each([
  ["without a terminal", { isTTY: false, color: false }],
  ["with NO_COLOR", { isTTY: true, color: false }],
])("writes a line for each change %s, until no run is open", async (_how, face) => {
  const { code, out, lists } = await watched(["running", "running", "completed"], face);
  expect(out).toBe("mw-1  staged  running at go, 1 done\nmw-1  staged  completed, 1 done\n");
  expect({ code, lists }).toEqual({ code: 0, lists: 3 });
});

it("lists as before without --watch", async () => {
  const terminal = { stdout: () => undefined, stderr: () => undefined, isTTY: false, color: false, columns: 80 };
  const command = watchableRuns(LIST, {} as MetaWorkflowsDeps);
  expect(await command.run({ positionals: [], options: {} }, undefined, terminal, new AbortController().signal)).toBe(0);
  expect(command.usage).toBe("runs [--open] [--watch]");
});
