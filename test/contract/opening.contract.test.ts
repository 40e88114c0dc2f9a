import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openingOf } from "../../tooling/build/opening.ts";
import { newHome } from "../support/home.ts";
import { startAgent, TERRAFORM_BIN, type Agent } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";

// The list of tools that a server answers before it is loaded must be the list that it would make.

interface Listed {
  readonly name: string;
  readonly annotations: { readonly readOnlyHint: boolean };
}

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
  const { tools } = (await openingOf(TERRAFORM_BIN, home.project, { PLATFORM_OPS_READ_ONLY: "true" })) as { tools: Listed[] };
  expect(tools.map(({ name }) => name)).toContain("list_workflows");
  expect(tools.filter(({ annotations }) => !annotations.readOnlyHint)).toEqual([]);
});

test("what an operator's file says is known to the next start, and ends with a change of it", async () => {
  const config = join(home.project, "config.yaml");
  const env = { PLATFORM_OPS_HOME: home.home, PLATFORM_OPS_CONFIG: config };
  const bin = await partOf(join(home.project, "built"), ["opening.json", "read-config.cjs", "whole-start.cjs"]);
  await writeFile(config, "read_only: true\n");
  // What has just changed is read each time.
  await sleep(2_200);
  const read = await openingOf(bin, home.project, env);
  expect((read.tools as Listed[]).filter(({ annotations }) => !annotations.readOnlyHint)).toEqual([]);
  expect(await openingOf(bin, home.project, env)).toEqual(read);
  // That it is known, and not read again, shows where something else is made known.
  const known = join(home.home, "known-starts.json");
  await writeFile(known, (await readFile(known, "utf8")).replace('"readOnly":true', '"readOnly":false'));
  const all = await openingOf(bin, home.project, env);
  expect(all.tools.length).toBeGreaterThan(read.tools.length);
  await writeFile(config, "read_only: true\nlogging: { level: error }\n");
  expect(await openingOf(bin, home.project, env)).toEqual(read);
  await writeFile(config, "read_only: maybe\n");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin], {
    env: { PATH: process.env["PATH"] ?? "", HOME: home.project, ...env },
    input: "",
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("read_only") });
});

test("a start that is known lets nothing through that the operator's file forbids", async () => {
  const config = join(home.project, "config.yaml");
  const env = { PLATFORM_OPS_HOME: home.home, PLATFORM_OPS_CONFIG: config };
  await writeFile(config, "read_only: true\n");
  await sleep(2_200);
  const connect = (): Promise<Agent> => startAgent({ roots: [], home: home.home, env, cwd: home.project });
  const known = join(home.home, "known-starts.json");
  // A server that is ended at once may not have come to writing it down.
  await until(async () => {
    await (await connect()).close();
    return existsSync(known);
  }, "a start to be known");
  await writeFile(known, (await readFile(known, "utf8")).replace('"readOnly":true', '"readOnly":false'));
  const agent = await connect();
  expect((await agent.client.listTools()).tools.map(({ name }) => name)).toContain("execute_workflow");
  const refused = await agent.call("execute_workflow", { config_path: "infra.yaml" });
  await agent.close();
  expect(refused.data["error"], refused.text).toMatchObject({ code: "read_only" });
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
