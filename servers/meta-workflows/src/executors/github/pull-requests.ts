import { setTimeout as sleep } from "node:timers/promises";
import { OpsError, isOpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import type { GithubClient } from "./github-client.ts";

/** What of a pull request is read (https://docs.github.com/en/rest/pulls/pulls). The rest of the answer is not believed to be there. */
const shape = z.object({
  number: z.int().positive(),
  state: z.enum(["open", "closed"]),
  html_url: z.url({ protocol: /^https?$/ }).max(2_000),
  title: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().optional(),
  merged_at: z.string().nullish(),
  head: z.object({ ref: z.string(), sha: z.string().regex(/^[0-9a-f]{40,64}$/) }),
  base: z.object({ ref: z.string() }),
});
type PullRequestShape = z.infer<typeof shape>;

/** A pull request, as a run sees it. */
export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly draft: boolean;
  readonly head: string;
  readonly head_sha: string;
  readonly base: string;
}

/** What is to be opened. */
export interface NewPullRequest {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

const KEY = /^[A-Za-z0-9:_-]{1,200}$/;
const MARKER = "platform-ops:effect-key=";
const LOOKS = 3;
const LOOK_MS = 400;

/** A line of the body that only whoever looks at its source sees: by it what was made is found again. */
export function markerOf(effectKey: string): string {
  if (!KEY.test(effectKey)) throw new OpsError("invalid_input", "An effect key has letters, digits, -, _ and : only.");
  return `<!-- ${MARKER}${effectKey} -->`;
}

/**
 * Opens a pull request, once under one effect key: it is looked for before, and where the answer was lost, after.
 * @throws OpsError conflict (another pull request bears the key, or is open for the branch); in_doubt; as `GithubClient`
 */
export async function openPullRequest(
  client: GithubClient,
  owner: string,
  wanted: NewPullRequest,
  effectKey: string,
): Promise<PullRequest & { readonly created: boolean }> {
  const marker = markerOf(effectKey);
  const earlier = await findMarked(client, owner, wanted, marker);
  if (earlier !== undefined) return { ...earlier, created: false };
  const { head, base, title, body, draft } = wanted;
  try {
    const made = read(await client.send("POST", "/pulls", { head, base, title, draft, body: `${withoutMarkers(body)}\n\n${marker}` }));
    return { ...seen(made), created: true };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    // Two of us at once, or an answer that was lost: what counts is what is there.
    const mayHaveRun = error.details["may_have_run"] === true;
    for (let look = 0; look < (mayHaveRun ? LOOKS : 1); look += 1) {
      if (look > 0) await sleep(LOOK_MS);
      const found = await findMarked(client, owner, wanted, marker).catch((failure: unknown) => {
        if (isOpsError(failure) && failure.code === "conflict") throw failure;
        return undefined;
      });
      if (found !== undefined) return { ...found, created: mayHaveRun };
    }
    if (mayHaveRun)
      throw new OpsError("in_doubt", "The pull request may have been opened, and it cannot be found.", {
        hint: `Look for a pull request whose body holds ${effectKey}.`,
        details: { may_have_run: true },
        cause: error,
      });
    const open = (await byBranch(client, owner, wanted.head)).find(({ state, base: on }) => state === "open" && on.ref === wanted.base);
    if (open === undefined) throw error;
    throw new OpsError("conflict", `Pull request ${open.number} of somebody else is open for ${wanted.head}.`, {
      hint: "Close it, or use another branch.",
      retryable: false,
      details: { may_have_run: false, number: open.number },
    });
  }
}

/** The pull request of a branch that bears a marker; undefined where none does. @throws OpsError conflict where it is for something else */
async function findMarked(
  client: GithubClient,
  owner: string,
  { head, base }: NewPullRequest,
  marker: string,
): Promise<PullRequest | undefined> {
  const marked = (await byBranch(client, owner, head)).filter(({ body }) =>
    (body ?? "").split("\n").some((line) => line.trim() === marker),
  );
  const fitting = marked.filter((each) => each.head.ref === head && each.base.ref === base).toSorted((a, b) => a.number - b.number)[0];
  if (fitting !== undefined) return seen(fitting);
  if (marked.length > 0)
    throw new OpsError("conflict", `Pull request ${marked[0]?.number} bears the key of this step, and is for other branches.`, {
      retryable: false,
      details: { may_have_run: false },
    });
  return undefined;
}

/** The pull request that bears an effect key, of whichever branch; undefined where none of the newest does. */
export async function findByKey(client: GithubClient, effectKey: string): Promise<PullRequest | undefined> {
  const marker = markerOf(effectKey);
  const all = await client.list("/pulls", { state: "all", sort: "created", direction: "desc" }, asList);
  const found = all.map(readable).find((each) => each?.body?.split("\n").some((line) => line.trim() === marker));
  return found === undefined ? undefined : seen(found);
}

async function byBranch(client: GithubClient, owner: string, head: string): Promise<readonly PullRequestShape[]> {
  const all = await client.list("/pulls", { state: "all", head: `${owner}:${head}` }, asList);
  return all.map(readable).filter((each) => each !== undefined);
}

/** @throws OpsError not_found, command_failed */
export async function getPullRequest(client: GithubClient, number: number): Promise<PullRequest> {
  return seen(read(await client.get(`/pulls/${number}`)));
}

/**
 * Closes a pull request that a run of ours opened; one that is closed stays so.
 * @throws OpsError not_allowed for one that bears no key of ours, conflict for one that was merged
 */
export async function closePullRequest(client: GithubClient, number: number): Promise<PullRequest & { readonly closed: boolean }> {
  const before = read(await client.get(`/pulls/${number}`));
  if (!(before.body ?? "").includes(`<!-- ${MARKER}`))
    throw new OpsError("not_allowed", `Pull request ${number} was not opened by a runbook, so none closes it.`, {
      details: { may_have_run: false },
    });
  if (typeof before.merged_at === "string")
    throw new OpsError("conflict", `Pull request ${number} was merged; closing undoes nothing.`, {
      retryable: false,
      details: { may_have_run: false },
    });
  if (before.state === "closed") return { ...seen(before), closed: false };
  return { ...seen(read(await client.send("PATCH", `/pulls/${number}`, { state: "closed" }))), closed: true };
}

/** A text in which nothing is taken for a key of ours: agents write it. */
function withoutMarkers(body: string): string {
  return body.replaceAll(MARKER, "platform-ops:effect key ");
}

const readable = (value: Json): PullRequestShape | undefined => shape.safeParse(value).data;

function read(value: Json): PullRequestShape {
  const found = readable(value);
  if (found !== undefined) return found;
  throw new OpsError("command_failed", "The server for pull requests answered with something that is no pull request.", {
    details: { may_have_run: true },
  });
}

function asList(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw new OpsError("command_failed", "The server for pull requests answered with something that is no list.", {
    details: { may_have_run: false },
  });
}

function seen({ number, html_url, state, merged_at, draft, head, base }: PullRequestShape): PullRequest {
  return {
    number,
    url: html_url,
    state,
    merged: typeof merged_at === "string",
    draft: draft === true,
    head: head.ref,
    head_sha: head.sha,
    base: base.ref,
  };
}
