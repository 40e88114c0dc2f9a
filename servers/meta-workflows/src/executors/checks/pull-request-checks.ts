import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { OpsError, hasCode } from "@platform-ops/errors";
import { z } from "zod";
import { GithubClient, repositoryName } from "../github/github-client.ts";
import { getPullRequest } from "../github/pull-requests.ts";
import { defineCheck } from "./check.ts";
import { commitHash } from "./git-repository.ts";

const SHOWN = 20;
const number = z.int().min(1).max(1_000_000_000);

export const pullRequestOpen = defineCheck({
  name: "pull_request.open",
  summary: "The pull request is there and open; where `head` or `commit` is given, of that branch, at that commit.",
  input: z.strictObject({ repository: repositoryName, number, head: z.string().min(1).max(250).optional(), commit: commitHash.optional() }),
  facts: {
    state: "open or closed",
    merged: "whether it was",
    url: "where a person looks at it",
    head: "its branch",
    head_sha: "its commit",
  },
  async run({ deps }, { repository, number: wanted, head, commit }, { call, timeoutMs }) {
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
    const found = await getPullRequest(GithubClient.open(deps, repository, signal), wanted).catch((error: unknown) => {
      if (hasCode(error, "not_found")) return undefined;
      throw error;
    });
    if (found === undefined) return { ok: false, message: `There is no pull request ${wanted} in ${repository}.` };
    const { state, merged, url, head: branch, head_sha } = found;
    const faults = [
      ...(state === "open" ? [] : [merged ? "merged" : "closed"]),
      ...(head === undefined || head === branch ? [] : ["of another branch"]),
      ...(commit === undefined || head_sha.startsWith(commit.toLowerCase()) ? [] : ["at another commit"]),
    ];
    return {
      ok: faults.length === 0,
      message: `Pull request ${wanted} is ${faults.join(", ") || "open"}.`,
      state,
      merged,
      url,
      head: branch,
      head_sha,
    };
  },
});

/** https://docs.github.com/en/rest/checks/runs and /commits/statuses: two ways in which a commit is judged; both count. */
const runs = z.object({ check_runs: z.array(z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullish() })) });
const statuses = z.array(z.object({ context: z.string(), state: z.enum(["error", "failure", "pending", "success"]) }));
const GOOD = new Set(["success", "neutral", "skipped"]);

export const pullRequestChecks = defineCheck({
  name: "pull_request.checks",
  summary: "Every check of the pull request's last commit has succeeded, and there is one at least (unless `allow_none`).",
  input: z.strictObject({ repository: repositoryName, number, commit: commitHash.optional(), allow_none: z.boolean().optional() }),
  facts: {
    state: "success, pending, failure or none",
    total: "how many checks there are",
    failed: `names of those that failed, at most ${SHOWN}`,
    pending: `names of those that are not done, at most ${SHOWN}`,
    head_sha: "the commit that was judged",
  },
  async run({ deps }, { repository, number: wanted, commit, allow_none = false }, { call, timeoutMs }) {
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
    const client = GithubClient.open(deps, repository, signal);
    const { head_sha } = await getPullRequest(client, wanted);
    if (commit !== undefined && !head_sha.startsWith(commit.toLowerCase()))
      return { ok: false, message: `Pull request ${wanted} is at another commit than ${commit}.`, state: "none", head_sha };
    const judged = [...(await checkRuns(client, head_sha)), ...(await commitStatuses(client, head_sha))];
    const failed = judged.filter(({ is }) => is === "failure").map(({ name }) => name);
    const pending = judged.filter(({ is }) => is === "pending").map(({ name }) => name);
    const state = judged.length === 0 ? "none" : failed.length > 0 ? "failure" : pending.length > 0 ? "pending" : "success";
    const message = {
      none: `Nothing judges ${head_sha}.`,
      failure: `${failed.length} of ${judged.length} checks failed.`,
      pending: `${pending.length} of ${judged.length} checks are not done.`,
      success: `All ${judged.length} checks succeeded.`,
    }[state];
    const ok = state === "success" || (state === "none" && allow_none);
    return { ok, message, state, total: judged.length, failed: failed.slice(0, SHOWN), pending: pending.slice(0, SHOWN), head_sha };
  },
});

interface Judged {
  readonly name: string;
  readonly is: "success" | "pending" | "failure";
}

async function checkRuns(client: GithubClient, sha: string): Promise<readonly Judged[]> {
  const found = await client.list(
    `/commits/${sha}/check-runs`,
    { filter: "latest" },
    (page) => read(runs, page).check_runs as unknown as Json[],
  );
  return (found as unknown as z.infer<typeof runs>["check_runs"]).map(({ name, status, conclusion }) => ({
    name: name.slice(0, 200),
    is: status !== "completed" ? "pending" : GOOD.has(conclusion ?? "") ? "success" : "failure",
  }));
}

/** The newest state of each context: the list is newest first. */
async function commitStatuses(client: GithubClient, sha: string): Promise<readonly Judged[]> {
  const found = await client.list(`/commits/${sha}/statuses`, {}, (page) => read(statuses, page) as unknown as Json[]);
  const newest = new Map<string, Judged>();
  for (const { context, state } of found as unknown as z.infer<typeof statuses>) {
    const is = state === "error" ? "failure" : state;
    if (!newest.has(context)) newest.set(context, { name: context.slice(0, 200), is });
  }
  return [...newest.values()];
}

function read<S extends z.ZodType>(schema: S, page: Json): z.infer<S> {
  const found = schema.safeParse(page);
  if (found.success) return found.data;
  throw new OpsError("command_failed", "The server for pull requests answered with something that are no checks.");
}
