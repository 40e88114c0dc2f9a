// What must be kept and must be true. Files only: knows no Temporal and no MCP.

// Where things are kept
export { defaultCacheDirectory, defaultConfigFile, defaultDataDirectory, openDataDirectory, type DataDirectory, type PlacesEnvironment } from "./data-directory.ts";
export { openKeys, type Keyring } from "./keys.ts";
export { openArtifacts, type ArtifactOptions, type ArtifactStore } from "./artifacts.ts";

// What makes them true
export { canonicalJson, sha256 } from "./canonical-json.ts";
export { keyedDigest, seal, unseal } from "./seal.ts";

// The one exit for secrets
export { MASK, Redactor } from "./redaction.ts";
export { isMarkOfSecret } from "./redaction-marks.ts";

// The record
export { openAudit, type AuditEntry, type AuditLog } from "./audit.ts";
export { LOG_LEVELS, createLogger, type LogLevel, type Logger, type LoggerOptions } from "./logger.ts";

// Subcommands as values
export { defineCommand, type Command, type CommandInput, type CommandOption, type ExitCode, type Terminal } from "./command.ts";

// Settings and the operator's policy
export type { Effective, Settings, SettingsSources, TemporalTls } from "./settings/settings.ts";
export { CHANGE_KINDS, type AutoRule, type ChangeKind, type Environment, type Policy } from "./settings/policy.ts";

// Approvals
export {
  CHANNELS,
  type ApprovalRecord,
  type ApprovalRequest,
  type Approvals,
  type Channel,
  type Decision,
  type NewApprovalRequest,
  type Principal,
  type RecordSignature,
  type RequestStatus,
  type SubjectItem,
} from "./approvals/approval.ts";
