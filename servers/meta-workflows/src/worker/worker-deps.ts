import type { Redactor } from "@platform-ops/ledger";
import type { WorkerParts } from "@platform-ops/orchestration/worker";

/** What the activities work with. */
export interface WorkerDeps extends WorkerParts {
  readonly redactor: Redactor;
}
