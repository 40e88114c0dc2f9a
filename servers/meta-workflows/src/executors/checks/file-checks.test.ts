import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createExecutors, type Executors } from "../create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";

let test: TestDeps;
let executors: Executors;
beforeAll(async () => {
  test = await openTestDeps({}, { programs: ["sh"] });
  executors = createExecutors(test.deps);
  writeFileSync(join(test.root, "a.txt"), "one\ntwo three\n");
  mkdirSync(join(test.root, "folder"));
  symlinkSync("/etc", join(test.root, "etc"));
  symlinkSync("a.txt", join(test.root, "link"));
  execFileSync("mkfifo", [join(test.root, "pipe")]);
});
afterAll(async () => {
  await executors.close();
  await test.ledger.dispose();
});

const check = (name: string, given: { readonly [name: string]: Json }): Promise<CallOutcome> =>
  executors.call({ kind: "check", check: name, with: given }, callOptions({ read_only: true, timeout: 5_000 }), callContext());

describe("files", () => {
  it.each<[string, { readonly [name: string]: Json }, object]>([
    ["file.exists", { path: "a.txt" }, { ok: true, bytes: 14 }],
    ["file.exists", { path: "link" }, { ok: true }],
    ["file.exists", { path: "gone" }, { ok: false }],
    ["file.exists", { path: "folder" }, { ok: false }],
    ["file.exists", { path: "folder", kind: "folder" }, { ok: true }],
    ["file.exists", { path: "pipe" }, { ok: false }],
    ["file.line_exists", { path: "a.txt", line: 2 }, { ok: true, lines: 2, at: 2 }],
    ["file.line_exists", { path: "a.txt", line: 3 }, { ok: false, lines: 2 }],
    ["file.line_exists", { path: "a.txt", text: "two three" }, { ok: true, at: 2 }],
    ["file.line_exists", { path: "a.txt", text: "t.*" }, { ok: false }],
    ["file.line_exists", { path: "a.txt", line: 1, text: "three" }, { ok: false }],
    ["file.line_exists", { path: "pipe", line: 1 }, { ok: false }],
    ["file.line_exists", { path: "gone", line: 1 }, { ok: false }],
    ["file.sha256", { path: "a.txt", sha256: createHash("sha256").update("one\ntwo three\n").digest("hex") }, { ok: true, bytes: 14 }],
    ["file.sha256", { path: "a.txt", sha256: "0".repeat(64) }, { ok: false, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    ["file.sha256", { path: "pipe", sha256: "0".repeat(64) }, { ok: false }],
  ])("%s %j", async (name, given, facts) => {
    expect(await check(name, given)).toMatchObject({ status: "done", simulated: false, output: { message: expect.any(String), ...facts } });
  });

  it.each(["../x", "/etc/passwd", "etc/passwd", "etc", "folder/../../x", "..", "../root-gone"])(
    "tells nothing of %s, which is outside",
    async (path) => {
      for (const name of ["file.exists", "file.line_exists", "file.sha256"]) {
        const more = name === "file.exists" ? {} : name === "file.sha256" ? { sha256: "0".repeat(64) } : { line: 1 };
        expect(await check(name, { path, ...more })).toMatchObject({ status: "failed", code: "path_not_allowed" });
      }
    },
  );

  it("refuses what it does not know", async () => {
    expect(await check("file.exists", { path: "a.txt", pat: 1 })).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("pat is not known"),
    });
    expect(await check("file.exists", { path: "a\u0000" })).toMatchObject({ code: "invalid_input" });
    expect(await check("file.line_exists", { path: "a.txt" })).toMatchObject({ code: "invalid_input" });
    expect(await check("constructor", {})).toMatchObject({ code: "not_found", message: expect.stringContaining("file.exists") });
  });
});

describe("tests.pass", () => {
  const pass = (script: string, more: { readonly [name: string]: Json } = {}): Promise<CallOutcome> =>
    check("tests.pass", { argv: ["sh", "-c", script], ...more });
  const report = (total: number, failed: number): string =>
    `{"numTotalTests":${total},"numPassedTests":${total - failed},"numFailedTests":${failed}}`;

  it("believes the exit code that it saw itself", async () => {
    expect(await pass("echo fine")).toMatchObject({ status: "done", output: { ok: true, exit_code: 0, output: "fine" } });
    expect(await pass("echo all green; exit 1")).toMatchObject({
      status: "done",
      output: { ok: false, exit_code: 1, output: "all green" },
    });
  });

  it.each([
    ["3 of 3", report(3, 0), 0, true],
    ["one failed, though the command ended with 0", report(3, 1), 0, false],
    ["none ran", report(0, 0), 0, false],
    ["too few ran", report(3, 0), 5, false],
    ["mocha", '{"stats":{"tests":2,"passes":2,"failures":0}}', 2, true],
    ["a suite that could not be loaded", '{"numTotalTests":3,"numPassedTests":3,"numFailedTests":0,"numFailedTestSuites":1}', 0, false],
    ["no report", "all fine", 0, false],
    ["a report of nothing known", '{"passed":true}', 0, false],
    ["numbers that are none", '{"numTotalTests":"3","numPassedTests":3,"numFailedTests":0}', 0, false],
  ])("reads a report: %s", async (_what, said, min, ok) => {
    expect(await pass(`printf '%s' '${said}'`, { report: "stdout", ...(min === 0 ? {} : { min_tests: min }) })).toMatchObject({
      status: "done",
      output: { ok },
    });
  });

  it("takes a report file that this run wrote, no older one and none from outside", async () => {
    writeFileSync(join(test.root, "report.json"), report(9, 0));
    execFileSync("touch", ["-d", "2020-01-01", join(test.root, "report.json")]);
    expect(await pass("true", { report: { path: "report.json" } })).toMatchObject({ output: { ok: false } });
    expect(await pass(`printf '%s' '${report(2, 0)}' >report.json`, { report: { path: "report.json" } })).toMatchObject({
      output: { ok: true, total: 2 },
    });
    expect(await pass("true", { report: { path: "../../etc/passwd" } })).toMatchObject({ status: "failed", code: "path_not_allowed" });
  });

  it("fails where the command may not be started", async () => {
    expect(await check("tests.pass", { argv: ["rm", "-rf", "/"] })).toMatchObject({ status: "failed", code: "not_allowed" });
    expect(await pass("true", { min_tests: 1 })).toMatchObject({ status: "failed", code: "invalid_input" });
  });
});
