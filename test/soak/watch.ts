import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lives } from "../support/processes.ts";
import { factsOf, type ProcessFacts } from "../fuzz/process-facts.ts";

/** How much more memory a process may hold at the end than after its warm-up: a tenth, or as much as a small heap breathes. */
const GROWTH = 0.1;
const SLACK_MB = 12;
/** Of a series, how much is warm-up. */
const WARM_UP = 1 / 3;
/** Connections that come and go between two looks. */
const HANDLES = 12;

/** From the request to collect garbage to the look at what is left, in milliseconds. */
const COLLECTING_MS = 500;

/** What a process that is watched is started with, so that it collects its garbage before a look. */
export const COLLECTING = { NODE_OPTIONS: `--expose-gc --require ${join(import.meta.dirname, "collect.cjs")}` } as const;

/** How a process is watched. */
export interface Watching {
  /** Told, but no part of ours to judge. */
  readonly foreign?: boolean;
  /** It was started with `COLLECTING`. */
  readonly collects?: boolean;
}

/** One process over time. */
interface Watched extends Watching {
  readonly name: string;
  readonly pid: number;
  readonly samples: ProcessFacts[];
}

/** What became of one process. */
export interface Judged {
  readonly line: string;
  readonly problem?: string;
}

/** Looks at processes again and again, and says which of them grew. */
export class Watch {
  readonly #watched: Watched[] = [];

  add(name: string, pid: number, watching: Watching = {}): void {
    this.#watched.push({ name, pid, ...watching, samples: [] });
  }

  /** Takes one sample of each. Throws where one has ended: none of them may. */
  async look(): Promise<void> {
    for (const { pid, collects } of this.#watched) if (collects === true && lives(pid)) process.kill(pid, "SIGUSR2");
    await sleep(COLLECTING_MS);
    for (const { name, pid, samples } of this.#watched) {
      try {
        samples.push(factsOf(pid));
      } catch {
        throw new Error(`${name} (process ${pid}) has ended`);
      }
    }
  }

  judged(): Judged[] {
    return this.#watched.map((watched) => judge(watched));
  }
}

/**
 * Compares what is held after the warm-up with what is held at the end: of each the lower quartile, which garbage that is
 * collected late does not reach.
 */
function judge({ name, samples, foreign = false }: Watched): Judged {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const quarter = Math.max(1, Math.floor(warm.length / 3));
  const floor = (part: readonly ProcessFacts[], field: "rssMb" | "handles"): number =>
    part.map((facts) => facts[field]).sort((a, b) => a - b)[Math.floor((part.length - 1) / 4)] ?? 0;
  const [first, last] = [warm.slice(0, quarter), warm.slice(-quarter)];
  const [before, after] = [floor(first, "rssMb"), floor(last, "rssMb")];
  const [opened, open] = [floor(first, "handles"), floor(last, "handles")];
  const percent = Math.round((after / before - 1) * 1000) / 10;
  const line = `${name}: ${before} → ${after} MB (${percent >= 0 ? "+" : ""}${percent} %), ${opened} → ${open} handles, ${samples.length} looks`;
  const grew = after > before * (1 + GROWTH) && after > before + SLACK_MB;
  const leaks = open > opened + HANDLES;
  return { line, ...(!foreign && (grew || leaks) && { problem: `${grew ? "memory" : "handles"} of ${line}` }) };
}
