import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { colorWish, processTerminal, type StandardStreams } from "./process-terminal.ts";

function streams(isTTY: boolean): StandardStreams {
  const stream = (): PassThrough => Object.assign(new PassThrough(), { isTTY, columns: isTTY ? 120 : undefined });
  return { stdin: stream(), stdout: stream(), stderr: stream() } as unknown as StandardStreams;
}

describe("colours", () => {
  test.each([
    [{}, true, false],
    [{ NO_COLOR: "" }, true, false],
    [{ NO_COLOR: "1" }, false, false],
    [{ TERM: "dumb" }, false, false],
    [{ FORCE_COLOR: "1" }, true, true],
    [{ FORCE_COLOR: "true", NO_COLOR: "1" }, true, true],
    [{ FORCE_COLOR: "0" }, false, false],
    [{ FORCE_COLOR: "false" }, false, false],
    [{ FORCE_COLOR: "" }, true, false],
  ])("with %j: at a terminal %s, elsewhere %s", (env, atTerminal, elsewhere) => {
    const color = colorWish(env);
    expect([processTerminal(streams(true), { color }).color, processTerminal(streams(false), { color }).color]).toEqual([
      atTerminal,
      elsewhere,
    ]);
  });
});

test("only a terminal is asked, and has a width of its own", () => {
  const [at, elsewhere] = [true, false].map((isTTY) => processTerminal(streams(isTTY), { color: "terminal" }));
  expect([at?.isTTY, typeof at?.ask, at?.columns]).toEqual([true, "function", 120]);
  expect([elsewhere?.isTTY, elsewhere?.ask, elsewhere?.columns]).toEqual([false, undefined, 80]);
});
