import type { AuditLog } from "@platform-ops/ledger";
import type { FluxTeleportDeps } from "./deps.ts";

/** The audit log, opened with the first line that is written: listing tools touches no file. */
export function lazyAudit(deps: Pick<FluxTeleportDeps, "ledger">): AuditLog {
  return {
    append: async (entry) => (await deps.ledger()).audit.append(entry),
    read: async (options) => (await deps.ledger()).audit.read(options),
  };
}
