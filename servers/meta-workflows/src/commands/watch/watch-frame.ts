import { paint, table, type Terminal, type Tone } from "@platform-ops/ledger";
import type { RunView } from "../../runs/read-run.ts";
import { oneLine } from "../authoring/problem-text.ts";
import { elapsed } from "../simulation/timeline-text.ts";

/** What is shown of a run. */
export type WatchedRun = Pick<RunView, "workflow_id" | "status" | "memo" | "started_at" | "finished_at" | "end">;

/** One drawing of the live view, no wider than the terminal. */
export function frame(runs: readonly WatchedRun[], terminal: Pick<Terminal, "isTTY" | "color" | "columns">, now: Date): string {
  const open = runs.filter(({ end }) => end === undefined);
  const rows = runs.map((run) => [
    run.workflow_id,
    run.memo.workflow,
    paint(terminal, toneOf(run), wordOf(run)),
    run.memo.current_step ?? "",
    String(run.memo.steps_done),
    sinceOf(run, now),
    waitsFor(run),
  ]);
  const heading = ["RUN", "WORKFLOW", "STATUS", "STEP", "DONE", "TIME", "WAITS FOR"].map((word) => paint(terminal, "quiet", word));
  return `${open.length} open of ${runs.length} runs, ${now.toISOString().slice(11, 19)} UTC; Ctrl-C ends the view, not the runs\n\n${table(terminal, [heading, ...rows])}`;
}

/** One run as a line. */
export function lineOf(run: WatchedRun): string {
  const waits = waitsFor(run);
  const step = run.memo.current_step === null || run.end !== undefined ? "" : ` at ${run.memo.current_step}`;
  return oneLine(
    `${run.workflow_id}  ${run.memo.workflow}  ${wordOf(run)}${step}, ${run.memo.steps_done} done${waits === "" ? "" : `, waits for ${waits}`}`,
  );
}

function toneOf({ end, memo }: WatchedRun): Tone {
  if (end !== undefined) return end.status === "completed" ? "good" : "bad";
  return memo.waiting_for.length > 0 || memo.paused === true ? "warning" : "strong";
}

function wordOf({ status, end, memo }: WatchedRun): string {
  const word = end === undefined ? (memo.paused === true ? "paused" : status) : end.status;
  return memo.simulated === true ? `${word} (simulated)` : word;
}

function sinceOf({ started_at, finished_at }: WatchedRun, now: Date): string {
  return elapsed((finished_at === undefined ? now : new Date(finished_at)).getTime() - Date.parse(started_at)).slice(1);
}

function waitsFor({ memo, end }: WatchedRun): string {
  if (end !== undefined) return "";
  return memo.waiting_for.map(({ kind, title }) => `${kind}: ${title}`).join("; ");
}
