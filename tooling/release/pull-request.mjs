// `node tooling/release/pull-request.mjs PATCH`: puts the next versions, as a patch of this commit, on the branch release/BASE, and
// opens its pull request or brings it up to date. Plain Node, git and gh: the job that may write installs nothing.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { publishedServers } from "./packages.mjs";

const [patch] = process.argv.slice(2);
const base = process.env.GITHUB_REF_NAME;
if (patch === undefined || !base) throw new Error("usage: GITHUB_REF_NAME=BRANCH pull-request.mjs PATCH");
const branch = `release/${base}`;
const bot = ["-c", "user.name=github-actions[bot]", "-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com"];

run("git", "apply", "--index", resolve(patch));
const [{ manifest }] = publishedServers(process.cwd());
const title = `chore: release ${manifest.version}`;
run("git", ...bot, "commit", "--quiet", "--message", title);
run("git", "push", "--quiet", "--force", "origin", `HEAD:refs/heads/${branch}`);

const body = "Versions and changelogs of the changesets that waited. Merging this publishes them.";
const open = JSON.parse(run("gh", "pr", "list", "--head", branch, "--base", base, "--state", "open", "--json", "number"));
if (open.length === 0) run("gh", "pr", "create", "--head", branch, "--base", base, "--title", title, "--body", body);
else run("gh", "pr", "edit", String(open[0].number), "--title", title, "--body", body);
// What is pushed with the workflow's own token starts no checks by itself.
run("gh", "workflow", "run", "check.yml", "--ref", branch);

function run(program, ...args) {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
