import { OpsError } from "@platform-ops/errors";
import { canonicalJson, sha256 } from "@platform-ops/ledger";
import type { FanOutOptions, FanOutResult, Verdict } from "./remote.ts";
import type { RunResult } from "./result.ts";
import type { Target } from "./target.ts";

/** So many machines must have ended before a rate of failures says anything. */
const ENOUGH_TO_JUDGE = 4;

/**
 * One verdict for several commands that are asked for together, for example the same one on many machines: the strictest word,
 * and one subject that binds all of them.
 * @throws OpsError invalid_input for no machine or one named twice; not_allowed where machines of several environments would be asked for at once
 */
export function oneVerdict(verdicts: readonly Verdict[]): Verdict {
  const [first, ...others] = verdicts;
  if (first === undefined) throw new OpsError("invalid_input", "No machine is named.");
  if (others.length === 0) return first;
  const digests = verdicts.map(({ subject }) => subject.digest).sort();
  if (new Set(digests).size < digests.length) throw new OpsError("invalid_input", "A machine is named twice.");
  const strictest = verdicts.find(({ verdict }) => verdict === "refuse") ?? verdicts.find(({ verdict }) => verdict === "ask") ?? first;
  const asking = new Set(verdicts.filter(({ verdict }) => verdict === "ask").map(({ environment }) => environment));
  if (strictest.verdict === "ask" && asking.size > 1)
    throw new OpsError("not_allowed", `A person would have to approve for several environments at once: ${[...asking].join(", ")}.`, {
      hint: "Make one call for each environment.",
    });
  const subject = {
    what: `${verdicts.length} commands: ${verdicts.map(({ subject }) => subject.what).join(", ")}`.slice(0, 300),
    digest: sha256(canonicalJson({ version: 1, all: digests })),
  };
  return { ...strictest, subject, shown: verdicts.map(({ shown }) => shown).join("\n\n") };
}

/**
 * One run for each target, so many at once; begins no further one once too many have failed or the caller has cancelled.
 */
export async function runOnMany(
  targets: readonly Target[],
  options: FanOutOptions,
  begin: (target: Target, signal: AbortSignal) => Promise<RunResult>,
): Promise<FanOutResult> {
  const results: (RunResult | undefined)[] = targets.map(() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  const counts = { next: 0, done: 0, failed: 0 };
  const mayGoOn = (): boolean => {
    const { stopAtFailureRate: rate } = options;
    const isTooMuch =
      rate !== undefined &&
      counts.done >= Math.min(ENOUGH_TO_JUDGE, targets.length) &&
      counts.failed > 0 &&
      counts.failed / counts.done >= rate;
    return counts.next < targets.length && !signal.aborted && !isTooMuch;
  };
  const lane = async (): Promise<void> => {
    while (mayGoOn()) {
      const at = counts.next++;
      const result = await begin(targets[at]!, signal);
      results[at] = result;
      counts.done += 1;
      if (result.state !== "completed" || result.exit_code !== 0) counts.failed += 1;
      options.onResult?.(result, counts.done, targets.length);
    }
  };
  const lanes = Math.max(1, Math.min(options.concurrency, targets.length));
  await Promise.all(Array.from({ length: lanes }, lane));
  const stopped = results.includes(undefined);
  const because = signal.aborted
    ? new OpsError("cancelled", "It was cancelled before this machine's turn.")
    : new OpsError("cancelled", `Too many machines failed (${counts.failed} of ${counts.done}), so this one was not begun.`, {
        hint: "Look at the failures first.",
      });
  return { results: results.map((result, at) => result ?? notBegun(targets[at]!, because)), stopped };
}

function notBegun(target: Target, failure: OpsError): RunResult {
  const nothing = { text: "", bytes: 0, truncated: false };
  return { target, state: "not_started", remote: "ended", exit_code: null, stdout: nothing, stderr: nothing, duration_ms: 0, failure };
}
