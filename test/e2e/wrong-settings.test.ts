// What each bin does for a person whose settings are wrong, at a real terminal.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { childEnv } from "../support/mcp-client.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";
import { openTerminal } from "../support/terminal.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-wrong-")));
  writeFileSync(join(folder, "config.yaml"), "temporal:\n  port: over there\napprovels: {}\n", { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PROBLEMS = /2 settings are wrong[^]*temporal\.port \(file \S+config\.yaml:2\)[^]*approvels \(file \S+config\.yaml:3\)/;

test.each(PUBLISHED_BINS)("$server: wrong settings are told once; what helps to set them right works", async ({ bin }) => {
  const env = { ...childEnv(), HOME: folder, PLATFORM_OPS_HOME: join(folder, "home"), PLATFORM_OPS_CONFIG: join(folder, "config.yaml") };
  await using terminal = await openTerminal({ cwd: folder, env });
  const run = (words: string): ReturnType<typeof terminal.run> => terminal.run(`'${process.execPath}' '${bin}' ${words}`);

  for (const words of ["", "approvals", "http"]) {
    const { code, output } = await run(words);
    expect(code, words).toBe(2);
    expect(output, words).toMatch(PROBLEMS);
    expect(output.match(/port \(file/g), words).toHaveLength(1);
    expect(output.match(/No such key/g), words).toHaveLength(1);
    expect(output, words).not.toContain("waits for");
  }
  expect(await run("--version")).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(await run("--help")).toEqual({ code: 0, output: expect.stringContaining("approve ID") });
  expect(await run("approve --help")).toEqual({ code: 0, output: expect.stringContaining("Usage:") });

  const doctor = await run("doctor");
  expect(doctor.code).toBe(2);
  expect(doctor.output).toMatch(/✗ settings +2 settings are wrong[^]*temporal\.port/);
  expect(doctor.output).toMatch(/✓ Node/);

  const config = await run("config --json 2>/dev/null");
  expect(config.code).toBe(2);
  expect(JSON.parse(config.output)).toMatchObject({
    settings: { logging: { level: "info" } },
    problems: [{ setting: "temporal.port" }, { setting: "approvels" }],
  });

  expect((await run("install cursor")).code).toBe(0);
  expect(await run("install cursor --undo")).toEqual({ code: 0, output: expect.stringContaining(".cursor") });
});

test("with no home, and in a folder that is gone, it says so or does what is asked", async () => {
  const { bin } = PUBLISHED_BINS[0]!;
  await using terminal = await openTerminal({ cwd: folder, env: { ...childEnv(), HOME: folder } });
  const words = `'${process.execPath}' '${bin}'`;
  const homeless = await terminal.run(`HOME=here ${words} approvals`);
  expect(homeless).toEqual({ code: 2, output: expect.stringMatching(/^\S+: HOME is no absolute path[^]*Set HOME[^]*$/) });
  expect(homeless.output).not.toMatch(/\n +at /);
  expect((await terminal.run(`HOME=here ${words} --version`)).code).toBe(0);
  expect((await terminal.run(`HOME= ${words} config --json > /dev/null`)).code).toBe(0);
  const gone = await terminal.run(`mkdir gone && cd gone && rmdir ../gone && ${words} --version; cd ..`, []);
  expect(gone.output).toMatch(/^\d+\.\d+\.\d+$/m);
});
