/** Whether parsed JSON has more levels than that. Walks level by level, without recursion, which depth could exhaust. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one).filter((inner) => typeof inner === "object" && inner !== null) : [],
    );
  }
  return false;
}
