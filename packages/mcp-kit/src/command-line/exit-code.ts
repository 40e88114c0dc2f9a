import { isOpsError, type ErrorCode } from "@platform-ops/errors";
import type { ExitCode } from "@platform-ops/ledger";

const WRONG_USE: ReadonlySet<ErrorCode> = new Set(["settings_invalid", "invalid_input", "invalid_config", "config_not_found"]);
const MISSING_PART: ReadonlySet<ErrorCode> = new Set([
  "setup_needed",
  "program_missing",
  "unsupported_platform",
  "temporal_unavailable",
  "worker_unavailable",
  "key_missing",
]);

/** The exit code of a failure: 2 wrong use or configuration, 3 a needed part is missing, else 1. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isOpsError(error)) return 1;
  if (WRONG_USE.has(error.code)) return 2;
  return MISSING_PART.has(error.code) ? 3 : 1;
}
