import type { Played } from "./play-through.ts";

/** What happened, a line an event: since when the run goes on, what, which step, and its text. */
export function timelineText({ sim }: Pick<Played, "sim">): readonly string[] {
  const [first] = sim.timeline;
  return sim.timeline.map(
    ({ at, what, path, text }) =>
      `  ${elapsed(at - (first?.at ?? at)).padStart(12)}  ${what.padEnd(11)}  ${path}${text === undefined ? "" : `: ${text}`}`,
  );
}

/** `2d 03:04:05`. */
export function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const days = Math.floor(seconds / 86_400);
  return `+${days === 0 ? "" : `${days}d `}${two((seconds % 86_400) / 3_600)}:${two((seconds % 3_600) / 60)}:${two(seconds % 60)}`;
}
