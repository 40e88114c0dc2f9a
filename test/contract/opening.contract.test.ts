import { spawn, spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openingOf } from "../../tooling/build/opening.ts";
import { newHome } from "../support/home.ts";
import { TERRAFORM_BIN } from "../support/mcp-client.ts";

// The list of tools that a server answers before it is loaded must be the list that it would make.

const DIST = dirname(TERRAFORM_BIN);
let home: Awaited<ReturnType<typeof newHome>>;
beforeEach(async () => void (home = await newHome()));
afterEach(() => home.remove());

/** The built server in a folder of its own, with these of its files only. */
async function partOf(folder: string, names: readonly string[]): Promise<string> {
  await mkdir(folder);
  for (const name of ["bin.js", "main.cjs", "package.json", ...names]) await copyFile(join(DIST, name), join(folder, name));
  return join(folder, "bin.js");
}

test("the recorded opening is what the whole server answers, configured or not", async () => {
  const recorded: unknown = JSON.parse(await readFile(join(DIST, "opening.json"), "utf8"));
  const whole = await partOf(join(home.project, "whole"), ["read-config.cjs", "whole-start.cjs"]);
  expect(await openingOf(whole, home.project)).toEqual(recorded);
  expect(await openingOf(TERRAFORM_BIN, home.project)).toEqual(recorded);
  expect(await openingOf(TERRAFORM_BIN, home.project, { LOG_LEVEL: "warn" })).toEqual(recorded);
  for (const env of [{ PLATFORM_OPS_READ_ONLY: "true" }, { PLATFORM_OPS_TOOLSETS: "runs" }]) {
    expect(await openingOf(TERRAFORM_BIN, home.project, env)).toEqual(await openingOf(whole, home.project, env));
  }
});

test("wrong settings end a server before it answers anything", async () => {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home.project, LOG_LEVEL: "loud" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [TERRAFORM_BIN], { env, cwd: home.project, input: "", encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("logging.level") });
});

test("a server that is read-only lists what it offers, not what was recorded", async () => {
  const { tools } = (await openingOf(TERRAFORM_BIN, home.project, { PLATFORM_OPS_READ_ONLY: "true" })) as {
    tools: { name: string; annotations: { readOnlyHint: boolean } }[];
  };
  expect(tools.map(({ name }) => name)).toContain("list_workflows");
  expect(tools.filter(({ annotations }) => !annotations.readOnlyHint)).toEqual([]);
});

test("the opening needs nothing but its record; a call that cannot be served ends the server with words", async () => {
  const bin = await partOf(join(home.project, "light"), ["opening.json"]);
  expect((await openingOf(bin, home.project)).tools.length).toBeGreaterThan(5);
  const child = spawn(process.execPath, [bin], {
    cwd: home.project,
    env: { PATH: process.env["PATH"] ?? "", HOME: home.project },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin.write(
    `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_workflows", arguments: {} } })}\n`,
  );
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, said }).toEqual({ code: 3, said: expect.stringContaining("could not be loaded") });
});
