import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ProgramFailed, run, which } from "./program.mjs";

it("gives stdout, and every line of both streams as it comes", async () => {
  const lines: string[] = [];
  const out = await run("node", ["-e", "console.log('a\\nb'); console.error('c')"], { onLine: (line: string) => lines.push(line) });
  expect(out).toBe("a\nb\n");
  expect(lines.toSorted()).toEqual(["a", "b", "c"]);
});

it("tells a failure with exit code and last lines", async () => {
  const failure = await run("node", ["-e", "console.error('why'); process.exit(3)"]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ProgramFailed);
  expect(failure).toMatchObject({
    message: "node -e console.error('why'); process.exit(3) ended with exit code 3",
    output: ["why"],
    code: 3,
  });
});

it("ends a program together with what it started", async () => {
  const controller = new AbortController();
  const script =
    "const c = require('child_process').spawn('sleep', ['60'], { stdio: 'inherit' }); console.log(c.pid); setInterval(() => {}, 1000)";
  let child = 0;
  const ended = run("node", ["-e", script], {
    signal: controller.signal,
    onLine: (line: string) => {
      child = Number(line);
      controller.abort();
    },
  });
  await expect(ended).rejects.toMatchObject({ code: null });
  await expect.poll(() => stateOf(child)).toMatch(/^(Z.*)?$/);
  await expect(run("node", ["-e", ""], { signal: controller.signal })).rejects.toThrow("aborted");
});

it("finds programs on PATH only where they can be run", () => {
  const empty = mkdtempSync(join(tmpdir(), "path-test-"));
  expect(which("node", `${empty}:/nowhere:${process.env["PATH"]}`)).toMatch(/\/node$/);
  expect(which("node", empty)).toBeUndefined();
  rmSync(empty, { recursive: true });
});

/** The state letter of a process; nothing when it is gone, Z when it has ended and nobody asked for its exit code. */
function stateOf(pid: number): string {
  return spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
}
