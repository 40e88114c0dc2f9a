import { describe, expect, test } from "vitest";
import { httpSession } from "../fuzz/http-session.ts";
import { stdioSession } from "../fuzz/stdio-session.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";

// A fixed sample of `npm run fuzz`: hostile messages at the bare pipes and sockets of every built server.

describe.each(PUBLISHED_BINS)("$server", (published) => {
  test.each([
    ["stdio", stdioSession, 220],
    ["http", httpSession, 160],
  ] as const)("outlasts hostile messages over %s, answers what it must and keeps nothing of them", async (_, session, messages) => {
    const { problems, repeat } = await session({ published, seed: 7, messages });
    expect(problems, `npm run fuzz -- ${repeat}`).toEqual([]);
  });
});
