import type { TimelineEvent } from "../run/ports.ts";
import type { RunStatuses, StepStatus } from "./diagram.ts";
import { ganttText } from "./mermaid-text.ts";

// As many bars as a person reads; the rest is counted in the last one.
const MOST_BARS = 200;

interface Bar {
  readonly path: string;
  readonly began: number;
  ended?: number;
  status: "done" | "active" | "crit";
  text?: string;
}

/**
 * What happened in a run as a Mermaid gantt chart: one bar a step, in the order of their starts; what still runs ends at the
 * last event. Times are milliseconds since 1970, shown in UTC by whoever draws it. No text of a run can forge a line.
 */
export function timeline(events: readonly TimelineEvent[]): string {
  const last = events.reduce((latest, event) => Math.max(latest, event.at), 0);
  const bars = barsOf(events);
  const lines = bars.slice(0, MOST_BARS).map((bar, index) => lineOf(bar, index, last));
  if (bars.length > MOST_BARS) lines.push(`${ganttText(`${MOST_BARS + 1} · … ${bars.length - MOST_BARS} more`)} :milestone, ${last}, 0ms`);
  return ["gantt", "dateFormat x", "axisFormat %H:%M:%S", ...lines].join("\n  ");
}

// Numbered, so that no name begins with a word of the chart's language (`section`, `title`, a date).
function lineOf(bar: Bar, index: number, last: number): string {
  const began = Math.trunc(bar.began);
  const ended = Math.max(Math.trunc(bar.ended ?? last), began + 1);
  const name = bar.text === undefined ? bar.path : `${bar.path} (${bar.text})`;
  return `${ganttText(`${index + 1} · ${name}`, 80)} :${bar.status}, ${began}, ${ended}`;
}

function barsOf(events: readonly TimelineEvent[]): Bar[] {
  const bars: Bar[] = [];
  const open = new Map<string, Bar>();
  for (const event of events) {
    let bar = open.get(event.path);
    if (bar === undefined) {
      bar = { path: event.path, began: event.at, status: "active" };
      bars.push(bar);
      open.set(event.path, bar);
    }
    if (event.text !== undefined) bar.text = event.text;
    if (event.what === "failed") bar.status = "crit";
    if (event.what === "done" || event.what === "skipped" || event.what === "compensated") bar.status = "done";
    if (event.what === "done" || event.what === "skipped" || event.what === "failed") {
      bar.ended = event.at;
      open.delete(event.path);
    }
  }
  return bars;
}

const RANK: readonly StepStatus[] = ["skipped", "done", "active", "failed"];

/** A run's events → how far each step is, by step id; of a step that ran for many items the worst counts. */
export function statusesOf(events: readonly TimelineEvent[]): RunStatuses {
  const paths = new Map<string, StepStatus>();
  for (const event of events) {
    if (event.what === "failed" || event.what === "skipped" || event.what === "done") paths.set(event.path, event.what);
    else if (event.what === "started" || event.what === "waiting") paths.set(event.path, "active");
  }
  const steps: { [id: string]: StepStatus } = Object.create(null) as { [id: string]: StepStatus };
  for (const [path, status] of paths) {
    const id = stepOf(path);
    const before = steps[id];
    if (before === undefined || RANK.indexOf(status) > RANK.indexOf(before)) steps[id] = status;
  }
  return { steps };
}

/** `deploy/for_each[3]/verify#1` → `verify`. */
function stepOf(path: string): string {
  const last = path.slice(path.lastIndexOf("/") + 1);
  return /^[^[#]*/.exec(last)?.[0] ?? last;
}
