import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createExecutors, type Executors } from "../create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";

let test: TestDeps;
let executors: Executors;
let repo = "";
let first = "";
let second = "";
const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=Ann", "-c", "user.email=ann@example.test", ...args], { cwd: repo, env, encoding: "utf8" }).trim();

beforeAll(async () => {
  test = await openTestDeps();
  executors = createExecutors(test.deps);
  repo = join(test.root, "repo");
  mkdirSync(repo);
  git("init", "-q", "-b", "main");
  writeFileSync(join(repo, "a.txt"), "one\n");
  git("add", ".");
  git("commit", "-qm", "first");
  first = git("rev-parse", "HEAD");
  git("checkout", "-qb", "feature/x");
  mkdirSync(join(repo, "src"));
  writeFileSync(join(repo, "src/b.ts"), "export {};\n");
  git("add", ".");
  git("commit", "-qm", "second");
  second = git("rev-parse", "HEAD");
});
afterAll(async () => {
  await executors.close();
  await test.ledger.dispose();
});

const check = (name: string, given: { readonly [name: string]: Json }): Promise<CallOutcome> =>
  executors.call({ kind: "check", check: name, with: { repository: "repo", ...given } }, callOptions({ read_only: true }), callContext());
const seen = async (name: string, given: { readonly [name: string]: Json }): Promise<any> => {
  const outcome = await check(name, given);
  if (outcome.status !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.output;
};

describe("git facts", () => {
  it("finds a commit, and not one that an agent made up", async () => {
    expect(await seen("git.commit_exists", { commit: second })).toMatchObject({
      ok: true,
      commit: second,
      committed_at: expect.stringMatching(/^\d{4}-/),
    });
    expect(await seen("git.commit_exists", { commit: second.slice(0, 10), on: "feature/x" })).toMatchObject({ ok: true, on_branch: true });
    expect(await seen("git.commit_exists", { commit: second, on: "main" })).toMatchObject({ ok: false, on_branch: false });
    expect(await seen("git.commit_exists", { commit: second, on: "not-there" })).toMatchObject({ ok: false });
    expect(await seen("git.commit_exists", { commit: "deadbeef".repeat(5) })).toMatchObject({ ok: false });
    // A branch that is called like a hash is no such commit, nor is a file of a commit.
    git("branch", "deadbee", second);
    expect(await seen("git.commit_exists", { commit: "deadbee" })).toMatchObject({ ok: false });
    expect(await seen("git.commit_exists", { commit: git("rev-parse", "HEAD:a.txt") })).toMatchObject({ ok: false });
  });

  it.each(["--upload-pack=touch /tmp/x", "-x", "HEAD", "main", "abc", "deadbeef;id", "deadbeef\n", ""])(
    "takes %j for no commit",
    async (commit) => {
      expect(await check("git.commit_exists", { commit })).toMatchObject({ status: "failed", code: "invalid_input" });
    },
  );

  it.each(["--output=/tmp/x", "-q", "a..b", "a b", "x/.y", "x/-y", "a.lock", "main~1", "@{u}", "a:b", "", "x\u0000"])(
    "takes %j for no branch",
    async (name) => {
      expect(await check("git.branch", { name })).toMatchObject({ status: "failed", code: "invalid_input" });
      expect(await check("git.diff_touches", { from: name, paths: ["**"] })).toMatchObject({ status: "failed", code: "invalid_input" });
    },
  );

  it("knows the branch and what a change touches", async () => {
    expect(await seen("git.branch", { name: "feature/x" })).toMatchObject({ ok: true, current: "feature/x", commit: second });
    expect(await seen("git.branch", { name: "main" })).toMatchObject({ ok: false, current: "feature/x", commit: first });
    expect(await seen("git.branch", { name: "main", exists: true })).toMatchObject({ ok: true });
    expect(await seen("git.branch", { name: "gone", exists: true })).toMatchObject({ ok: false, commit: null });
    expect(await seen("git.diff_touches", { from: "main", paths: ["src/**"] })).toMatchObject({
      ok: true,
      changed: 1,
      matched: 1,
      files: ["src/b.ts"],
    });
    expect(await seen("git.diff_touches", { from: "main", paths: ["test/**"] })).toMatchObject({ ok: false, matched: 0 });
    expect(await seen("git.diff_touches", { from: "main", paths: ["**/*.ts"], only: true })).toMatchObject({ ok: true });
    expect(await seen("git.diff_touches", { from: "main", to: "gone", paths: ["**"] })).toMatchObject({ ok: false });
  });

  it("sees what is not committed", async () => {
    expect(await seen("git.clean", {})).toMatchObject({ ok: true, changed: 0 });
    writeFileSync(join(repo, "new file"), "x");
    expect(await seen("git.clean", {})).toMatchObject({ ok: false, changed: 1, files: ["new file"] });
    expect(await seen("git.clean", { allow_untracked: true })).toMatchObject({ ok: true });
    writeFileSync(join(repo, "a.txt"), "two\n");
    expect(await seen("git.clean", { allow_untracked: true })).toMatchObject({ ok: false, files: ["a.txt"] });
    git("checkout", "-q", "a.txt");
  });

  it("starts nothing that the repository names", async () => {
    const mark = join(test.root, "started");
    const evil = join(test.root, "evil.sh");
    writeFileSync(evil, `#!/bin/sh\ntouch ${mark}\ncat\n`);
    chmodSync(evil, 0o755);
    const settings = [
      ["core.fsmonitor", evil],
      ["core.pager", evil],
      ["core.editor", evil],
      ["core.hooksPath", test.root],
      ["diff.external", evil],
      ["filter.x.clean", evil],
      ["filter.x.y.process", evil],
      ["filter.x.required", "true"],
      ["diff.x.textconv", evil],
      ["diff.x.command", evil],
      ["gpg.program", evil],
      ["log.showSignature", "true"],
      ["alias.status", `!${evil}`],
    ] as const;
    for (const [key, value] of settings) git("config", key, value);
    for (const hook of ["post-index-change", "fsmonitor-watchman"])
      writeFileSync(join(test.root, hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    writeFileSync(join(repo, ".git/info/attributes"), "* filter=x diff=x\na.txt filter=x.y\n");
    writeFileSync(join(repo, "a.txt"), "two\n");
    await seen("git.clean", {});
    await seen("git.diff_touches", { from: "main", paths: ["**"] });
    await seen("git.commit_exists", { commit: second, on: "main" });
    await seen("git.branch", { name: "main" });
    expect(existsSync(mark)).toBe(false);
    // The trap works: git itself falls into it.
    try {
      execFileSync("git", ["status"], { cwd: repo, env, stdio: "ignore" });
    } catch {
      // what it ends with is not of interest
    }
    expect(existsSync(mark)).toBe(true);
  });

  it("looks at no repository outside the allowed folders, however it is named", async () => {
    symlinkSync(test.ledger.folder, join(test.root, "out"));
    for (const repository of ["..", "/", "out", "out/home", "repo/../.."])
      expect(await check("git.clean", { repository }), repository).toMatchObject({ status: "failed", code: "path_not_allowed" });
    const plain = join(test.root, "plain");
    mkdirSync(plain);
    expect(await check("git.clean", { repository: "plain" })).toMatchObject({ status: "failed", code: "invalid_input" });
    writeFileSync(join(plain, ".git"), `gitdir: ${join(repo, ".git")}\n`);
    git("config", "core.worktree", test.ledger.home);
    expect(await check("git.clean", { repository: "plain" })).toMatchObject({ status: "failed", code: "path_not_allowed" });
  });
});
