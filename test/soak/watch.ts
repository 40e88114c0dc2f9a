import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lives } from "../support/processes.ts";
import { factsOf, type ProcessFacts } from "../fuzz/process-facts.ts";

/** How much more memory a process may hold at the end than after its warm-up. */
const GROWTH = 0.1;
/** What is warm-up: six minutes of an hour; of what is shorter, a third. */
const WARM_UP_MS = 6 * 60_000;
const WARM_UP_SHARE = 1 / 3;
/** What is over before V8's space of young objects has grown to its bound may grow by that space. */
const SHORT_MINUTES = 10;
const YOUNG_MB = 32;
/** Of the looks after the warm-up, those at the beginning and at the end that are compared. */
const COMPARED = 1 / 4;
/** Connections that come and go between two looks. */
const HANDLES = 12;

/** From the request to collect garbage to the look at what is left, in milliseconds. */
const COLLECTING_MS = 2000;

/** What a process is started with so that it can be asked, when all is over, how much of its memory was garbage. */
export const COLLECTING = { NODE_OPTIONS: `--expose-gc --require ${join(import.meta.dirname, "collect.cjs")}` } as const;

/** How a process is watched. */
export interface Watching {
  /** Told, but no part of ours to judge. */
  readonly foreign?: boolean;
  /** It was started with `COLLECTING`. */
  readonly collects?: boolean;
}

interface Look extends ProcessFacts {
  readonly at: number;
}

/** One process over time. */
interface Watched extends Watching {
  readonly name: string;
  readonly pid: number;
  readonly looks: Look[];
  collected?: ProcessFacts;
}

/** What became of one process. */
export interface Judged {
  readonly line: string;
  readonly problem?: string;
}

/** Looks at processes from outside again and again, as they are, and says which of them grew. */
export class Watch {
  readonly #watched: Watched[] = [];
  readonly #warm: number;
  readonly #allowedMb: number;

  /** `minutes`: how long it will all take. */
  constructor(minutes: number) {
    this.#warm = performance.now() + Math.min(WARM_UP_MS, minutes * 60_000 * WARM_UP_SHARE);
    this.#allowedMb = minutes < SHORT_MINUTES ? YOUNG_MB : 0;
  }

  add(name: string, pid: number, watching: Watching = {}): void {
    this.#watched.push({ name, pid, ...watching, looks: [] });
  }

  /** Takes one sample of each. Throws where one has ended: none of them may. */
  look(): void {
    for (const { name, pid, looks } of this.#watched) {
      try {
        looks.push({ ...factsOf(pid), at: performance.now() });
      } catch {
        throw new Error(`${name} (process ${pid}) has ended`);
      }
    }
  }

  /** When all is over: how much is left where garbage is collected. Only told. */
  async collect(): Promise<void> {
    const collecting = this.#watched.filter(({ collects, pid }) => collects === true && lives(pid));
    for (const { pid } of collecting) process.kill(pid, "SIGUSR2");
    await sleep(COLLECTING_MS);
    for (const watched of collecting) if (lives(watched.pid)) watched.collected = factsOf(watched.pid);
  }

  judged(): Judged[] {
    return this.#watched.map((watched) => judge(watched, this.#warm, this.#allowedMb));
  }
}

/** Compares the plain resident memory after the warm-up with that at the end: of both the median of some minutes. */
function judge({ name, looks, collected, foreign = false }: Watched, warmAt: number, allowedMb: number): Judged {
  const warm = looks.filter(({ at }) => at >= warmAt);
  const compared = Math.max(1, Math.floor(warm.length * COMPARED));
  const median = (part: readonly Look[], field: "rssMb" | "handles"): number =>
    part.map((look) => look[field]).sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  const [first, last] = [warm.slice(0, compared), warm.slice(-compared)];
  const [before, after] = [median(first, "rssMb"), median(last, "rssMb")];
  const [opened, open] = [median(first, "handles"), median(last, "handles")];
  const percent = Math.round((after / before - 1) * 1000) / 10;
  const memory = warm.map(({ rssMb }) => rssMb);
  const line = [
    `${name}: ${before} → ${after} MB (${percent >= 0 ? "+" : ""}${percent} %)`,
    `${Math.min(...memory)} to ${Math.max(...memory)} MB in all`,
    ...(collected === undefined ? [] : [`${collected.rssMb} MB when collected`]),
    `${opened} → ${open} handles`,
    `${warm.length} looks`,
  ].join(", ");
  const grew = after > before * (1 + GROWTH) && after > before + allowedMb;
  const leaks = open > opened + HANDLES;
  return { line, ...(!foreign && (grew || leaks) && { problem: `${grew ? "memory" : "handles"} of ${line}` }) };
}
