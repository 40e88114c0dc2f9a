import { isOpsError } from "@platform-ops/errors";
import type { AuditLog } from "../audit.ts";
import type { KeptRequest } from "./approval-files.ts";

/** What is put on record of approvals: everything that is decided, and every refusal before it is told. */
export class ApprovalAudit {
  readonly #log: AuditLog;

  constructor(log: AuditLog) {
    this.#log = log;
  }

  /** Something was asked for. */
  async requested({ id, run_id: target, requester: actor, title, digest }: KeptRequest): Promise<void> {
    await this.#log.append({
      kind: "approval_requested",
      actor,
      what: "request",
      target,
      digest,
      outcome: "open",
      id,
      arguments: { title },
    });
  }

  /** Something became of a request. */
  async decided(
    request: KeptRequest,
    entry: { actor: string; what: string; outcome: string; digest?: string; arguments?: unknown },
  ): Promise<void> {
    await this.#log.append({ kind: "decision", id: request.id, target: request.run_id, digest: request.digest, ...entry });
  }

  /** Puts every refusal on record before it is told. */
  async refusing<T>(context: { what: string; actor: string; id: string; target?: string }, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const code = isOpsError(error) ? error.code : "unexpected";
      const why = isOpsError(error) ? { arguments: { why: error.message } } : {};
      await this.#log.append({ kind: "approval_refused", outcome: "refused", code, ...why, ...context });
      throw error;
    }
  }
}
