import { OpsError } from "@platform-ops/errors";
import { matchesGlob } from "@platform-ops/ledger";
import { z } from "zod";
import { defineCheck } from "./check.ts";
import { commitHash, commitOf, entries, openRepository, refName, repository } from "./git-repository.ts";

const SHOWN = 50;

export const commitExists = defineCheck({
  name: "git.commit_exists",
  summary: "The repository has this commit, and where `on` is given that branch contains it.",
  input: z.strictObject({ repository, commit: commitHash, on: refName.optional() }),
  facts: { commit: "its whole hash", committed_at: "when it was committed, ISO 8601", on_branch: "whether `on` contains it" },
  async run({ deps }, { repository: path, commit, on }, context) {
    const opened = await openRepository(deps, path, context);
    const found = await commitOf(opened, commit);
    // A short hash may also be the name of a branch: what counts is the object itself.
    if (found === undefined || !found.startsWith(commit.toLowerCase()))
      return { ok: false, message: `There is no commit ${commit} in the repository.` };
    const { stdout } = await opened.git("log", "-1", "--format=%cI", "--end-of-options", found, "--");
    const facts = { commit: found, committed_at: stdout.trim() };
    if (on === undefined) return { ok: true, message: `Commit ${found} is there.`, ...facts };
    const branch = await commitOf(opened, on);
    const onBranch = branch !== undefined && (await opened.git("merge-base", "--is-ancestor", found, branch)).code === 0;
    return { ok: onBranch, message: `Commit ${found} is ${onBranch ? "" : "not "}on ${on}.`, ...facts, on_branch: onBranch };
  },
});

export const treeClean = defineCheck({
  name: "git.clean",
  summary: "Nothing is changed and not committed; `allow_untracked` leaves new files out.",
  input: z.strictObject({ repository, allow_untracked: z.boolean().optional() }),
  facts: { changed: "how many files are changed or new", files: `their names, at most ${SHOWN}` },
  async run({ deps }, { repository: path, allow_untracked = false }, context) {
    const opened = await openRepository(deps, path, context);
    const untracked = allow_untracked ? "no" : "all";
    const { code, stdout } = await opened.git(
      "status",
      "--porcelain=v1",
      "-z",
      "--no-renames",
      "--ignore-submodules=dirty",
      `--untracked-files=${untracked}`,
    );
    if (code !== 0) throw unreadable("status");
    const files = entries(stdout).map((entry) => entry.slice(3));
    return {
      ok: files.length === 0,
      message: files.length === 0 ? "The tree is clean." : `${files.length} file(s) are changed and not committed.`,
      changed: files.length,
      files: files.slice(0, SHOWN),
    };
  },
});

export const onBranch = defineCheck({
  name: "git.branch",
  summary: "The branch `name` is checked out, or with `exists: true` merely there.",
  input: z.strictObject({ repository, name: refName, exists: z.boolean().optional() }),
  facts: { current: "the branch that is checked out, null where none is", commit: "what `name` points to, null where it is not there" },
  async run({ deps }, { repository: path, name, exists = false }, context) {
    const opened = await openRepository(deps, path, context);
    const head = await opened.git("symbolic-ref", "--quiet", "--short", "HEAD");
    const current = head.code === 0 ? head.stdout.trim() : null;
    const commit = (await commitOf(opened, `refs/heads/${name}`)) ?? null;
    const ok = exists ? commit !== null : current === name;
    const message = exists
      ? `The branch ${name} ${ok ? "is there" : "is not there"}.`
      : `${current === null ? "No branch" : `The branch ${current}`} is checked out${ok ? "" : `, not ${name}`}.`;
    return { ok, message, current, commit };
  },
});

export const diffTouches = defineCheck({
  name: "git.diff_touches",
  summary: "What changed between `from` and `to` touches a file that one of `paths` (globs) matches; with `only: true` no other.",
  input: z.strictObject({
    repository,
    from: refName,
    to: refName.optional(),
    paths: z.array(z.string().min(1).max(500)).min(1).max(100),
    only: z.boolean().optional(),
  }),
  facts: { files: `files that changed, at most ${SHOWN}`, changed: "how many there are", matched: "how many of them `paths` match" },
  async run({ deps }, { repository: path, from, to = "HEAD", paths, only = false }, context) {
    const opened = await openRepository(deps, path, context);
    const [start, end] = [await commitOf(opened, from), await commitOf(opened, to)];
    if (start === undefined || end === undefined)
      return { ok: false, message: `There is no ${start === undefined ? from : to} in the repository.` };
    const { code, stdout } = await opened.git(
      "diff",
      "--name-only",
      "-z",
      "--no-ext-diff",
      "--no-textconv",
      "--no-renames",
      `${start}...${end}`,
      "--",
    );
    if (code !== 0) throw unreadable("diff");
    const files = entries(stdout);
    const matched = files.filter((file) => paths.some((glob) => matchesGlob(glob, file))).length;
    const ok = only ? matched === files.length : matched > 0;
    return {
      ok,
      message: `${matched} of ${files.length} changed file(s) match ${paths.slice(0, 5).join(", ")}.`,
      changed: files.length,
      matched,
      files: files.slice(0, SHOWN),
    };
  },
});

const unreadable = (what: string): OpsError =>
  new OpsError("command_failed", `git ${what} cannot read this repository.`, { hint: "Look at it with git." });
