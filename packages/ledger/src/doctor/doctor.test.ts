import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Terminal } from "../command.ts";
import { openLedger } from "../open-ledger.ts";
import { Redactor } from "../redaction.ts";
import { temporaryPolicy } from "../testing.ts";
import type { Check } from "./check.ts";
import { clockCheck } from "./clock-check.ts";
import { commonChecks } from "./common-checks.ts";
import { doctorCommand } from "./doctor-command.ts";
import { isOlder, programCheck } from "./program-check.ts";

let folder: string;
let home: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "doctor-")));
  home = join(folder, "home");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function look(change: Partial<Parameters<typeof commonChecks>[0]> = {}): Promise<Check[]> {
  const policy = temporaryPolicy();
  return commonChecks({
    settings: { home },
    policy,
    files: { config: undefined, policy: undefined },
    notes: [],
    problems: [],
    searchPath: folder,
    env: {},
    builtAt: undefined,
    open: () => openLedger(home, policy, new Redactor()),
    ...change,
  });
}

async function found(id: string, change: Parameters<typeof look>[0] = {}): Promise<Check | undefined> {
  return (await look(change)).find((check) => check.id === id);
}

/** A stand-in for a program: prints this on one of its streams. */
function program(name: string, prints: string, stream: "1" | "2" = "1", code = 0): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${prints}' >&${stream}\nexit ${code}\n`, { mode: 0o755 });
  return path;
}

describe("the data directory", () => {
  test("that is not made yet is only looked for", async () => {
    expect(await found("data_directory")).toMatchObject({ status: "ok", found: expect.stringContaining("not made yet"), path: home });
    expect(existsSync(home)).toBe(false);
  });

  test("that others can look into is mended", async () => {
    mkdirSync(home);
    chmodSync(home, 0o755);
    const check = await found("data_directory");
    expect(check).toMatchObject({ status: "warn", found: expect.stringContaining("755") });
    expect(statSync(home).mode & 0o777).toBe(0o700); // opened for its keys, which takes the rights away as every start does
    chmodSync(home, 0o755);
    await check?.mend?.run(() => undefined);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(await found("data_directory")).toMatchObject({ status: "ok", found: "mode 700" });
  });

  test("that others can write is for a person to judge", async () => {
    mkdirSync(home);
    chmodSync(home, 0o777);
    const check = await found("data_directory");
    expect(check).toMatchObject({ status: "broken", found: "mode 777", cure: expect.stringContaining(`chmod 700 ${home}`) });
    expect(check).not.toHaveProperty("mend");
    expect(await found("keys")).toBeUndefined();
  });

  test.each([
    ["a file", () => writeFileSync(home, ""), "not a directory"],
    ["under a file", () => (writeFileSync(home, ""), (home = join(home, "under"))), "ENOTDIR"],
  ])("that is %s is broken", async (_what, make, words) => {
    make();
    expect(await found("data_directory")).toMatchObject({ status: "broken", found: expect.stringContaining(words) });
  });

  test("whose keys are lost says so, and makes none", async () => {
    const { keys } = await openLedger(home, temporaryPolicy(), new Redactor());
    expect(await found("keys")).toMatchObject({ status: "ok", found: `key ${keys.id}` });
    rmSync(join(home, "keys", `${keys.id}.json`));
    expect(await found("keys")).toMatchObject({ status: "missing", found: expect.stringContaining("key_missing") });
    rmSync(join(home, "id"));
    writeFileSync(join(home, "id"), "nonsense", { mode: 0o600 });
    expect(await found("keys")).toMatchObject({ status: "broken", found: expect.stringContaining("data_directory_unsafe") });
  });
});

describe("the clock", () => {
  const at = (time: string) => ({ home, builtAt: "2026-01-02T00:00:00Z", now: () => Date.parse(time) });

  test("cannot be before this release", async () => {
    expect(await clockCheck(at("2020-01-01T00:00:00Z"))).toMatchObject({ status: "broken", wanted: "after 2026-01-02T00:00:00Z" });
    expect(await clockCheck(at("2026-01-01T23:58:00Z"))).toMatchObject({ status: "ok" });
  });

  test("cannot be before what is on record", async () => {
    mkdirSync(join(home, "audit"), { recursive: true });
    writeFileSync(join(home, "audit", "2026-03-01.jsonl"), '{"time":"2026-03-01T10:00:00.000Z","kind":"run"}\n{"time":"cut');
    expect(await clockCheck(at("2026-02-01T00:00:00Z"))).toMatchObject({ status: "warn", wanted: "after 2026-03-01T10:00:00.000Z" });
  });

  test("is compared with the file system's", async () => {
    mkdirSync(home);
    expect(await clockCheck({ home, builtAt: undefined })).toMatchObject({ status: "ok" });
    const late = Date.now() - 3_600_000;
    expect(await clockCheck({ home, builtAt: undefined, now: () => late })).toMatchObject({
      status: "warn",
      found: expect.stringContaining("60 min behind"),
    });
  });
});

describe("a program", () => {
  const around = () => ({ searchPath: `relative:${folder}:/usr/bin`, env: {} });
  const wanted = {
    id: "x",
    program: "x-tool",
    versionArgs: ["--version"],
    version: /v(\d+\.\d+\.\d+)/,
    atLeast: "1.5",
    cure: "Install it.",
  };

  test.each([
    ["is found with its version and path", "x-tool v1.10.2", {}, { status: "ok", version: "1.10.2" }],
    ["is too old", "x-tool v1.4.9", {}, { status: "broken", version: "1.4.9", wanted: ">= 1.5", cure: "Install it." }],
    ["is too old, and something works without it", "x-tool v1.4.9", { otherwise: "warn" as const }, { status: "warn" }],
    ["does not tell its version", "hello", {}, { status: "broken", found: "does not tell its version" }],
  ])("%s", async (_what, prints, change, expected) => {
    const path = program("x-tool", prints);
    expect(await programCheck({ ...wanted, ...change }, around())).toMatchObject({ ...expected, path });
  });

  test("tells its version on stderr and with a failure too", async () => {
    program("x-tool", "v2.0.0", "2", 1);
    expect(await programCheck(wanted, around())).toMatchObject({ status: "ok", version: "2.0.0" });
  });

  test("is missing, or named and of no use", async () => {
    expect(await programCheck(wanted, around())).toMatchObject({ status: "missing", found: "not on PATH" });
    writeFileSync(join(folder, "x-tool"), "", { mode: 0o644 });
    expect(await programCheck(wanted, around())).toMatchObject({ status: "missing" });
    expect(await programCheck({ ...wanted, configured: join(folder, "x-tool") }, around())).toMatchObject({ status: "broken" });
  });

  test.each([
    ["1.5.0", "1.5", false],
    ["1.4.99", "1.5", true],
    ["1.10", "1.9.5", false],
    ["2", "10", true],
    ["1.6.0-rc1", "1.6", false],
  ])("%s is older than %s: %s", (version, than, expected) => expect(isOlder(version, than)).toBe(expected));
});

describe("signed approvals and the operator's file", () => {
  const signed = { allowed_signers: "", required: 1 };

  test("need ssh-keygen and a file of signers", async () => {
    const policy = temporaryPolicy([{ name: "prod", match: {}, protected: true, channels: ["signed"] }], {
      signed: { ...signed, allowed_signers: join(folder, "signers") },
    });
    expect(await found("ssh_keygen", { policy })).toMatchObject({ status: "missing" });
    expect(await found("allowed_signers", { policy })).toMatchObject({ status: "missing", path: join(folder, "signers") });
    writeFileSync(join(folder, "signers"), "");
    program("ssh-keygen", "");
    expect(await found("ssh_keygen", { policy })).toMatchObject({ status: "ok" });
    expect(await found("allowed_signers", { policy })).toMatchObject({ status: "ok" });
    expect(await found("allowed_signers")).toBeUndefined();
  });

  test("a file that its group can write is mended, notes are told", async () => {
    const config = join(folder, "config.yaml");
    writeFileSync(config, "");
    chmodSync(config, 0o664);
    const check = await found("config", { files: { config, policy: undefined } });
    expect(check).toMatchObject({ status: "warn", path: config });
    await check?.mend?.run(() => undefined);
    expect(statSync(config).mode & 0o777).toBe(0o644);
    expect(await found("config", { files: { config, policy: undefined }, notes: ["x is not used."] })).toMatchObject({
      status: "warn",
      cure: "x is not used.",
    });
  });

  test("tokens of http are counted, and told before they end", async () => {
    const ledger = await openLedger(home, temporaryPolicy(), new Redactor());
    expect(await found("http_tokens")).toBeUndefined();
    const grant = { server: "x", principal: "ann", read_only: false, created_by: "tty:ann" };
    const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
    await ledger.tokens.create({ ...grant, expires_at: inDays(30) });
    expect(await found("http_tokens")).toMatchObject({ status: "ok", found: "1 valid, 0 expired, 0 revoked" });
    await ledger.tokens.create({ ...grant, expires_at: inDays(1) });
    expect(await found("http_tokens")).toMatchObject({ status: "warn", cure: expect.stringContaining("of ann") });
  });
});

describe("doctor", () => {
  let out: string;
  let err: string;
  let isMended: boolean;
  const terminal = (answers?: string[]): Terminal => ({
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    isTTY: answers !== undefined,
    color: false,
    columns: 60,
    ...(answers && { ask: async (question: string) => ((err += question), answers.shift() ?? "") }),
  });
  const command = doctorCommand<void>("x-mcp", async () => [
    { id: "a", name: "a part", status: "ok", version: "1.0", path: "/opt/a" },
    isMended
      ? { id: "b", name: "another", status: "ok" }
      : {
          id: "b",
          name: "another",
          status: "missing",
          wanted: "2.0",
          cure: "Do this.",
          mend: { what: "Install b", run: async (say) => (say("fetching"), void (isMended = true)) },
        },
    {
      id: "c",
      name: "a third",
      status: "warn",
      found: "odd",
      cure: "A cure of so many words that it does not fit into one line of sixty characters.",
      mend: { what: "Turn c", run: async () => Promise.reject(new OpsError("storage_failed", "It cannot.")) },
    },
  ]);
  const run = (options: Record<string, boolean>, answers?: string[]) =>
    command.run({ positionals: [], options }, undefined, terminal(answers), new AbortController().signal);

  beforeEach(() => {
    [out, err, isMended] = ["", "", false];
  });

  test("tells each part, the cure under it, and a count; a fault is exit 3", async () => {
    expect(await run({}, [])).toBe(3);
    expect(out).toContain("✓ a part   1.0 at /opt/a\n");
    expect(out).toContain("✗ another  not there; wanted: 2.0\n    Do this.\n");
    expect(out).toMatch(/^ {4}A cure of so many words.*\n {4}\S/m);
    expect(out).toContain("3 checked: 1 ok, 1 missing, 1 to know of");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  test("--json has a stable shape", async () => {
    expect(await run({ json: true })).toBe(3);
    expect(JSON.parse(out)).toEqual({
      format: 1,
      server: "x-mcp",
      ok: false,
      checks: [
        { id: "a", name: "a part", status: "ok", version: "1.0", path: "/opt/a", mendable: false },
        { id: "b", name: "another", status: "missing", wanted: "2.0", cure: "Do this.", mendable: true },
        { id: "c", name: "a third", status: "warn", found: "odd", cure: expect.any(String), mendable: true },
      ],
    });
  });

  test("--fix asks at a terminal, for each", async () => {
    expect(await run({ fix: true }, ["n", ""])).toBe(3);
    expect(err).toContain("Install b? [y/N]");
    expect(isMended).toBe(false);
    expect(await run({ fix: true }, ["y", "y"])).toBe(0);
    expect(err).toContain("✓ Install b");
    expect(err).toContain("✗ Turn c: It cannot.");
    expect(out).toContain("✓ another");
  });

  test("--fix changes nothing where nobody can be asked, unless told so", async () => {
    await expect(run({ fix: true })).rejects.toMatchObject({ code: "invalid_input", hint: expect.stringContaining("--yes") });
    expect(isMended).toBe(false);
    expect(await run({ fix: true, yes: true, json: true })).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, mended: ["Install b"] });
  });
});
