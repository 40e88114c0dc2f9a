import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingsTable } from "./definitions.ts";
import { readSettings } from "./read-settings.ts";
import { isUnconfigured, type Start } from "./unconfigured.ts";

let home: string;
const start = (over: Partial<Start> = {}): Start => ({ argv: [], env: { PATH: "/usr/bin" }, cwd: home, home, platform: "linux", ...over });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "unconfigured-"));
  mkdirSync(join(home, "infra"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("a start that nothing configures", () => {
  it.each([
    { argv: [] },
    { argv: ["--root", "infra"] },
    { argv: ["--root", "infra", "--root", "."] },
    { env: { PLATFORM_OPS_HOME: "/somewhere", AWS_PROFILE: "x" } },
    { env: { PLATFORM_OPS_TEST_X: "1" } },
    { env: { SSH_AUTH_SOCK: "/run/agent.sock" } },
    { env: { SSH_AUTH_SOCK: "x".repeat(10_000) } },
  ])("%j", (over) => {
    expect(isUnconfigured(start(over))).toBe(true);
    const { settings, policy } = readSettings(start(over));
    expect([settings.toolsets, settings.read_only, policy.toolsets, policy.read_only]).toEqual([undefined, false, undefined, false]);
  });
});

describe("anything that is, or may be, a setting makes the start a whole one", () => {
  it.each([
    [["call"]],
    [["--version"]],
    [["--root"]],
    [["--root", "absent"]],
    [["--root", "~"]],
    [["--root", "infra:."]],
    [["--root", "infra", "--read-only", "true"]],
    [["--root=infra"]],
    [["infra", "--root"]],
  ])("%j", (argv) => expect(isUnconfigured(start({ argv }))).toBe(false));

  it.each(
    settingsTable()
      .flatMap(({ env }) => env)
      .filter((name) => name !== "PLATFORM_OPS_HOME" && name !== "SSH_AUTH_SOCK"),
  )("%s", (name) => {
    expect(isUnconfigured(start({ env: { [name]: "x" } }))).toBe(false);
  });

  it("an unknown variable of ours, which is refused", () =>
    expect(isUnconfigured(start({ env: { PLATFORM_OPS_TOOLSET: "x" } }))).toBe(false));

  it.each(["a file", "a folder"])("%s at the operator's place", (kind) => {
    const config = join(home, ".config/platform-ops");
    mkdirSync(config, { recursive: true });
    expect(isUnconfigured(start())).toBe(true);
    if (kind === "a file") writeFileSync(join(config, "config.yaml"), "");
    else mkdirSync(join(config, "config.yaml"));
    expect(isUnconfigured(start())).toBe(false);
    expect(isUnconfigured(start({ env: { XDG_CONFIG_HOME: join(home, "infra") } }))).toBe(true);
  });

  it("a place that may not be looked at", () => {
    writeFileSync(join(home, ".config"), "");
    expect(isUnconfigured(start())).toBe(false);
  });

  it("a home that is no absolute path", () => expect(isUnconfigured(start({ home: "x" }))).toBe(false));
});
