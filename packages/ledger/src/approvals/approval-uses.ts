import { OpsError } from "@platform-ops/errors";
import { canonicalJson } from "../canonical-json.ts";
import type { ApprovalAudit } from "./approval-audit.ts";
import type { ApprovalRecord, SubjectItem } from "./approval.ts";
import { recordDigest } from "./shapes.ts";
import { verifyRecord, type Verifier } from "./verify-record.ts";

/** What uses of approvals are checked and kept with. */
export interface UsesParts extends Verifier {
  readonly audit: ApprovalAudit;
}

/** Acts by decisions: each is verified first, and used once for each thing that it approves. */
export class ApprovalUses {
  readonly #parts: UsesParts;

  constructor(parts: UsesParts) {
    this.#parts = parts;
  }

  async records(id: string): Promise<ApprovalRecord[]> {
    await this.#parts.files.request(id);
    const record = await this.#parts.files.record(id);
    return record === undefined ? [] : [record];
  }

  async verify(record: ApprovalRecord, expected: { run_id: string; item?: SubjectItem }): Promise<void> {
    await this.#parts.audit.refusing(
      {
        what: "verify",
        actor: nameIn(record, "approver"),
        id: nameIn(record, "request_id"),
        target: expected.item?.what ?? expected.run_id,
      },
      async () => verifyRecord(this.#parts, record, expected),
    );
  }

  async consume(record: ApprovalRecord, item: SubjectItem, consumer: string): Promise<void> {
    await this.#parts.audit.refusing(
      { what: "use", actor: nameIn(record, "approver"), id: nameIn(record, "request_id"), target: item.what },
      async () => {
        await verifyRecord(this.#parts, record, { run_id: record.run_id, item });
        const use = {
          request_id: record.request_id,
          item: { what: item.what, digest: item.digest },
          record: recordDigest(record),
          consumer: consumer.slice(0, 500),
          at: this.#parts.now().toISOString(),
        };
        const before = await this.#parts.files.use(use);
        if (before !== undefined && (before.consumer !== use.consumer || before.record !== use.record)) {
          throw new OpsError("approval_used", `The approval of ${item.what} was used at ${before.at} by ${before.consumer}.`);
        }
      },
    );
  }

  async usedAt(id: string, item: SubjectItem): Promise<string | undefined> {
    return (await this.#parts.files.usedBy(id, { what: item.what, digest: item.digest }))?.at;
  }
}

/** A field of what may be no record at all, for the audit. */
function nameIn(record: unknown, field: "approver" | "request_id"): string {
  const value = typeof record === "object" && record !== null ? (record as Record<string, unknown>)[field] : undefined;
  return typeof value === "string" ? value.slice(0, 200) : `unknown ${canonicalJson(field)}`;
}
