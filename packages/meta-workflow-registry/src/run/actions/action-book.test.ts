import { beforeEach, describe, expect, it } from "vitest";
import type { ActionDraft, ActionRecord } from "./action.ts";
import { ActionBook } from "./action-book.ts";
import { MAX_RESULT_BYTES, type BookState, type SubmitAnswer } from "./protocol.ts";
import { REFUSAL_CODES, refuse, type Refusal } from "./refusal.ts";

const MINUTE = 60_000;
const ana = { id: "ana" };
const bob = { id: "bob" };

function draft(id: string, more: Partial<ActionDraft> = {}): ActionDraft {
  return {
    action_id: id,
    step_id: id,
    effect_key: `key-${id}`,
    type: "prompt",
    executor: "agent",
    title: id,
    instructions: "",
    parameters: {},
    context: [],
    result_schema: { type: "string" },
    accept: [],
    evidence: [],
    lease_ms: 15 * MINUTE,
    max_attempts: 2,
    on_deadline: "end",
    ...more,
  };
}

let ids = 0;
let book: ActionBook;

function newBook(state?: BookState): ActionBook {
  const validate = (_: unknown, value: unknown): string[] => (typeof value === "string" ? [] : ["/ is no text"]);
  return ActionBook.create({ newId: () => `t${(ids += 1)}`, validate, max_open: 2 }, state);
}

beforeEach(() => {
  ids = 0;
  book = newBook();
});

const codeOf = (answer: SubmitAnswer): string => (answer.status === "refused" ? answer.refusal.code : answer.status);
const record = (answer: ActionRecord | Refusal): ActionRecord => {
  if (!("action_id" in answer)) throw new Error(answer.code);
  return answer;
};

describe("presentation", () => {
  it("leases to the first who asks, and shows the others that it is held", () => {
    book.open(draft("a"), 0);
    expect(book.present(ana, 0).actions[0]).toMatchObject({ state: "leased", attempt: { id: "t1", holder: ana, expires_at: 15 * MINUTE } });
    expect(book.present(bob, MINUTE)).toMatchObject({ actions: [], held: [{ action_id: "a" }] });
    expect(book.present(ana, MINUTE).actions[0]?.attempt).toMatchObject({ id: "t1", expires_at: 16 * MINUTE });
  });

  it("gives what ran out to another, with an attempt of his own; until then the first may still submit", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    expect(book.expire(20 * MINUTE)).toHaveLength(1);
    expect(book.present(bob, 21 * MINUTE).actions[0]?.attempt).toMatchObject({ id: "t2", number: 2, holder: bob });
    const late = book.submit({ attempt_id: "t1", outcome: "completed", result: "x", note: "I was there", agent: ana }, 22 * MINUTE);
    expect(codeOf(late)).toBe("STALE_ATTEMPT");
    expect(book.get("a")?.late).toMatchObject({ attempt_id: "t1", note: "I was there", at: 22 * MINUTE });
  });

  it("takes a result after the lease has run out, where nobody else had the action", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "completed", result: "x", agent: ana }, 99 * MINUTE))).toBe("verifying");
  });

  it("shows each role its own, and what is a person's to nobody", () => {
    book.open(draft("a", { role: "author" }), 0);
    book.open(draft("b", { executor: "human" }), 0);
    expect(book.present(ana, 0, { role: "reviewer" })).toMatchObject({ actions: [], awaiting_human: [{ action_id: "b" }] });
    expect(book.present(ana, 0, { role: "author" }).actions).toHaveLength(1);
  });

  it("never opens more than may be open, and never evicts", () => {
    book.open(draft("a"), 0);
    book.open(draft("b"), 0);
    expect(book.open(draft("c"), 0)).toBe("full");
    expect(book.open_actions().map(({ action_id }) => action_id)).toEqual(["a", "b"]);
  });
});

describe("submission", () => {
  it("answers the same result again by its receipt, another one by a refusal, also after a restart", () => {
    book.open(draft("a"), 0);
    const mine = { attempt_id: "t1", outcome: "completed" as const, result: "x", agent: ana };
    expect(codeOf(book.submit(mine, 1))).toBe("verifying");
    expect(codeOf(book.submit(mine, 2))).toBe("replayed");
    expect(book.settle("a", { ok: true }, 3)).toMatchObject({ status: "done", receipt: { verdict: "accepted", at: 1 } });
    book.endStep("a");
    book = newBook(JSON.parse(JSON.stringify(book.state)) as BookState);
    expect(book.submit(mine, 4)).toMatchObject({ status: "replayed", receipt: { action_id: "a", at: 1, verdict: "accepted" } });
    expect(codeOf(book.submit({ ...mine, result: "y" }, 5))).toBe("ATTEMPT_CONFLICT");
  });

  it("knows a result again that comes as the text of its JSON, whatever its white space and the order of its keys", () => {
    const anything = ActionBook.create({ newId: () => "t1", validate: () => [] });
    anything.open(draft("a"), 0);
    const mine = { attempt_id: "t1", outcome: "completed" } as const;
    expect(codeOf(anything.submit({ ...mine, result: { b: [1, { d: 2, c: "x" }], a: null } }, 0))).toBe("verifying");
    for (const same of ['{"b":[1,{"d":2,"c":"x"}],"a":null}', ' { "a": null,\n "b": [ 1, {"c": "x", "d": 2.0} ] }'])
      expect(codeOf(anything.submit({ ...mine, result: same }, 1))).toBe("replayed");
    for (const other of ['{"b":[1,{"d":2,"c":"y"}],"a":null}', '{"b":[1,{"d":2,"c":"x"}]}', '{"b":[1,{"d":2,"c":"x"}],"a":null', ""])
      expect([other, codeOf(anything.submit({ ...mine, result: other }, 2))]).toEqual([other, "ATTEMPT_CONFLICT"]);
  });

  it("without ids works while one action is open that was never presented anew", () => {
    book.open(draft("a"), 0);
    expect(codeOf(book.submit({ outcome: "completed", result: "x" }, 0))).toBe("verifying");
    book.settle("a", { ok: false, say: ["no"] }, 0);
    const anew = book.submit({ outcome: "completed", result: "x" }, 0);
    expect(anew).toMatchObject({ status: "refused", refusal: { code: "ACTION_AMBIGUOUS", details: { open: [{ attempt_id: "t2" }] } } });
    book.open(draft("b"), 0);
    expect(codeOf(book.submit({ outcome: "completed", result: "x" }, 0))).toBe("ACTION_AMBIGUOUS");
    expect(codeOf(newBook().submit({ outcome: "completed", result: "x" }, 0))).toBe("STALE_ATTEMPT");
  });

  it("says what is wrong, and changes nothing by it", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    const before = JSON.stringify(book.state);
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "completed", result: 7, agent: ana }, 0))).toBe("SCHEMA_INVALID");
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "completed", result: "ä".repeat(MAX_RESULT_BYTES / 2), agent: ana }, 0))).toBe(
      "TOO_LARGE",
    );
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "completed", result: "x", agent: bob }, 0))).toBe("NOT_YOUR_ACTION");
    expect(codeOf(book.submit({ action_id: "a", outcome: "completed", result: "x", agent: bob }, 0))).toBe("NOT_YOUR_ACTION");
    expect(codeOf(book.submit({ attempt_id: "forged", outcome: "completed", result: "x" }, 0))).toBe("STALE_ATTEMPT");
    expect(JSON.stringify(book.state)).toBe(before);
  });

  it("progress renews the lease", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    book.submit({ attempt_id: "t1", outcome: "progress", result: null, agent: ana }, 10 * MINUTE);
    expect(book.present(bob, 20 * MINUTE).actions).toEqual([]);
    expect(book.nextTimer({ leases: true })).toBe(25 * MINUTE);
  });

  it("a refused check gives a new attempt; the last one goes to a person, who alone may answer then", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    book.submit({ attempt_id: "t1", outcome: "completed", result: "lie", agent: ana }, 0);
    expect(book.settle("a", { ok: false, say: ["no such commit"] }, 0)).toMatchObject({
      status: "rejected",
      refusal: { code: "CHECK_FAILED", retryable: true, details: { attempt_id: "t2", say: ["no such commit"] } },
    });
    book.submit({ attempt_id: "t2", outcome: "completed", result: "lie", agent: ana }, 0);
    expect(book.settle("a", { ok: false, say: ["still not"] }, 0)).toMatchObject({ refusal: { code: "CHECK_FAILED", retryable: false } });
    expect(book.get("a")).toMatchObject({ state: "needs_human", failures: [{ say: ["no such commit"] }, { say: ["still not"] }] });
    expect(codeOf(book.submit({ attempt_id: book.get("a")!.attempt.id, outcome: "completed", result: "x", agent: ana }, 0))).toBe(
      "AWAITING_HUMAN",
    );
    expect(codeOf(book.submit({ action_id: "a", outcome: "completed", result: "x", person: true }, 0))).toBe("verifying");
  });

  it("what a person has is told with the way on: it can be given back, but not where it is theirs alone", () => {
    book.open(draft("a", { max_attempts: 1 }), 0);
    book.submit({ action_id: "a", outcome: "needs_human", result: null, agent: ana }, 0);
    const told = book.submit({ action_id: "a", attempt_id: book.get("a")!.attempt.id, outcome: "completed", result: "x", agent: ana }, 0);
    expect(told).toMatchObject({ refusal: { do_next: expect.stringMatching(/control_run with command release .* wait_seconds/) } });
    book.open(draft("b", { executor: "human" }), 0);
    expect(book.release("b", 0)).toMatchObject({ code: "AWAITING_HUMAN", do_next: expect.not.stringContaining("release") });
  });

  it("a person may give it back: as many attempts as before", () => {
    book.open(draft("a", { max_attempts: 1 }), 0);
    book.submit({ outcome: "blocked", result: null, note: "no access", agent: ana }, 0);
    expect(book.get("a")).toMatchObject({ state: "needs_human", failures: [{ say: ["no access"] }] });
    expect(record(book.release("a", 0)).state).toBe("open");
    book.present(ana, 0);
    book.submit({ attempt_id: book.get("a")!.attempt.id, outcome: "completed", result: "x", agent: ana }, 0);
    expect(book.settle("a", { ok: true }, 0).status).toBe("done");
  });

  it("a check that could not be made costs no attempt: the same result may be sent again", () => {
    book.open(draft("a", { max_attempts: 1 }), 0);
    const mine = { attempt_id: "t1", outcome: "completed" as const, result: "x", agent: ana };
    book.submit(mine, 0);
    expect(book.settle("a", { ok: false, undecided: true, say: ["git is away"] }, 0)).toMatchObject({
      refusal: { details: { attempt_id: "t1" } },
    });
    expect(codeOf(book.submit(mine, 0))).toBe("verifying");
  });

  it("a question to a person may be relayed, and the receipt says so", () => {
    book.open(draft("a", { type: "ask", executor: "human" }), 0);
    expect(book.submit({ action_id: "a", outcome: "completed", result: "yes", agent: ana }, 0)).toMatchObject({
      receipt: { relayed: true },
    });
  });
});

describe("taking over, deadlines, the end", () => {
  it("fences off whoever held it", () => {
    book.open(draft("a"), 0);
    book.present(ana, 0);
    expect(record(book.takeOver("a", bob, 1)).attempt).toMatchObject({ id: "t2", holder: bob });
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "completed", result: "x", agent: ana }, 2))).toBe("STALE_ATTEMPT");
    expect(record(book.reassign("a", { role: "reviewer" }, 3))).toMatchObject({ state: "open", role: "reviewer", attempt: { id: "t3" } });
    book.submit({ attempt_id: "t3", outcome: "completed", result: "x" }, 4);
    expect(book.takeOver("a", bob, 5)).toMatchObject({ code: "ATTEMPT_CONFLICT" });
  });

  it("ends or escalates what is past its deadline, but nothing that is being checked", () => {
    book.open(draft("a", { deadline_at: 10 }), 0);
    book.open(draft("b", { deadline_at: 20, on_deadline: "escalate" }), 0);
    expect(book.nextTimer()).toBe(10);
    expect(book.deadline(10).map(({ action_id, result }) => [action_id, result?.outcome])).toEqual([["a", "deadline"]]);
    book.submit({ attempt_id: "t2", outcome: "completed", result: "x" }, 15);
    expect([book.deadline(30), book.nextTimer()]).toEqual([[], undefined]);
    book.settle("b", { ok: false, say: ["no"] }, 31);
    expect(book.deadline(31)).toMatchObject([{ action_id: "b", state: "needs_human" }]);
  });

  it("a closed run takes nothing, and still knows what it took", () => {
    book.open(draft("a"), 0);
    book.open(draft("b"), 0);
    book.submit({ attempt_id: "t1", outcome: "failed", result: "x" }, 0);
    book.close("cancelled", "by ana");
    expect(codeOf(book.submit({ attempt_id: "t2", outcome: "completed", result: "x" }, 0))).toBe("RUN_CLOSED");
    expect(codeOf(book.submit({ attempt_id: "t1", outcome: "failed", result: "x" }, 0))).toBe("replayed");
    expect(book.claim("b", ana, 0)).toMatchObject({ code: "RUN_CLOSED" });
  });

  it("keeps the last 200 receipts", () => {
    for (let i = 0; i < 250; i += 1) {
      book.open(draft(`a${i}#1`), 0);
      book.submit({ outcome: "failed", result: i }, i);
      book.endStep(`a${i}`);
    }
    expect(book.state.receipts).toHaveLength(200);
    expect(book.state.actions).toEqual({});
  });
});

it("each refusal says what to do next", () => {
  for (const code of REFUSAL_CODES) expect(refuse(code, "x").do_next.length).toBeGreaterThan(20);
});
