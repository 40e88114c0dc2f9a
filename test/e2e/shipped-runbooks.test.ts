import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGithubStandIn, type GithubStandIn } from "../support/github-stand-in.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { APPS, gitRepository, goodFiles, kustomization, namespace } from "../support/kube-api/manifests.ts";
import { startStandInCluster, type FluxCluster } from "../support/kube-api/stand-in-cluster.ts";
import type { Agent, ToolAnswer } from "../support/mcp-client.ts";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// The happy path of shipped runbooks on a real Temporal, by scripted agents: git, the test command, the Flux server and this
// server's own tools are the real ones; GitHub and the cluster's API are stand-ins. The other two are in runbook-faults.test.ts.

let runbooks: Runbooks;
let github: GithubStandIn;
let cluster: FluxCluster;
let agent: Agent;
let shop: string;
let remote: string;
const git = (...args: string[]): string =>
  execFileSync("git", ["-C", shop, "-c", "user.name=ann", "-c", "user.email=ann@example.org", ...args], { encoding: "utf8" }).trim();
const committed = async (file: string, text: string): Promise<string> => {
  await writeFile(join(shop, file), text);
  git("add", file);
  git("commit", "-q", "-m", file);
  return git("rev-parse", "HEAD");
};

beforeAll(async () => {
  remote = await mkdtemp(join(tmpdir(), "platform-ops-remote-"));
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", remote]);
  github = await startGithubStandIn(remote, "acme/shop");
  cluster = await startStandInCluster();
  await cluster.commit("app", goodFiles("1"), "first");
  await cluster.apply([namespace(), gitRepository("app", cluster.gitUrl("app")), kustomization("app", "app")]);
  const here = { cluster: "here", kubeconfig: cluster.kubeconfig };
  runbooks = await openRunbooks({
    definitions: {},
    settings: {
      programs: ["git", "test"],
      working_directories: ["project"],
      bindings: "bindings.yaml",
      secrets: { github_token: { file: "token" } },
      github: { api_url: github.url, token: "github_token", repositories: ["acme/*"] },
    },
    further: {
      remote: { clusters: { here: { transport: "local" } }, kubectl_path: KUBECTL },
      environments: [{ name: "staging", match: { clusters: ["here"] }, remote: here }],
    },
    files: {
      "bindings.yaml": "schema: bindings/v1\ncapabilities: { code.open_pull_request: { server: github, tool: create_pull_request } }\n",
      token: github.token,
    },
  });
  shop = join(runbooks.home.project, "shop");
  await mkdir(shop);
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", remote);
  git("commit", "-q", "--allow-empty", "-m", "begin");
  git("push", "-q", "origin", "main");
  agent = await runbooks.agent({ person: () => ({ action: "accept", content: { decision: "approve" } }) });
});
afterAll(async () => {
  await runbooks?.close();
  await github?.stop();
  await cluster?.stop();
  if (remote !== undefined) await rm(remote, { recursive: true, force: true });
});

type Answers = Readonly<Record<string, (action: { readonly action_id: string }) => unknown>>;

/**
 * Starts a runbook and does what its steps ask for, in turn, until it has ended. A person says yes to what waits for one. What the
 * server's checks refuse is done anew, and kept in `refused`.
 */
async function played(
  workflow_name: string,
  inputs: Record<string, unknown>,
  answers: Answers,
  refused: string[] = [],
): Promise<ToolAnswer> {
  const workflow_id = `happy-${workflow_name.replace(/\W/g, "-").toLowerCase()}`;
  let now = await agent.call("start_workflow", { workflow_name, workflow_id, inputs });
  for (let turn = 0; turn < 30; turn++) {
    if (now.data["error"]?.code === "check_failed") refused.push(now.text);
    else expect(now.isError, now.text).toBe(false);
    const { status, action, waiting_for = [] } = now.data;
    if (action !== undefined) {
      const answer = answers[action.step_id as string];
      if (answer === undefined) throw new Error(`Nobody knows what to do for ${String(action.step_id)}.`);
      const result = await answer(action);
      const named = { action_id: action.action_id, attempt_id: action.attempt.id };
      now = await agent.call("submit_result", { workflow_id, result, ...named });
    } else if (status !== "running") return now;
    else if (JSON.stringify(waiting_for).includes('"approval"')) {
      await agent.call("request_approval", { workflow_id });
      now = await agent.call("next_action", { workflow_id, wait_seconds: 5 });
    } else now = await agent.call("next_action", { workflow_id, wait_seconds: 5 });
  }
  throw new Error(`It does not end: ${now.text}`);
}

test("feature-development: red, then green by the server's own run, and one pull request", async () => {
  let tries = 0;
  const end = await played(
    "feature-development",
    {
      feature: "Pay in two parts",
      repository: shop,
      branch: "feature/pay",
      test_command: ["test", "-e", "works"],
      pull_request_repository: "acme/shop",
    },
    {
      branch: () => {
        git("checkout", "-q", "-b", "feature/pay");
        return { branch: "feature/pay" };
      },
      plan: () => ({ summary: "A payment may be split in two.", files: ["pay"], tests: ["works"], risks: [] }),
      implement: async () => {
        tries += 1;
        const commit = await committed(tries === 1 ? "pay" : "works", "");
        git("push", "-q", "origin", "feature/pay");
        return { commit, what_changed: "The payment is split in two parts." };
      },
      review: () => ({ summary: "Orders can be paid in two parts.", objections: [] }),
    },
  );
  expect(end.data, end.text).toMatchObject({
    status: "completed",
    result: { tests: "passed", pull_request: expect.stringContaining("/pull/") },
  });
  expect(tries).toBe(2);
  expect(github.pulls.map(({ head, title }) => [head, title])).toEqual([["feature/pay", "Pay in two parts"]]);
});

test("MW-001: a session ends with a document in git; a commit that nobody made and a document that is not there are not believed", async () => {
  git("checkout", "-q", "main");
  const work = await committed("work", "1");
  const refused: string[] = [];
  const end = await played(
    "MW-001",
    { repository: shop },
    {
      summary: () => ({
        done: ["the work"],
        in_progress: [],
        decisions: [],
        tests: [],
        next_steps: ["go on with it"],
        commits: [work],
        uncommitted: [],
      }),
      document: async () => {
        const continue_with = "Read SESSION-SUMMARY.md first.";
        if (refused.length === 0) return { commit: "deadbeef".repeat(5), continue_with };
        if (refused.length === 1) return { commit: work, continue_with };
        return { commit: await committed("SESSION-SUMMARY.md", "# Summary\n"), continue_with };
      },
    },
    refused,
  );
  expect(refused).toEqual([expect.stringContaining("not on the branch"), expect.stringContaining("document is not there")]);
  expect(end.data, end.text).toMatchObject({
    status: "completed",
    result: { document: "SESSION-SUMMARY.md", next_steps: ["go on with it"] },
  });
});

test("MW-005: a draft with a problem is refused, one whose scenarios pass is switched on by a person", async () => {
  const folder = join(runbooks.home.project, "workflows/rotate-keys");
  const definition = (status: string, type: string): string =>
    `schema: meta-workflow/v1\nid: rotate-keys\nname: Rotate keys\nversion: 1.0.0\nstatus: ${status}\ntriggers: { phrases: [rotate all the keys] }\nsteps:\n  - { id: make, type: ${type}, instructions: Make a new key and say its number. }\n`;
  const scenario = (name: string, outcome: string, end: string): string =>
    `scenario: ${name}\nworkflow: rotate-keys\nagents: { ann: { does: [{ when: make, outcome: ${outcome}, submit: done }] } }\nexpect: { end: ${end} }\n`;
  let drafts = 0;
  const refused: string[] = [];
  const end = await played(
    "MW-005",
    { idea: "rotate the keys" },
    {
      requirements: () => ({
        id: "rotate-keys",
        name: "Rotate keys",
        purpose: "Keys are replaced before they expire.",
        triggers: ["rotate all the keys"],
        prerequisites: [],
        steps: ["make new keys"],
        done_by_hand: true,
      }),
      ambiguity: () => ({ relation: "new", not_this: {} }),
      draft: async () => {
        drafts += 1;
        await mkdir(join(folder, "tests"), { recursive: true });
        await writeFile(join(folder, "workflow.yaml"), definition("draft", drafts === 1 ? "promt" : "prompt"));
        await writeFile(join(folder, "tests/happy.test.yaml"), scenario("it is made", "completed", "completed"));
        await writeFile(join(folder, "tests/failed.test.yaml"), scenario("it cannot be made", "failed", "failed"));
        return { path: "workflows/rotate-keys/workflow.yaml" };
      },
      register: async () => {
        await writeFile(join(folder, "workflow.yaml"), definition("active", "prompt"));
        return { done: true };
      },
    },
    refused,
  );
  expect(refused).toEqual([expect.stringMatching(/8:\d+ UNKNOWN_STEP_TYPE/)]);
  expect(end.data, end.text).toMatchObject({ status: "completed", result: { id: "rotate-keys" } });
});

describe.skipIf(KUBECTL_MISSING !== undefined)(KUBECTL_MISSING ?? "with kubectl", () => {
  test("MW-006: the Flux server looks, a person allows it, and what was reconciled is ready", async () => {
    const end = await played(
      "MW-006",
      { cluster: "here", namespace: APPS },
      {
        explain: () => ({
          name: "app",
          namespace: APPS,
          root_cause: "The source was not fetched since its token was renewed.",
          evidence: ["the conditions of GitRepository/app"],
          fix: "reconcile",
        }),
      },
    );
    expect(end.data, end.text).toMatchObject({ status: "completed", result: { name: "app", fix: "reconcile" } });
    const { data } = await agent.call("get_workflow_status", { workflow_id: "happy-mw-006" });
    expect(JSON.stringify(data), "it was looked at afterwards").not.toContain("simulated");
  });
});

test("planning:interactive: questions are answered by sub-agents, and a person approves the plan", async () => {
  const end = await played(
    "planning:interactive",
    { task_description: "Move the shop to the new cluster" },
    {
      gather: () => ({ requirements: ["no downtime"] }),
      generate_tasks: () => ({ questions: ["how big is the data?", "who is on call?"] }),
      answer: ({ action_id }) => ({ answer: `Found for ${action_id}.`, sources: ["the disk"] }),
      draft_plan: () => ({ plan: "Copy the data first and then switch the traffic over." }),
      review: () => ({ changes: ["name the owner"] }),
      update: () => ({ plan: "Ana copies the data first and then switches the traffic over." }),
    },
  );
  expect(end.data, end.text).toMatchObject({
    status: "completed",
    result: { plan: expect.stringContaining("Ana copies"), research: [{ output: { answer: expect.stringContaining("research[0]") } }, {}] },
  });
});
