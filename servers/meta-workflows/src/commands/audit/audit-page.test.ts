import type { ApprovalRecord, ApprovalRequest } from "@platform-ops/ledger";
import { expect, it } from "vitest";
import { auditPage } from "./audit-page.ts";
import type { RunRecord } from "./run-record.ts";

const HOSTILE = "x` | y\n# Forged\n```\n<b>\u001b[2J";
const request = {
  id: "apr_1",
  title: HOSTILE,
  subject: [{ what: "step:go", digest: "d1" }],
  environment: "production",
  status: "approved",
} as ApprovalRequest;
const decision = {
  decision: "approved",
  approver: "key:SHA256:abc",
  channel: "signed",
  decided_at: "2026-01-05T10:00:00Z",
  reason: HOSTILE,
} as ApprovalRecord;
const RECORD: RunRecord = {
  view: {
    workflow_id: "mw-1",
    status: "completed",
    memo: {
      workflow: "staged",
      name: "Staged",
      version: "1.0.0",
      digest: "abc",
      started_with: "",
      requester: "agent:zed@ann",
      status: "completed",
      current_step: null,
      open: [],
      waiting_for: [],
      steps_done: 2,
    },
    started_at: "2026-01-05T09:00:00Z",
    finished_at: "2026-01-05T11:00:00Z",
    end: { status: "completed", output: null },
    needs_version: false,
  },
  inputs: { note: HOSTILE },
  timeline: [{ at: 1767603600000, path: "roll_out", what: "done", text: HOSTILE }],
  steps: { roll_out: { status: "done", output: { said: HOSTILE }, simulated: true }, tell: { status: "done", output: null } },
  receipts: [
    {
      action_id: "tell#1",
      attempt_id: "a",
      digest: "d2",
      outcome: "completed",
      at: 1767603600000,
      by: { id: HOSTILE, kind: "claude" },
      verdict: "rejected",
      say: ["too short"],
      relayed: true,
    },
  ],
  approvals: [{ request, decisions: [{ record: decision, verified: true }] }],
  calls: [
    { time: "2026-01-05T09:00:00Z", kind: "tool_call", actor: "agent:zed@ann", what: "submit_result", outcome: "failed", code: "conflict" },
  ],
  missing: [],
};

it("says who decided what by which channel, about which digest, and what was only simulated", () => {
  const page = auditPage(RECORD);
  expect(page).toMatch(
    /\| `step:go` `d1` \| `production` \| \*\*approved\*\*.*\| `key:SHA256:abc` \| signed \| 2026-01-05T10:00:00Z \| yes \|/,
  );
  expect(page).toContain("**yes: 1 steps changed nothing real**");
  expect(page).toMatch(/\| done \| `roll_out` \| .* \*\*simulated\*\* \|/);
  expect(page).toContain("### `roll_out` (done, simulated)");
  expect(page).toMatch(/, for a person \| rejected: `too short` \| `d2` \|/);
  expect(page).toContain("| `agent:zed@ann` | `submit_result` | `failed` `conflict` |");
});

it("lets no text be a heading, a cell, a fence or a control character", () => {
  const page = auditPage(RECORD);
  expect(page).not.toContain("\u001b");
  // Whatever stands outside of fences is ours.
  const outside = page.replaceAll(/^(`{3,})\w*\n[^]*?^\1$/gm, "");
  expect(outside).not.toMatch(/^# Forged|^```/m);
  const columns = outside.split("\n").filter((line) => line.startsWith("| `apr_1`"));
  expect(columns.map((line) => line.split("|").length)).toEqual([11]);
});

it("says of a decision that does not verify that it does not", () => {
  const [approval] = RECORD.approvals;
  const page = auditPage({
    ...RECORD,
    approvals: [{ ...approval!, decisions: [{ record: decision, verified: false, why: "approval_invalid" }] }],
  });
  expect(page).toContain("| **no: approval_invalid** |");
});
