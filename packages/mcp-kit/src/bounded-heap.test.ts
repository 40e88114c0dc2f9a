import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/**
 * In a process of its own, since a flag is one of a process: values that live for a moment too long to be collected as young ones,
 * again and again. Prints how much the old
 * generation held at most, in bytes, and how many sizes the young one had.
 */
const CHURN = `
const { boundHeap, settleHeap } = await import(${JSON.stringify(new URL("bounded-heap.ts", import.meta.url).href)});
const { getHeapSpaceStatistics } = await import("node:v8");
const release = { bounded: boundHeap, settled: settleHeap }[process.argv[1]]?.();
const space = (name) => getHeapSpaceStatistics().find(({ space_name }) => space_name === name);
const young = new Set();
const recent = [];
let most = 0;
for (let round = 0; round < 1_500; round += 1) {
  recent[round % 200] = Array.from({ length: 2_000 }, (_, at) => ({ at }));
  young.add(space("new_space").space_size);
  if (round < 500 || round % 20 !== 0) continue;
  await new Promise(setImmediate);
  most = Math.max(most, space("old_space").space_used_size);
}
release?.();
console.log(JSON.stringify({ most, sizes: young.size }));
`;

async function churn(how: "bounded" | "settled" | "by itself"): Promise<{ most: number; sizes: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", CHURN, "--", how], {
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout) as { most: number; sizes: number };
}

test("garbage is collected before it is much, and the space of young objects grows at once", { timeout: 120_000 }, async () => {
  const [byItself, bounded, settled] = [await churn("by itself"), await churn("bounded"), await churn("settled")];
  expect(bounded.most).toBeGreaterThan(2 ** 20);
  expect(bounded.most).toBeLessThan(byItself.most * 0.8);
  expect(settled.sizes).toBeLessThan(byItself.sizes);
});
