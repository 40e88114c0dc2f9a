import { OpsError } from "@platform-ops/errors";
import { createLogger, type NewApprovalRequest } from "@platform-ops/ledger";
import { openTemporaryLedger, type TemporaryLedger } from "@platform-ops/ledger/testing";
import type { Client } from "@temporalio/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeptDecisions } from "./kept-decisions.ts";

let ledger: TemporaryLedger;
let sent: string[];
let answer: () => Promise<unknown>;
let kept: KeptDecisions;

beforeEach(async () => {
  ledger = await openTemporaryLedger();
  sent = [];
  answer = async () => "taken";
  kept = newLooker();
});
afterEach(() => ledger.dispose());

/** Of Temporal, only what answers an update. */
function newLooker(): KeptDecisions {
  const client = {
    connection: { withDeadline: (_: number, ask: () => Promise<unknown>) => ask() },
    workflow: { getHandle: (id: string) => ({ executeUpdate: () => (sent.push(id), answer()) }) },
  };
  const logger = createLogger({ level: "error", write: () => undefined });
  return new KeptDecisions({ client: client as unknown as Client, approvals: ledger.approvals, server: "terraform", logger });
}

const ITEM = { what: "terraform:vpc", digest: "a".repeat(64) };

async function decided(run_id: string, change: Partial<NewApprovalRequest> = {}, decision: "approved" | "rejected" = "approved") {
  const request = await ledger.approvals.request({
    server: "terraform",
    run_id,
    kind: "apply",
    environment: "default",
    requester: "agent:zed@ann",
    subject: [ITEM],
    title: "Apply vpc",
    summary: "vpc: 3 to add",
    channels: ["cli"],
    required: 1,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    ...change,
  });
  return ledger.approvals.decide({ id: request.id, decision, channel: "cli", approver: "tty:ann" });
}

/** A look, and until what it sent was answered. */
async function look(): Promise<void> {
  await kept.look();
  await new Promise((resolve) => setImmediate(resolve));
}

describe("decisions of a ledger", () => {
  it("are sent once, each to its run, also those that come later", async () => {
    await decided("run-1");
    await decided("run-2", {}, "rejected");
    await look();
    expect(sent.toSorted()).toEqual(["run-1", "run-2"]);
    await decided("run-3");
    await look();
    await look();
    expect(sent.toSorted()).toEqual(["run-1", "run-2", "run-3"]);
  });

  it("are not sent where nobody of this server waits for them any more", async () => {
    await decided("of-another-server", { server: "other" });
    const used = await decided("used");
    await ledger.approvals.consume(used, ITEM, "used");
    const replaced = await decided("replaced");
    await ledger.approvals.close(replaced.request_id, "superseded");
    await look();
    expect(sent).toEqual([]);
  });

  it("are sent again where no answer came, and a refusal is believed when it was heard often", async () => {
    await decided("run-1");
    answer = async () => Promise.reject(new OpsError("not_confirmed", "No answer."));
    for (let at = 0; at < 30; at += 1) await look();
    expect(sent).toHaveLength(30);
    answer = async () => Promise.reject(new OpsError("approval_closed", "Not awaited yet."));
    for (let at = 0; at < 30; at += 1) await look();
    expect(sent).toHaveLength(40);
  });

  it.each(["conflict", "not_found"] as const)("are given up for a run that has ended (%s)", async (code) => {
    await decided("run-1");
    answer = async () => Promise.reject(new OpsError(code, "It has ended."));
    await look();
    await look();
    expect(sent).toHaveLength(1);
  });
});
