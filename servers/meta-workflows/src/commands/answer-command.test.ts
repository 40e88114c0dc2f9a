import type { Terminal } from "@platform-ops/ledger";
import type { ActionRecord } from "@platform-ops/meta-workflow-registry/run";
import { describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { Submit } from "../worker/run-contract.ts";
import { answerCommand, personsActions } from "./answer-command.ts";

const record = (more: Partial<ActionRecord>): ActionRecord =>
  ({
    action_id: "a#1",
    title: "Look",
    type: "prompt",
    executor: "agent",
    state: "open",
    instructions: "Is it there?\u202e",
    failures: [],
    result_schema: { type: "object" },
    ...more,
  }) as ActionRecord;
const LOOK = record({ action_id: "deploy#2", executor: "human", title: "Did it happen? Deploy" });
const HANDED = record({ action_id: "b#1", state: "needs_human", failures: [{ attempt: 1, say: ["I may not"] }] });

async function answer(positionals: string[], { typed, actions = [LOOK, HANDED] }: { typed?: string; actions?: ActionRecord[] } = {}) {
  const sent: Submit[] = [];
  const audited: object[] = [];
  const said = { out: "", err: "" };
  const orchestration = {
    inUse: { mode: "local" },
    hasWorker: async () => true,
    query: async () => ({ carried: { book: { actions: Object.fromEntries(actions.map((one) => [one.action_id, one])) } } }),
    update: async (_id: string, _name: string, submit: Submit) => {
      sent.push(submit);
      return { status: "running", actions: [], waiting_for: [] };
    },
    describe: async () => ({ task_queue: "q" }),
  };
  const deps = {
    config: { user: "ann", settings: { temporal: { workers: "local" } } },
    orchestration: async () => orchestration,
    ledger: async () => ({ audit: { append: async (entry: object) => void audited.push(entry) } }),
  } as unknown as MetaWorkflowsDeps;
  const terminal: Terminal = {
    stdout: (text) => void (said.out += text),
    stderr: (text) => void (said.err += text),
    isTTY: typed !== undefined,
    color: false,
    columns: 80,
    ...(typed === undefined ? {} : { ask: async () => typed }),
  };
  const code = await answerCommand(deps).run({ positionals, options: {} }, deps, terminal, new AbortController().signal);
  return { code, sent, audited, ...said };
}

test("only what no agent may do is a person's", () => {
  const relayed = record({ action_id: "q#1", executor: "human", type: "ask" });
  const over = record({ action_id: "d#1", executor: "human", state: "done" });
  expect(personsActions([LOOK, HANDED, relayed, over, record({})]).map(({ action_id }) => action_id)).toEqual(["deploy#2", "b#1"]);
});

describe("answer", () => {
  test("shows what is asked, with why it was handed over, and sends nothing", async () => {
    const { code, out, sent } = await answer(["mw-1"]);
    expect([code, sent]).toEqual([0, []]);
    expect(out).toMatch(/deploy#2: Did it happen\? Deploy\nIs it there\?\\u\{202e\}\n/);
    expect(out).toContain("Handed over: I may not");
  });

  test("sends it as a person's, for whom nothing else is held, once the word is typed", async () => {
    const { code, out, sent, audited } = await answer(["mw-1", "deploy#2", '{"happened":true}'], { typed: "answer" });
    expect(code).toBe(0);
    expect(sent).toMatchObject([
      { action_id: "deploy#2", outcome: "completed", result: { happened: true }, person: true, agent: { id: "tty:ann" }, limit: 0 },
    ]);
    expect(out).toContain("answered; the run is running");
    expect(audited).toMatchObject([{ actor: "tty:ann", what: "answered deploy#2", target: "mw-1" }]);
  });

  test.each([
    ["another word", "yes", 1],
    ["no terminal", undefined, 2],
  ])("sends nothing with %s", async (_, typed, code) => {
    const answered = await answer(["mw-1", "b#1", "1"], typed === undefined ? {} : { typed });
    expect([answered.code, answered.sent]).toEqual([code, []]);
  });

  test("what cannot be meant is named with what can", async () => {
    await expect(answer(["mw-1", "z#1"])).rejects.toMatchObject({ code: "not_found", hint: "It asks about: deploy#2, b#1." });
    await expect(answer(["mw-1"], { actions: [] })).rejects.toMatchObject({ code: "not_found", message: "mw-1 asks nobody." });
    await expect(answer(["mw-1", "b#1", "{x"])).rejects.toMatchObject({ code: "invalid_input", hint: expect.stringContaining("happened") });
  });
});
