import { expect, test } from "vitest";
import { playRound } from "../chaos/round.ts";

// A fixed sample of `npm run chaos`: the stories are the same each time, what the machine does in them is not.

test.each([100, 501])(
  "the story of seed %i: whatever is killed, nothing is applied twice, nothing is lost, and all of it is on record",
  async (seed) => {
    const { problems, killed, status } = await playRound(seed);
    expect(problems, `killed ${killed.join(" ")}\n${status}`).toEqual([]);
    expect(killed.length).toBeGreaterThan(0);
  },
);
