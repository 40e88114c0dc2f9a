import { fittingStatus, keepStatus } from "@platform-ops/orchestration/workflow";
import type { RunMemo } from "./run-contract.ts";
import { MEMO_KEY } from "./run-memo.ts";

type Candidates = readonly { readonly [MEMO_KEY]: RunMemo }[];

/** What a run has told of itself last: in its memo, or in an answer. Both are read without a worker. */
export class ToldStatus {
  #last = "";

  /** Writes the memo, unless the same was told already. `always`: also then, where answers will not be read any more. */
  keep(candidates: Candidates, always = false): void {
    const text = JSON.stringify(candidates[0]);
    if (text === this.#last && !always) return;
    this.#last = text;
    keepStatus(...candidates);
  }

  /** What an answer says of it: the memo need not. */
  answer(candidates: Candidates): RunMemo | undefined {
    this.#last = JSON.stringify(candidates[0]);
    return fittingStatus({}, candidates)[MEMO_KEY] as RunMemo | undefined;
  }
}
