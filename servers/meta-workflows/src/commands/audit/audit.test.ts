import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { ApprovalRecord, ApprovalRequest, Terminal } from "@platform-ops/ledger";
import { openTemporaryLedger, type TemporaryLedger } from "@platform-ops/ledger/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { finishRun } from "../../worker/finish-run.ts";
import { WORKFLOW_TYPE } from "../../worker/run-contract.ts";
import { audit } from "./audit.ts";
import { readRunRecord } from "./run-record.ts";

let ledger: TemporaryLedger;
beforeEach(async () => void (ledger = await openTemporaryLedger()));
afterEach(() => ledger.dispose());

const TODAY = new Date().toISOString();
const gone = (): never => {
  throw new OpsError("not_found", "No such run.");
};
const DESCRIBED = {
  workflow_id: "mw-1",
  type: WORKFLOW_TYPE,
  status: "RUNNING",
  started_at: TODAY,
  needs_version: false,
  attributes: {},
  task_queue: "q",
};
const MEMO = {
  workflow: "staged",
  name: "Staged",
  version: "1.0.0",
  digest: "d",
  started_with: "",
  requester: "agent:zed@ann",
  status: "running",
  current_step: null,
  open: [],
  waiting_for: [],
  steps_done: 0,
};

interface World {
  readonly describe?: () => unknown;
  readonly query?: () => unknown;
  readonly approvals?: object;
}

function depsWith({ describe: described = gone, query = gone, approvals = { list: async () => [] } }: World): MetaWorkflowsDeps {
  const { dir, artifacts, redactor } = ledger;
  return {
    config: { cwd: ledger.folder, settings: { temporal: { workers: "local" } } },
    redactor,
    orchestration: async () => ({ describe: async () => described(), query: async () => query() }),
    ledger: async () => ({ directory: dir, artifacts, audit: ledger.audit, approvals }),
  } as unknown as MetaWorkflowsDeps;
}
const open = (): unknown => ({ ...DESCRIBED, memo: { meta_workflow: MEMO } });

async function finish(more: object = {}): Promise<void> {
  const task = {
    workflow: "staged",
    version: "1.0.0",
    digest: "d",
    requester: "agent:zed@ann",
    started_at: Date.now(),
    end: { status: "completed", output: null },
    state: {},
    inputs: { service: "shop" },
    steps: ["look", "roll_out"],
    simulated: ["roll_out"],
    timeline: [{ at: 1, path: "look", what: "done" }],
    receipts: [{ action_id: "look#1", attempt_id: "a", digest: "r", outcome: "completed", at: 1, verdict: "accepted" }],
    ...more,
  };
  await finishRun({ artifacts: ledger.artifacts, audit: ledger.audit, directory: ledger.dir } as never, "mw-1", task as never);
}

describe("what is on record of a run", () => {
  test("that Temporal has forgotten comes from its report; what only a worker could say is named as missing", async () => {
    await finish();
    const record = await readRunRecord(depsWith({}), "mw-1");
    expect(record).toMatchObject({
      inputs: { service: "shop" },
      steps: { look: { status: "finished" }, roll_out: { status: "finished", simulated: true } },
      receipts: [{ action_id: "look#1" }],
      timeline: [{ path: "look" }],
      view: { status: "completed", workflow_id: "mw-1" },
    });
    expect(record.missing).toEqual([expect.stringContaining("The results of the steps")]);
    await expect(readRunRecord(depsWith({}), "mw-2")).rejects.toMatchObject({ code: "not_found" });
  });

  test("that is open comes from itself; its receipts are not written yet, and that is said", async () => {
    const state = { inputs: { a: 1 }, timeline: [{ at: 1, path: "", what: "started" }], steps: { look: { status: "done", output: 7 } } };
    const record = await readRunRecord(depsWith({ describe: open, query: () => state }), "mw-1");
    expect(record).toMatchObject({ ...state, receipts: [] });
    expect(record.missing).toEqual([expect.stringContaining("The receipts of results")]);
  });

  test("that has ended without a report says that it has none; what nobody foresaw is no missing part", async () => {
    const ended = (): unknown => ({ ...DESCRIBED, status: "TERMINATED", closed_at: TODAY, memo: { meta_workflow: MEMO } });
    const record = await readRunRecord(depsWith({ describe: ended }), "mw-1");
    expect(record.missing).toContain("The run's report, with the receipts of results.");
    expect([record.inputs, record.steps]).toEqual([null, {}]);
    const failing = (): never => {
      throw new TypeError("a fault of ours");
    };
    await expect(readRunRecord(depsWith({ describe: open, query: failing }), "mw-1")).rejects.toThrow("a fault of ours");
  });

  test("has the calls that name it, by target or by argument, and no others", async () => {
    const entry = { kind: "call", actor: "agent:zed@ann", outcome: "ok" } as const;
    await ledger.audit.append({ ...entry, what: "submit_result", arguments: { workflow_id: "mw-1" } } as never);
    await ledger.audit.append({ ...entry, what: "control_run", target: "mw-1" } as never);
    await ledger.audit.append({ ...entry, what: "other", arguments: { workflow_id: "mw-10" } } as never);
    await ledger.audit.append({ ...entry, what: "list_runs", arguments: null } as never);
    const { calls } = await readRunRecord(depsWith({ describe: open, query: () => ({ inputs: null, timeline: [], steps: {} }) }), "mw-1");
    expect(calls.map(({ what }) => what)).toEqual(["submit_result", "control_run"]);
  });

  test("has its decisions oldest first, each as far as it could be checked now", async () => {
    const request = (id: string, created_at: string): ApprovalRequest =>
      ({ id, created_at, run_id: "mw-1", title: id, subject: [] }) as unknown as ApprovalRequest;
    const later = new Date(Date.now() + 60_000).toISOString();
    const records = [
      { decision: "approved", reason: "good", expires_at: later },
      { decision: "approved", reason: "forged", expires_at: later },
      { decision: "approved", reason: "old", expires_at: "2020-01-01T00:00:00Z" },
    ] as ApprovalRecord[];
    const asked: unknown[] = [];
    const approvals = {
      list: async (filter: unknown) => (asked.push(filter), [request("apr_2", "2026-01-02"), request("apr_1", "2026-01-01")]),
      records: async (id: string) => (id === "apr_1" ? records : []),
      verify: async (record: ApprovalRecord) => {
        if (record.reason === "old") throw new Error("an expired one is not checked");
        if (record.reason === "forged") throw new OpsError("approval_invalid" as never, "No.", { hint: "", retryable: false });
      },
    };
    const record = await readRunRecord(
      depsWith({ describe: open, query: () => ({ inputs: null, timeline: [], steps: {} }), approvals }),
      "mw-1",
    );
    expect(asked).toEqual([{ run_id: "mw-1" }]);
    expect(record.approvals.map(({ request: { id } }) => id)).toEqual(["apr_1", "apr_2"]);
    expect(record.approvals[0]?.decisions.map(({ verified, why }) => [verified, why])).toEqual([
      [true, undefined],
      [false, "approval_invalid"],
      [false, "not checked, it has expired since"],
    ]);
  });
});

describe("the command", () => {
  const run = async (positionals: string[], options: Record<string, string> = {}) => {
    const said = { out: "", err: "" };
    const terminal = { stdout: (text: string) => void (said.out += text), stderr: (text: string) => void (said.err += text) } as Terminal;
    const code = await audit({ positionals, options }, depsWith({}), terminal, new AbortController().signal);
    return { code, ...said };
  };

  test("prints the page, masked, or writes it to a new file that is its owner's", async () => {
    await finish({ inputs: { token: "ghp_abcdefghijklmnopqrstuvwxyz0123456789" } });
    const { code, out } = await run(["mw-1"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^# Run `mw-1`/);
    expect(out).not.toContain("ghp_abc");
    expect((await run(["mw-1"], { out: "page.md" })).err).toContain(join(ledger.folder, "page.md"));
    expect(await readFile(join(ledger.folder, "page.md"), "utf8")).toBe(out);
    await expect(run(["mw-1"], { out: "page.md" })).rejects.toMatchObject({ code: "already_exists" });
    await expect(run(["mw-1"], { out: "no/such/page.md" })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("ENOENT"),
    });
  });

  test("takes one id", async () => {
    for (const words of [[], [""], ["a", "b"], ["x".repeat(201)]])
      await expect(run(words)).rejects.toMatchObject({ code: "invalid_input" });
  });
});
