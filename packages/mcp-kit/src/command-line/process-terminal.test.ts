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

test("what would act on a screen is written out there, and given as it is to what reads on", () => {
  const hostile = "a\u001b[2Jb\u202ec\r\u001b[2Kd\n";
  const written = (isTTY: boolean): string[] => {
    const { stdin, stdout, stderr } = streams(isTTY);
    const terminal = processTerminal({ stdin, stdout, stderr }, { color: "terminal" });
    terminal.stdout(hostile);
    terminal.stderr(hostile);
    return [stdout, stderr].map((stream) => String((stream as unknown as PassThrough).read()));
  };
  const seen = String.raw`a\u{1b}[2Jb\u{202e}c\u{d}\u{1b}[2Kd` + "\n";
  expect(written(true)).toEqual([seen, seen]);
  expect(written(false)).toEqual([hostile, hostile]);
});
