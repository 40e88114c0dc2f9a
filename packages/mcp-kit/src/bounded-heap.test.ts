import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/**
 * In a process of its own, since a flag is one of a process: values that live for a moment too long to be collected as young ones,
 * again and again. Prints how much the old generation held on average once it was warm, in MB, and how large the young one became.
 */
const CHURN = `
const { boundHeap } = await import(${JSON.stringify(new URL("bounded-heap.ts", import.meta.url).href)});
const { getHeapSpaceStatistics } = await import("node:v8");
const release = process.argv[1] === "bounded" ? boundHeap() : undefined;
const space = (name) => getHeapSpaceStatistics().find(({ space_name }) => space_name === name);
const recent = [];
let [held, looks, youngMb] = [0, 0, 0];
for (let round = 0; round < 6_000; round += 1) {
  recent[round % 200] = Array.from({ length: 2_000 }, (_, at) => ({ at }));
  if (round < 2_000 || round % 20 !== 0) continue;
  youngMb = Math.max(youngMb, space("new_space").space_size / 2 ** 20);
  await new Promise(setImmediate);
  held += space("old_space").space_used_size;
  looks += 1;
}
release?.();
console.log(JSON.stringify({ heldMb: held / looks / 2 ** 20, youngMb }));
`;

async function churn(how: "bounded" | "by itself"): Promise<{ heldMb: number; youngMb: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", CHURN, "--", how], {
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout) as { heldMb: number; youngMb: number };
}

/** Twice of what lives. Node 20 holds 47 MB by itself; later ones now 23, now 58. */
const MUCH_MB = 35;

test("garbage is collected before it is much", { timeout: 120_000 }, async () => {
  const { heldMb } = await churn("bounded");
  expect(heldMb).toBeGreaterThan(5);
  expect(heldMb).toBeLessThan(MUCH_MB);
});

test("the space of young objects stays as small as it was", { timeout: 120_000 }, async () => {
  const [byItself, bounded] = [await churn("by itself"), await churn("bounded")];
  expect(bounded.youngMb).toBeLessThan(byItself.youngMb / 2);
});
