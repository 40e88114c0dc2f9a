import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { connect } from "@platform-ops/orchestration/client";
import { replayHistory } from "@platform-ops/orchestration/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, REPOSITORY, startAgent, type Agent } from "../support/mcp-client.ts";

// Histories of every released version, with the throw-away keys that they are sealed by: the workflow of today must be able to
// carry on any open run. PLATFORM_OPS_RECORD_HISTORIES=1 adds those of a new version, and new stories of this one in folders of
// their own; what is stored is never rewritten. `before-locks`: runs of a definition with locks, from before locks were held.

const STORE = join(REPOSITORY, "test/histories/meta-workflows");
const BUNDLE = join(REPOSITORY, "servers/meta-workflows/dist/workflow-bundle.js");
const { version } = JSON.parse(readFileSync(join(REPOSITORY, "servers/meta-workflows/package.json"), "utf8")) as { version: string };

const STORY = `
schema: meta-workflow/v1
id: story
name: Story
version: 1.0.0
status: active
initial_state: { rounds: 0 }
steps:
  - { id: look, type: check, that: "1 + 1 == 2" }
  - { id: plan, type: mcp_call, capability: deploy.plan, effects: read }
  - id: both
    type: parallel
    branches:
      left: [{ id: one, type: prompt, instructions: one, accept: [{ check: "result == 'fine'", say: "it must be fine" }] }]
      right: [{ id: pause, type: wait, for: 1s }, { id: two, type: prompt, instructions: two, role: reviewer }]
  - { id: go, type: approval, title: Go on?, subject: "\${{ steps.plan.output }}", bind: "\${{ steps.plan.output }}", wait_at_most: 1s, on_timeout: continue }
output: { one: "\${{ steps.one.output }}", two: "\${{ steps.two.output }}" }
`;
/** Two runs need the same lock. */
const LOCKED = `
schema: meta-workflow/v1
id: locked
name: Locked
version: 1.0.0
status: active
locks: ["shop"]
steps:
  - { id: one, type: prompt, instructions: one }
`;
/** It is paused, told of an event, and out of time in a part of it. */
const RESTED = `
schema: meta-workflow/v1
id: rested
name: Rested
version: 1.0.0
status: active
steps:
  - { id: one, type: prompt, instructions: one }
  - { id: deployed, type: wait, event: deployed }
  - id: short
    type: parallel
    timeout: 1s
    on_error: continue
    branches: { never: [{ id: nobody, type: wait, event: never }] }
  - { id: last, type: prompt, instructions: "\${{ steps.short.error.code }}" }
`;
const BINDINGS = "schema: bindings/v1\ncapabilities: { deploy.plan: { simulated: [{ output: { plan_id: p-1 } }] } }\n";

const submit = async (agent: Agent, workflow_id: string, step: string, result: unknown): Promise<void> => {
  for (let tries = 0; tries < 50; tries += 1) {
    const { data } = await agent.call("next_action", { workflow_id, wait_seconds: 5 });
    const open = [data["action"], ...(data["other_actions"] ?? [])].find((action) => action?.step_id === step);
    if (open === undefined) continue;
    const { action_id, attempt } = open;
    return void (await agent.call("submit_result", { workflow_id, action_id, attempt_id: attempt.id, result }));
  }
  throw new Error(`${step} did not come`);
};
interface Story {
  readonly definition: "story" | "locked" | "rested";
  before?(agent: Agent): Promise<void>;
  tell(agent: Agent, id: string): Promise<void>;
}
const STORIES: Record<string, Story> = {
  completed: {
    definition: "story",
    async tell(agent, id) {
      await submit(agent, id, "one", "bad");
      await submit(agent, id, "one", "fine");
      await submit(agent, id, "two", "done");
      await agent.call("next_action", { workflow_id: id, wait_seconds: 20 });
    },
  },
  cancelled: {
    definition: "story",
    async tell(agent, id) {
      await agent.call("control_run", { workflow_id: id, command: "pause" });
      await agent.call("control_run", { workflow_id: id, command: "resume" });
      await agent.call("control_run", { workflow_id: id, command: "reassign", action_id: "both/left/one#1", agent: "other" });
      await agent.call("control_run", { workflow_id: id, command: "cancel" });
    },
  },
  waited: {
    definition: "locked",
    before: async (agent) => void (await agent.call("start_workflow", { workflow_name: "locked", workflow_id: "holder" })),
    async tell(agent, id) {
      await submit(agent, "holder", "one", "fine");
      await submit(agent, id, "one", "fine");
    },
  },
  rested: {
    definition: "rested",
    async tell(agent, id) {
      await agent.call("control_run", { workflow_id: id, command: "pause" });
      await agent.call("submit_result", { workflow_id: id, result: "fine" });
      await agent.call("control_run", { workflow_id: id, command: "event", event: "deployed", value: 2 });
      await agent.call("control_run", { workflow_id: id, command: "resume" });
      await submit(agent, id, "last", "done");
    },
  },
};

/** A story that came after the version's others has a folder of its own, since keys were made with them. */
const folderOf = (name: string): string => (existsSync(join(STORE, version)) ? `${version}-${name}` : version);
const isStored = (name: string): boolean => [version, `${version}-${name}`].some((of) => existsSync(join(STORE, of, `${name}.json`)));

let home: string;
beforeAll(() => void (home = mkdtempSync(join(tmpdir(), "histories-"))));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("histories of released versions", () => {
  const stored = readdirSync(STORE).flatMap((of) =>
    readdirSync(join(STORE, of)).flatMap((name) => (name.endsWith(".json") ? [[of, name]] : [])),
  );
  const read = (of: string, name: string, change = (text: string) => text) => {
    const data = join(home, of);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    mkdirSync(join(data, "keys"), { recursive: true, mode: 0o700 });
    // A clone gives them modes that no key may have.
    for (const key of readdirSync(join(STORE, of, "keys")))
      writeFileSync(join(data, "keys", key), readFileSync(join(STORE, of, "keys", key)), { mode: 0o600 });
    const told = JSON.parse(change(readFileSync(join(STORE, of, name), "utf8"))) as { workflowId: string; history: unknown };
    return replayHistory({ home: data, bundle: BUNDLE, ...told });
  };
  test("are there for every story of this version", () => {
    expect(Object.keys(STORIES).filter((name) => !isStored(name))).toEqual([]);
  });
  test.each(stored)("%s %s is replayed by the workflow of today", async (of, name) => expect(await read(of!, name!)).toBeNull());
  test("and one that tells another story is noticed", async () => {
    const [of, name] = stored[0]!;
    expect(await read(of!, name!, (text) => text.replaceAll('"callServer"', '"finishRun"'))).toMatch(/nondeterminism/i);
  });
});

// Not a test: writes what the tests above read. Only there when it is asked for, so that nothing counts as skipped.
if (process.env["PLATFORM_OPS_RECORD_HISTORIES"] === "1")
  test(`the histories of ${version}`, async () => {
    const made = await newHome({
      bin: META_WORKFLOWS_BIN,
      config: "meta_workflows: { definitions_path: runbooks, bindings: bindings.yaml }\n",
    });
    const folder = join(made.configFile, "..");
    mkdirSync(join(folder, "runbooks"));
    writeFileSync(join(folder, "runbooks/story.yaml"), STORY);
    writeFileSync(join(folder, "runbooks/locked.yaml"), LOCKED);
    writeFileSync(join(folder, "runbooks/rested.yaml"), RESTED);
    writeFileSync(join(folder, "bindings.yaml"), BINDINGS);
    const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [], home: made.home, env: made.env, cwd: made.project });
    try {
      const missing = Object.entries(STORIES).filter(([name]) => !isStored(name));
      const folders = new Map(missing.map(([name]) => [name, join(STORE, folderOf(name))]));
      for (const [name, { definition, before, tell }] of missing) {
        await before?.(agent);
        await agent.call("start_workflow", { workflow_name: definition, workflow_id: name });
        await tell(agent, name);
        const address = (await agent.call("health_check")).data["components"].temporal.host as string;
        const keys = await openKeys(await openDataDirectory(made.home));
        const temporal = await connect({ mode: "local", address, namespace: "default", keys });
        const history = await temporal.history(name);
        await temporal.close();
        const text = JSON.stringify({ workflowId: name, history });
        const target = folders.get(name)!;
        mkdirSync(target, { recursive: true });
        // Names of processes and machines are nobody's business.
        writeFileSync(
          join(target, `${name}.json`),
          `${text.replaceAll(/"(identity|binaryChecksum|buildId|sdkName|workerId)":"[^"]*"/g, '"$1":"test"')}\n`,
        );
      }
      for (const target of new Set(folders.values())) cpSync(join(made.home, "keys"), join(target, "keys"), { recursive: true });
      expect(Object.keys(STORIES).filter((name) => !isStored(name))).toEqual([]);
    } finally {
      await agent.close();
      await made.remove();
    }
  });
