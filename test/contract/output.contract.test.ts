import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newHome, type TestHome } from "../support/home.ts";
import { childEnv, REPOSITORY } from "../support/mcp-client.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";

// What a subcommand prints, where it cannot be written.

let home: TestHome;
beforeAll(async () => void (home = await newHome()));
afterAll(() => home?.remove());

/** Runs a bin whose stdout is the given one, and gives how it ended. */
function run(bin: string, words: readonly string[], stdout: number | "pipe"): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [bin, ...words], {
    cwd: REPOSITORY,
    env: { ...childEnv(), ...home.env },
    stdio: ["ignore", stdout, "pipe"],
  });
  // Long before the first line is written.
  child.stdout?.destroy();
  let err = "";
  child.stderr!.setEncoding("utf8").on("data", (more: string) => (err += more));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, err })));
}

describe.each(PUBLISHED_BINS)("$server", ({ bin }) => {
  test.each(["--version", "config --json"])("%s, where it cannot be written, ends with 1 and a line", async (words) => {
    // Like a full disk, on every platform: nothing can be written to what was opened to be read.
    const unwritable = openSync(bin, "r");
    try {
      const { code, err } = await run(bin, words.split(" "), unwritable);
      expect([code, err]).toEqual([1, expect.stringMatching(/^\S+: the output could not be written \(EBADF\)\.\n$/)]);
    } finally {
      closeSync(unwritable);
    }
  });

  test("a reader that went away is told nothing", async () => {
    expect(await run(bin, ["--help"], "pipe")).toEqual({ code: 0, err: "" });
  });
});
