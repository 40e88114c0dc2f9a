import { isOpsError } from "@platform-ops/errors";
import { recordDigest, type ApprovalRecord, type Approvals, type Logger } from "@platform-ops/ledger";
import type { Client } from "@temporalio/client";
import { decisionUpdateId, UPDATE_DECIDE } from "../contract/names.ts";
import { fromFailure } from "../failure/from-failure.ts";

/** Milliseconds that a run has for its answer; what was not answered is sent again. */
const ANSWER_WITHIN = 15_000;
/** A run may not wait for the request yet, or be about to replace it: a refusal is believed when it was heard so often. */
const REFUSALS = 10;

/** What is looked through for decisions. */
export interface KeptDecisionsOptions {
  readonly client: Client;
  readonly approvals: Approvals;
  /** The requests of this server are looked after. */
  readonly server: string;
  readonly logger: Logger;
}

/**
 * Hands the decisions of a ledger to the runs that wait for them. Whoever recorded one (another server's command line, a
 * process that was killed right after) need not know Temporal, nor live on: what was decided arrives. It is sent under the
 * same id as by all others who send it, and the run verifies it as it verifies theirs.
 */
export class KeptDecisions {
  readonly #options: KeptDecisionsOptions;
  /** How often a run refused the decision on a request; one that is through, or under way, counts as refused for good. */
  readonly #refused = new Map<string, number>();

  constructor(options: KeptDecisionsOptions) {
    this.#options = options;
  }

  /** One look: what was decided since the last one is sent; the answers are not waited for. */
  async look(): Promise<void> {
    for (const id of await this.#options.approvals.decided()) {
      const refused = this.#refused.get(id) ?? 0;
      if (refused >= REFUSALS) continue;
      this.#refused.set(id, REFUSALS);
      const record = await this.#awaited(id).catch((error: unknown) => {
        this.#options.logger.warn("A kept decision cannot be read.", { request: id, error });
        return undefined;
      });
      if (record !== undefined) void this.#send(record).then((again) => this.#refused.set(id, refused + again));
    }
  }

  /** The decision on a request of this server that a run may still wait for. */
  async #awaited(id: string): Promise<ApprovalRecord | undefined> {
    const { approvals, server } = this.#options;
    const request = await approvals.get(id).catch((error: unknown) => {
      // Swept meanwhile.
      if (isOpsError(error) && error.code === "approval_not_found") return undefined;
      throw error;
    });
    if (request?.server !== server || (request.status !== "approved" && request.status !== "rejected")) return undefined;
    if (Date.parse(request.expires_at) <= Date.now()) return undefined;
    const [first] = request.subject;
    if (first !== undefined && (await approvals.usedAt(id, first)) !== undefined) return undefined;
    return (await approvals.records(id))[0];
  }

  /** How much its count of refusals grows. */
  async #send(record: ApprovalRecord): Promise<number> {
    const { client, logger } = this.#options;
    try {
      await client.connection.withDeadline(Date.now() + ANSWER_WITHIN, () =>
        client.workflow
          .getHandle(record.run_id)
          .executeUpdate(UPDATE_DECIDE, { args: [record], updateId: decisionUpdateId(recordDigest(record)) }),
      );
      logger.info("A kept decision was handed over.", { request: record.request_id, workflow_id: record.run_id });
      return REFUSALS;
    } catch (error) {
      const { code, retryable } = fromFailure(error);
      // A run that has ended, or is not here, waits for nothing.
      if (code === "not_found" || code === "conflict") return REFUSALS;
      return retryable ? 0 : 1;
    }
  }
}
