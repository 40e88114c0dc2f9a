import type { Orchestration } from "../contract/orchestration.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { keepOrchestration, type KeptOrchestration, type KeepParts, type Need } from "./keep-orchestration.ts";

// The border to Temporal: whether connections are made, kept and given back is all that is looked at here.

let opened: { need: Need; closed: boolean }[];
beforeEach(() => void (opened = []));

const READ = { worker: false };
const WRITE = { worker: true };

function keep(parts: Partial<KeepParts> = {}): KeptOrchestration {
  return keepOrchestration({
    async open(need) {
      const made = { need, closed: false };
      opened.push(made);
      await sleep(5);
      return { close: async () => void (made.closed = true) } as Orchestration;
    },
    isKept: async () => true,
    lookAfterMs: 0,
    retireAfterMs: 20,
    ...parts,
  });
}

test("one connection serves all calls, also those that come while it is made", async () => {
  const kept = keep();
  const all = await Promise.all([kept.get(READ), kept.get(READ), kept.get(READ)]);
  expect(new Set([...all, await kept.get(READ)]).size).toBe(1);
  expect(opened).toEqual([{ need: READ, closed: false }]);
});

test("the first call that needs a worker opens anew; what reads goes on with that", async () => {
  const kept = keep();
  const read = await kept.get(READ);
  const written = await kept.get(WRITE);
  expect(written).not.toBe(read);
  expect(await kept.get(READ)).toBe(written);
  expect(opened.map(({ need }) => need)).toEqual([READ, WRITE]);
});

test("where nobody keeps alive what was opened, calls open anew, and only once", async () => {
  const left: Orchestration[] = [];
  const kept = keep({ isKept: async (open) => !left.includes(open) });
  const gone = await kept.get(WRITE);
  left.push(gone);
  const [one, other] = await Promise.all([kept.get(READ), kept.get(READ)]);
  expect(one).not.toBe(gone);
  expect(other).toBe(one);
  // It was opened for reading: a call that needs a worker sees to one.
  expect(await kept.get(WRITE)).not.toBe(one);
  expect(opened.map(({ need }) => need)).toEqual([WRITE, READ, WRITE]);
});

test("it is not looked at again within a moment", async () => {
  let looks = 0;
  const kept = keep({
    lookAfterMs: 60_000,
    isKept: async () => {
      looks += 1;
      return false;
    },
  });
  await kept.get(READ);
  await kept.get(READ);
  expect(looks).toBe(0);
});

test("what was replaced is closed when its calls in flight have had their time", async () => {
  const kept = keep();
  await kept.get(READ);
  await kept.get(WRITE);
  expect(opened.map(({ closed }) => closed)).toEqual([false, false]);
  await expect.poll(() => opened.map(({ closed }) => closed)).toEqual([true, false]);
  await kept.close();
  expect(opened.map(({ closed }) => closed)).toEqual([true, true]);
});

test("a failure is the caller's, and the next call tries again", async () => {
  let tries = 0;
  const kept = keep({
    open: async () => {
      tries += 1;
      if (tries === 1) throw new Error("not yet");
      return { close: async () => undefined } as Orchestration;
    },
  });
  await expect(kept.get(READ)).rejects.toThrow("not yet");
  await kept.get(READ);
  expect(tries).toBe(2);
  await keep().close();
});
