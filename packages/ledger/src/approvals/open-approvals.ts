import type { ArtifactStore } from "../artifacts.ts";
import type { AuditLog } from "../audit.ts";
import type { DataDirectory } from "../data-directory.ts";
import type { Keyring } from "../keys.ts";
import type { Policy } from "../settings/policy.ts";
import { ApprovalAudit } from "./approval-audit.ts";
import { ApprovalDecisions } from "./approval-decisions.ts";
import { ApprovalFiles } from "./approval-files.ts";
import { ApprovalRequests } from "./approval-requests.ts";
import { ApprovalUses } from "./approval-uses.ts";
import type { Approvals } from "./approval.ts";

/** What approvals are kept and judged with. */
export interface ApprovalsDeps {
  readonly dir: DataDirectory;
  readonly keys: Keyring;
  /** This process's own policy; it judges, whatever a client believed. */
  readonly policy: Policy;
  readonly audit: AuditLog;
  readonly artifacts: ArtifactStore;
  /** The clock; tests give another one. */
  readonly now?: () => Date;
}

/** Opens the approvals of a data directory. */
export function openApprovals({ dir, keys, policy, audit: log, now = () => new Date() }: ApprovalsDeps): Approvals {
  const verifier = { dir, keys, policy, files: new ApprovalFiles(dir, keys), now };
  const audit = new ApprovalAudit(log);
  const requests = new ApprovalRequests({ ...verifier, audit });
  const decisions = new ApprovalDecisions({ ...verifier, audit, requests });
  const uses = new ApprovalUses({ ...verifier, audit });
  return {
    request: (input) => requests.request(input),
    get: (id) => requests.get(id),
    list: (filter) => requests.list(filter),
    decided: () => requests.decided(),
    close: (id, status) => requests.close(id, status),
    sweep: (options) => requests.sweep(options),
    decide: (input) => decisions.decide(input),
    signable: (id, decision) => decisions.signable(id, decision),
    addSignature: (id, decision, signature, principal) => decisions.addSignature(id, decision, signature, principal),
    records: (id) => uses.records(id),
    verify: (record, expected) => uses.verify(record, expected),
    consume: (record, item, consumer) => uses.consume(record, item, consumer),
    usedAt: (id, item) => uses.usedAt(id, item),
  };
}
