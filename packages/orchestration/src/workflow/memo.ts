import { upsertMemo, workflowInfo } from "@temporalio/workflow";
import { MEMO_LIMIT_BYTES } from "../contract/names.ts";

/** Length in UTF-8 of the JSON; the sandbox has no Buffer. */
function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value);
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * Keeps the run's status in its memo, where it is read while no worker lives. The first candidate with which the whole memo
 * stays within 32 KB is kept, so give the fullest first; where none fits, only that it was cut is told. (The server would
 * end the run at 2 MB.)
 */
export function keepStatus(...candidates: readonly Record<string, unknown>[]): void {
  const memo = workflowInfo().memo ?? {};
  const fitting = candidates.find((candidate) => jsonBytes({ ...memo, ...candidate }) <= MEMO_LIMIT_BYTES);
  upsertMemo(fitting ?? { truncated: true });
}
