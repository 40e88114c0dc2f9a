import { factsOf, type ProcessFacts } from "../fuzz/process-facts.ts";

/**
 * How much more memory a process may hold at the end than after its warm-up: a tenth, or as much as a heap breathes. In the
 * first quarter of an hour a heap still grows to its size: 100 MB became 136 there and stayed, with 25 MB in use throughout.
 */
const GROWTH = 0.1;
const SLACK_MB = { young: 32, grown: 12 } as const;
const GROWN_AFTER_MS = 15 * 60_000;
/** Of a series, how much is warm-up. */
const WARM_UP = 1 / 3;
/** Connections that come and go between two looks. */
const HANDLES = 12;

/** One process over time. */
interface Watched {
  readonly name: string;
  readonly pid: number;
  /** Told, but no part of ours to judge. */
  readonly foreign: boolean;
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
  readonly #since = Date.now();

  add(name: string, pid: number, foreign = false): void {
    this.#watched.push({ name, pid, foreign, samples: [] });
  }

  /** Takes one sample of each. Throws where one has ended: none of them may. */
  look(): void {
    for (const { name, pid, samples } of this.#watched) {
      try {
        samples.push(factsOf(pid));
      } catch {
        throw new Error(`${name} (process ${pid}) has ended`);
      }
    }
  }

  judged(): Judged[] {
    const slackMb = Date.now() - this.#since > GROWN_AFTER_MS ? SLACK_MB.grown : SLACK_MB.young;
    return this.#watched.map(({ name, foreign, samples }) => judge({ name, foreign, samples, slackMb }));
  }
}

/**
 * Compares what is held after the warm-up with what is held at the end: of each the lower quartile, which garbage that is
 * collected late does not reach.
 */
function judge({ name, samples, foreign, slackMb }: Pick<Watched, "name" | "samples" | "foreign"> & { readonly slackMb: number }): Judged {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const quarter = Math.max(1, Math.floor(warm.length / 3));
  const floor = (part: readonly ProcessFacts[], field: "rssMb" | "handles"): number =>
    part.map((facts) => facts[field]).sort((a, b) => a - b)[Math.floor((part.length - 1) / 4)] ?? 0;
  const [first, last] = [warm.slice(0, quarter), warm.slice(-quarter)];
  const [before, after] = [floor(first, "rssMb"), floor(last, "rssMb")];
  const [opened, open] = [floor(first, "handles"), floor(last, "handles")];
  const percent = Math.round((after / before - 1) * 1000) / 10;
  const line = `${name}: ${before} → ${after} MB (${percent >= 0 ? "+" : ""}${percent} %), ${opened} → ${open} handles, ${samples.length} looks`;
  const grew = after > before * (1 + GROWTH) && after > before + slackMb;
  const leaks = open > opened + HANDLES;
  return { line, ...(!foreign && (grew || leaks) && { problem: `${grew ? "memory" : "handles"} of ${line}` }) };
}
