import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../setup.mjs";

// The real program and git, with a remote of this machine; in gh's place a program that writes down what it was asked.

let folder: string;
let clone: string;
const git = (...args: string[]): string =>
  execFileSync("git", ["-C", clone, "-c", "user.name=t", "-c", "user.email=t@t", ...args], { encoding: "utf8" }).trim();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-pull-request-")));
  clone = join(folder, "clone");
  execFileSync("git", ["init", "--quiet", "--bare", join(folder, "remote.git")]);
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", clone]);
  mkdirSync(join(clone, "servers/one"), { recursive: true });
  writeFileSync(join(clone, "servers/one/package.json"), '{ "name": "@platform-ops/one-mcp", "version": "0.1.0" }\n');
  for (const name of ["pull-request.mjs", "packages.mjs"]) cpSync(join(ROOT, "tooling/release", name), join(clone, name));
  git("add", "--all");
  git("commit", "--quiet", "--message", "first");
  git("remote", "add", "origin", join(folder, "remote.git"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes a patch that says that version, undoes it, and hands it over. Returns what gh was asked. */
function propose(version: string, open: object[]): string[] {
  const file = join(clone, "servers/one/package.json");
  writeFileSync(file, `{ "name": "@platform-ops/one-mcp", "version": "${version}" }\n`);
  writeFileSync(join(folder, "version.patch"), `${git("diff", "--binary")}\n`);
  git("checkout", "--quiet", "--", ".");
  const [bin, asked] = [join(folder, "bin"), join(folder, "asked")];
  mkdirSync(bin, { recursive: true });
  writeFileSync(asked, "");
  writeFileSync(join(bin, "gh"), `#!/bin/sh\necho "$@" >> ${asked}\n[ "$2" = list ] && echo '${JSON.stringify(open)}'\nexit 0\n`);
  chmodSync(join(bin, "gh"), 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, GITHUB_REF_NAME: "main" };
  execFileSync(process.execPath, ["pull-request.mjs", join(folder, "version.patch")], { cwd: clone, env });
  return readFileSync(asked, "utf8").trim().split("\n");
}

test("the versions are pushed to the release branch, and its pull request is opened, later brought up to date", () => {
  const first = propose("0.2.0", []);
  expect(first.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(["pr list", "pr create", "workflow run"]);
  expect(first[1]).toContain("--head release/main --base main --title chore: release 0.2.0");
  git("fetch", "--quiet", "origin");
  expect(git("log", "-1", "--format=%s|%an", "origin/release/main")).toBe("chore: release 0.2.0|github-actions[bot]");
  expect(git("show", "origin/release/main:servers/one/package.json")).toContain("0.2.0");

  git("reset", "--quiet", "--hard", "HEAD~1");
  const second = propose("0.3.0", [{ number: 7 }]);
  expect(second[1]).toMatch(/^pr edit 7 --title chore: release 0\.3\.0 /);
  git("fetch", "--quiet", "origin");
  expect(git("log", "--format=%s", "origin/release/main")).toBe("chore: release 0.3.0\nfirst");
});

test("a patch that does not fit changes nothing anywhere", () => {
  writeFileSync(join(folder, "version.patch"), "--- a/nowhere\n+++ b/nowhere\n@@ -1 +1 @@\n-a\n+b\n");
  const env = { ...process.env, GITHUB_REF_NAME: "main" };
  const run = (): unknown =>
    execFileSync(process.execPath, ["pull-request.mjs", join(folder, "version.patch")], { cwd: clone, env, stdio: "pipe" });
  expect(run).toThrow("nowhere");
  expect(git("ls-remote", "origin")).toBe("");
});
