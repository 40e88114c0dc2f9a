import { checkName } from "@platform-ops/remote-command";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A duration such as 1h30m → milliseconds. @throws OpsError invalid_input */
export function milliseconds(duration: string): number {
  const parts = checkName("duration", duration, "since").matchAll(/(\d+)(ms|s|m|h)/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? "ms"] ?? 1), 0);
}
