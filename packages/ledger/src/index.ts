// What must be kept and must be true. Files only: knows no Temporal and no MCP.

// Where things are kept
export { openDataDirectory, type DataDirectory } from "./data-directory.ts";
export { defaultCacheDirectory, defaultConfigFile, defaultDataDirectory, type PlacesEnvironment } from "./places.ts";
export { openKeys, type Keyring } from "./keys.ts";
export { openArtifacts, type ArtifactOptions, type ArtifactStore } from "./artifacts.ts";
export { lazyPart, once, openLedger, type Ledger } from "./open-ledger.ts";

// What makes them true
export { canonicalJson, sha256 } from "./canonical-json.ts";
export { keyedDigest, seal, unseal } from "./seal.ts";

// Who may call over HTTP
export { openTokens, type TokenGrant, type TokenRefusal, type Tokens } from "./tokens.ts";

// The one exit for secrets
export { MASK, Redactor } from "./redaction.ts";
export { isMarkOfSecret } from "./redaction-marks.ts";

// The record
export { openAudit, type AuditEntry, type AuditLog } from "./audit.ts";
export { LOG_LEVELS, createLogger, type LogLevel, type Logger, type LoggerOptions } from "./logger.ts";

// What a program that we start gets of our environment
export { isVariableNamed, NETWORK_VARIABLES, pickVariables, USUAL_VARIABLES } from "./child-environment.ts";

// Subcommands as values
export { defineCommand, type Command, type CommandInput, type CommandOption, type ExitCode, type Terminal } from "./command.ts";
export { paintChanges } from "./terminal/change-marks.ts";
export { paint, type Tone } from "./terminal/paint.ts";
export { table } from "./terminal/table.ts";
export { progressOn, type Progress } from "./terminal/progress.ts";

// Doctor: one shape of check, and those that every server shares
export type { Check, CheckStatus, Mend } from "./doctor/check.ts";
export { commonChecks, type CommonSurroundings } from "./doctor/common-checks.ts";
export { doctorCommand } from "./doctor/doctor-command.ts";
export { isOlder, programCheck, type ProgramSurroundings, type WantedProgram } from "./doctor/program-check.ts";

// Settings and the operator's policy
export type { Effective, MetaWorkflowsSettings, Settings, SettingsSources, StdioServerSettings, TemporalTls } from "./settings/settings.ts";
export { HTTP_LIMITS, type HttpLimits, type HttpSettings } from "./settings/http.ts";
export { watchSettings } from "./settings/watch-settings.ts";
export { readSettings, surveySettings } from "./settings/read-settings.ts";
export { SYSTEM_POLICY_FILE } from "./settings/system-policy.ts";
export { settingsJsonSchema, settingsTable, type SettingRow } from "./settings/definitions.ts";
export { settingsInvalid, type SettingProblem } from "./settings/problems.ts";
export { matchesGlob } from "./settings/glob.ts";
export {
  CHANGE_KINDS,
  DEFAULT_ENVIRONMENT,
  autoAllows,
  environmentOf,
  environmentsOfMachine,
  isIdOrAddress,
  strictest,
  type AutoRule,
  type ChangeKind,
  type Environment,
  type EnvironmentTarget,
  type Policy,
} from "./settings/policy.ts";
export {
  REMOTE_PRESETS,
  type ClusterSettings,
  type CommandRule,
  type EnvironmentRemote,
  type RemotePreset,
  type RemoteSettings,
  type SshHost,
} from "./settings/remote.ts";

// Approvals: requests, decisions through four channels, and the checking of them
export { openApprovals, type ApprovalsDeps } from "./approvals/open-approvals.ts";
export { SIGNATURE_NAMESPACE, recordDigest } from "./approvals/shapes.ts";
export { channelsOf } from "./approvals/channel-rules.ts";
export { approvalCommands } from "./approvals/commands.ts";
export type { ApprovalCommandPort } from "./approvals/command-port.ts";
export { printable } from "./approvals/request-text.ts";
export { waysToDecide } from "./approvals/ways-to-decide.ts";
export {
  COMMAND_REQUEST,
  type ApprovalRecord,
  type ApprovalRequest,
  type Approvals,
  type Decision,
  type NewApprovalRequest,
  type Principal,
  type RecordSignature,
  type RequestStatus,
  type SubjectItem,
} from "./approvals/approval.ts";
export { CHANNELS, type Channel } from "./approvals/channel.ts";
export { asStorageFailure } from "./storage-failure.ts";
