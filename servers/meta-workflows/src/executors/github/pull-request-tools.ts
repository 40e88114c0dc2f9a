import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { refName } from "../checks/git-repository.ts";
import { done } from "../outcome.ts";
import { builtInTool } from "../tools/built-in-tool.ts";
import { GithubClient, repositoryName } from "./github-client.ts";
import { closePullRequest, findByKey, getPullRequest, openPullRequest } from "./pull-requests.ts";

const SERVER = "github";
const number = z.int().min(1).max(1_000_000_000);
const asJson = (value: object): Json => ({ ...value }) as Json;

const create = builtInTool({
  server: SERVER,
  tool: "create_pull_request",
  summary: "Opens a pull request, once for a step: one that it opened before is found again.",
  readOnly: false,
  repeatable: true,
  input: z.strictObject({
    repository: repositoryName,
    head: refName,
    base: refName,
    title: z.string().min(1).max(250),
    body: z.string().max(60_000).optional(),
    draft: z.boolean().optional(),
  }),
  async run(deps, { repository, head, base, title, body = "", draft = false }, { signal, effect_key, requester, run_id }) {
    const client = GithubClient.open(deps, repository, signal);
    const wanted = { head, base, title: deps.redactor.text(title), body: deps.redactor.text(body), draft };
    const opened = await openPullRequest(client, repository.split("/")[0] ?? "", wanted, effect_key);
    await deps.audit.append({
      kind: "command",
      actor: requester,
      what: "create_pull_request",
      target: `${repository}#${opened.number}`,
      outcome: opened.created ? "created" : "found",
      id: run_id,
    });
    return done(asJson(opened));
  },
});

const get = builtInTool({
  server: SERVER,
  tool: "get_pull_request",
  summary: "A pull request by its number, or the one that the step with `effect_key` opened (null where there is none).",
  readOnly: true,
  repeatable: true,
  input: z
    .strictObject({ repository: repositoryName, number: number.optional(), effect_key: z.string().max(200).optional() })
    .refine((given) => (given.number === undefined) !== (given.effect_key === undefined), "needs number or effect_key"),
  async run(deps, { repository, number: wanted, effect_key }, { signal }) {
    const client = GithubClient.open(deps, repository, signal);
    if (wanted !== undefined) return done(asJson(await getPullRequest(client, wanted)));
    const found = await findByKey(client, effect_key ?? "");
    return done({ found: found !== undefined, ...(found === undefined ? {} : (asJson(found) as object)) } as Json);
  },
});

const close = builtInTool({
  server: SERVER,
  tool: "close_pull_request",
  summary: "Closes a pull request that a runbook opened; undoes create_pull_request.",
  readOnly: false,
  repeatable: true,
  input: z.strictObject({ repository: repositoryName, number }),
  async run(deps, { repository, number: wanted }, { signal, requester, run_id }) {
    const closed = await closePullRequest(GithubClient.open(deps, repository, signal), wanted);
    await deps.audit.append({
      kind: "command",
      actor: requester,
      what: "close_pull_request",
      target: `${repository}#${wanted}`,
      outcome: closed.closed ? "closed" : "was closed",
      id: run_id,
    });
    return done(asJson(closed));
  },
});

/** Pull requests of a server that speaks GitHub's REST API. */
export const PULL_REQUEST_TOOLS = [create, get, close] as const;
