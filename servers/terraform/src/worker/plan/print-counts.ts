import { COUNT_KEYS, type Counts } from "../run-contract.ts";

/** `+3 ~1 -0`, with what is rarer behind it. */
export function printCounts(counts: Counts): string {
  const rare = (["replace", "move", "import", "forget", "outputs"] as const).flatMap((key) =>
    counts[key] > 0 ? [`${counts[key]} ${key}`] : [],
  );
  return [`+${counts.add} ~${counts.change} -${counts.destroy}`, ...rare].join(", ");
}

/** "2 to add, 1 to change"; "no changes" where all are zero. */
export function countsText(counts: Counts): string {
  const words: Record<keyof Counts, string> = {
    add: "to add",
    change: "to change",
    destroy: "to destroy",
    replace: "to replace",
    move: "to move",
    import: "to import",
    forget: "to forget",
    outputs: "outputs",
  };
  const parts = COUNT_KEYS.flatMap((key) => (counts[key] > 0 ? [`${counts[key]} ${words[key]}`] : []));
  return parts.length === 0 ? "no changes" : parts.join(", ");
}
