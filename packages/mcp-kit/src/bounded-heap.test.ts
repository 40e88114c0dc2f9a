import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/**
 * In a process of its own, since a flag is one of a process: values that live for a moment too long to be collected as young ones,
 * again and again. Prints how much the old generation held at most, in MB.
 */
const CHURN = `
const { boundHeap } = await import(${JSON.stringify(new URL("bounded-heap.ts", import.meta.url).href)});
const { getHeapSpaceStatistics } = await import("node:v8");
const release = process.argv[1] === "bounded" ? boundHeap() : () => undefined;
const recent = [];
let most = 0;
for (let round = 0; round < 1_500; round += 1) {
  recent[round % 200] = Array.from({ length: 2_000 }, (_, at) => ({ at }));
  if (round < 500 || round % 20 !== 0) continue;
  await new Promise(setImmediate);
  most = Math.max(most, getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space").space_used_size);
}
release();
console.log(most / 2 ** 20);
`;

async function churn(how: "bounded" | "unbounded"): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", CHURN, "--", how], {
    cwd: import.meta.dirname,
  });
  return Number(stdout);
}

test("garbage is collected before it is much", async () => {
  const [unbounded, bounded] = [await churn("unbounded"), await churn("bounded")];
  expect(bounded).toBeGreaterThan(1);
  expect(bounded).toBeLessThan(unbounded * 0.8);
});
