import { MEMO_LIMIT_BYTES } from "../contract/names.ts";

/** Length in UTF-8 of the JSON; the sandbox has no Buffer. */
export function jsonBytes(value: unknown): number {
  let bytes = 0;
  for (const character of JSON.stringify(value)) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * The first candidate with which the whole memo stays within 32 KB; where none fits, only that it was cut. What stood under
 * the candidates' keys before is replaced, so it does not count.
 */
export function fittingStatus(
  memo: Readonly<Record<string, unknown>>,
  candidates: readonly Readonly<Record<string, unknown>>[],
): Record<string, unknown> {
  return candidates.find((candidate) => jsonBytes({ ...memo, ...candidate }) <= MEMO_LIMIT_BYTES) ?? { truncated: true };
}
