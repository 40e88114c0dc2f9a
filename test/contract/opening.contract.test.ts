import { spawn, spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openingOf } from "../../tooling/build/opening.ts";
import { startAgent, type Agent } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { aToolset, PUBLISHED_BINS, recordedOpening, type ListedTool } from "../support/published-bins.ts";

// The list of tools that a server answers before it is loaded must be the list that it would make.

describe.each(PUBLISHED_BINS)("$server", (published) => {
  let folder: string;
  let [home, project] = ["", ""];
  beforeEach(async () => {
    folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-opening-")));
    [home, project] = [join(folder, "home"), join(folder, "project")];
    await Promise.all([mkdir(home, { mode: 0o700 }), mkdir(project)]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** The built server in a folder of its own, with these of its files only. */
  async function partOf(name: string, files: readonly string[]): Promise<string> {
    const part = join(project, name);
    await mkdir(part);
    for (const file of ["bin.js", "main.cjs", "package.json", ...files]) await copyFile(join(published.dist, file), join(part, file));
    return join(part, "bin.js");
  }

  test("the recorded opening is what the whole server answers, configured or not", async () => {
    const recorded = recordedOpening(published);
    const whole = await partOf("whole", ["read-config.cjs", "parse-yaml.cjs", "whole-start.cjs"]);
    expect(await openingOf(whole, project)).toEqual(recorded);
    expect(await openingOf(published.bin, project)).toEqual(recorded);
    expect(await openingOf(published.bin, project, { LOG_LEVEL: "warn" })).toEqual(recorded);
    const config = join(project, "config.yaml");
    const toolset = await aToolset(published);
    await writeFile(config, `toolsets: [${toolset}]\n`);
    // Nothing but the record and what reads settings: no answer can come from the server itself.
    const light = await partOf("variables", ["opening.json", "read-config.cjs"]);
    const withFile = await partOf("file", ["opening.json", "read-config.cjs", "parse-yaml.cjs"]);
    const given: Record<string, string>[] = [
      { PLATFORM_OPS_READ_ONLY: "true" },
      { PLATFORM_OPS_TOOLSETS: toolset },
      { PLATFORM_OPS_TOOLSETS: "nothing" },
      { PLATFORM_OPS_CONFIG: config, PLATFORM_OPS_HOME: home },
      { PLATFORM_OPS_CONFIG: config, PLATFORM_OPS_HOME: home, PLATFORM_OPS_READ_ONLY: "true" },
    ];
    for (const env of given) {
      const expected = await openingOf(whole, project, env);
      const bin = "PLATFORM_OPS_CONFIG" in env ? withFile : light;
      expect(await openingOf(bin, project, env), JSON.stringify(env)).toEqual(expected);
      if (env["PLATFORM_OPS_READ_ONLY"] !== undefined) expect(expected.tools.length).toBeLessThan(recorded.tools.length);
      if (env["PLATFORM_OPS_TOOLSETS"] === "nothing") expect(expected.tools).toEqual([]);
    }
  });

  test("wrong settings end a server before it answers anything", async () => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: project, LOG_LEVEL: "loud" };
    const { status, stdout, stderr } = spawnSync(process.execPath, [published.bin], { env, cwd: project, input: "", encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("logging.level") });
  });

  test("a server that is read-only lists what it offers, not what was recorded", async () => {
    const { tools } = (await openingOf(published.bin, project, { PLATFORM_OPS_READ_ONLY: "true" })) as { tools: ListedTool[] };
    expect(tools.length).toBeGreaterThan(0);
    expect(tools.filter(({ annotations }) => !annotations.readOnlyHint)).toEqual([]);
  });

  test("what an operator's file says is known to the next start, and ends with a change of it", async () => {
    const config = join(project, "config.yaml");
    const env = { PLATFORM_OPS_HOME: home, PLATFORM_OPS_CONFIG: config };
    const bin = await partOf("built", ["opening.json", "read-config.cjs", "parse-yaml.cjs", "whole-start.cjs"]);
    await writeFile(config, "read_only: true\n");
    // What has just changed is read each time.
    await sleep(2_200);
    const read = await openingOf(bin, project, env);
    expect((read.tools as ListedTool[]).filter(({ annotations }) => !annotations.readOnlyHint)).toEqual([]);
    expect(await openingOf(bin, project, env)).toEqual(read);
    // That it is known, and not read again, shows where something else is made known.
    const known = join(home, "known-starts.json");
    await writeFile(known, (await readFile(known, "utf8")).replace('"readOnly":true', '"readOnly":false'));
    const all = await openingOf(bin, project, env);
    expect(all.tools.length).toBeGreaterThan(read.tools.length);
    await writeFile(config, "read_only: true\nlogging: { level: error }\n");
    expect(await openingOf(bin, project, env)).toEqual(read);
    await writeFile(config, "read_only: maybe\n");
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin], {
      env: { PATH: process.env["PATH"] ?? "", HOME: project, ...env },
      input: "",
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("read_only") });
  });

  test("a start that is known lets nothing through that the operator's file forbids", async () => {
    const config = join(project, "config.yaml");
    const env = { PLATFORM_OPS_HOME: home, PLATFORM_OPS_CONFIG: config };
    await writeFile(config, "read_only: true\n");
    await sleep(2_200);
    const connect = (): Promise<Agent> => startAgent({ bin: published.bin, roots: [], home, env, cwd: project });
    const known = join(home, "known-starts.json");
    // A server that is ended at once may not have come to writing it down.
    await until(async () => {
      await (await connect()).close();
      return existsSync(known);
    }, "a start to be known");
    await writeFile(known, (await readFile(known, "utf8")).replace('"readOnly":true', '"readOnly":false'));
    const agent = await connect();
    // The list is only a list: by it, the server would take this call.
    const changes = recordedOpening(published).tools.find(({ annotations }) => !annotations.readOnlyHint)!.name;
    expect((await agent.client.listTools()).tools.map(({ name }) => name)).toContain(changes);
    const refused = await agent.call(changes);
    await agent.close();
    expect(refused.data["error"], refused.text).toMatchObject({ code: "read_only" });
  });

  test("the opening needs nothing but its record; a call that cannot be served ends the server with words", async () => {
    const bin = await partOf("light", ["opening.json"]);
    expect((await openingOf(bin, project)).tools.length).toBeGreaterThan(5);
    const child = spawn(process.execPath, [bin], {
      cwd: project,
      env: { PATH: process.env["PATH"] ?? "", HOME: project },
      stdio: ["pipe", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: recordedOpening(published).tools[0]!.name, arguments: {} } })}\n`,
    );
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect({ code, said }).toEqual({ code: 3, said: expect.stringContaining("could not be loaded") });
  });
});
