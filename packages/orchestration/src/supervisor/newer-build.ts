import type { WorkerSpec } from "./protocol.ts";

/** Whether a build is newer than another: by version, then by the time it was built. */
export function isNewer(a: Pick<WorkerSpec, "version" | "builtAt">, b: Pick<WorkerSpec, "version" | "builtAt">): boolean {
  const order = compareVersions(a.version, b.version);
  return order !== 0 ? order > 0 : Date.parse(a.builtAt) > Date.parse(b.builtAt);
}

/** Precedence of semantic versions (semver.org, 11), without build metadata. */
export function compareVersions(a: string, b: string): number {
  const [coreA = "", preA] = split(a);
  const [coreB = "", preB] = split(b);
  return (
    compareParts(coreA, coreB) || (preA === undefined ? (preB === undefined ? 0 : 1) : preB === undefined ? -1 : compareParts(preA, preB))
  );
}

function split(version: string): [string, string | undefined] {
  const [plain = ""] = version.split("+", 1);
  const dash = plain.indexOf("-");
  return dash < 0 ? [plain, undefined] : [plain.slice(0, dash), plain.slice(dash + 1)];
}

function compareParts(a: string, b: string): number {
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const x = left[i];
    const y = right[i];
    if (x === y) continue;
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    const numeric = [x, y].map((part) => /^\d+$/.test(part));
    if (numeric[0] === true && numeric[1] === true) return Number(x) - Number(y);
    if (numeric[0] !== numeric[1]) return numeric[0] === true ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}
