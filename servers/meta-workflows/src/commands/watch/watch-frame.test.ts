import { expect, it } from "vitest";
import { frame, lineOf, type WatchedRun } from "./watch-frame.ts";

const run = (more: Partial<WatchedRun> = {}): WatchedRun => ({
  workflow_id: "mw-1",
  status: "running",
  started_at: "2026-01-05T09:00:00Z",
  memo: {
    workflow: "staged",
    name: "Staged",
    version: "1.0.0",
    digest: "",
    started_with: "",
    requester: "",
    status: "running",
    current_step: "go",
    open: [],
    waiting_for: [{ kind: "approval", title: "Deploy\u001b[2J?\nnow" }],
    steps_done: 3,
    simulated: true,
  },
  ...more,
});

it("shows where runs are, what they wait for, and that they are simulated", () => {
  const text = frame(
    [run(), run({ workflow_id: "mw-2", end: { status: "failed" }, finished_at: "2026-01-05T09:30:00Z" })],
    { isTTY: true, color: false, columns: 200 },
    new Date("2026-01-06T10:00:01Z"),
  );
  expect(text).toMatch(/^1 open of 2 runs, 10:00:01 UTC/);
  expect(text).toMatch(/^mw-1 {2}staged +running \(simulated\) {2}go +3 +1d 01:00:01 {2}approval: Deploy/m);
  expect(text).toMatch(/^mw-2 {2}staged +failed \(simulated\) +go +3 +00:30:00$/m);
});

it("is never wider than the terminal, and no text moves the cursor", () => {
  const text = frame([run()], { isTTY: true, color: false, columns: 60 }, new Date("2026-01-05T10:00:00Z"));
  const [, , ...table] = text.split("\n");
  expect(Math.max(...table.map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(text + lineOf(run())).not.toContain("\u001b");
  expect(lineOf(run())).not.toContain("\n");
});
