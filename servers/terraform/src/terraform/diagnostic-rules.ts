import type { ErrorCode } from "@platform-ops/errors";

/** What a failure means to us; the stable reasons are shown beside the code. */
export interface Classified {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryable: boolean;
  readonly hint?: string;
}

/** A rule that gives that meaning. */
export interface Rule extends Classified {
  /** Tried on "summary\ndetail". */
  readonly pattern: RegExp;
}

const rule = (reason: string, pattern: RegExp, code: ErrorCode, retryable: boolean, hint?: string): Rule => ({
  reason,
  pattern,
  code,
  retryable,
  ...(hint === undefined ? {} : { hint }),
});

const RENEW = "Renew the credentials, then run `refresh-credentials` for the run; profiles and helpers are read anew at each step.";

// Texts of the AWS, Google and Azure SDKs as their providers pass them on; order matters: the first that fits decides.
const CREDENTIALS: readonly Rule[] = [
  rule(
    "aws_credentials",
    /No valid credential sources found|ExpiredToken(?:Exception)?\b|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|RequestExpired|InvalidAccessKeyId|security token included in the request is (?:invalid|expired)|failed to refresh cached credentials|no EC2 IMDS role found|SSO session has expired|failed to get shared config profile|AuthFailure: AWS was not able to validate/i,
    "credentials",
    false,
    RENEW,
  ),
  rule(
    "google_credentials",
    /could not find default credentials|application default credentials|invalid_grant|invalid_rapt|reauth related error|Request had invalid authentication credentials|oauth2: cannot fetch token|oauth2\/google: /i,
    "credentials",
    false,
    RENEW,
  ),
  rule(
    "azure_credentials",
    /AADSTS\d{4,}|az login|unable to build authorizer|could not configure \w+ Authorizer|ExpiredAuthenticationToken|InvalidAuthenticationToken|ClientSecretCredential|DefaultAzureCredential|AzureCLICredential/i,
    "credentials",
    false,
    RENEW,
  ),
  rule(
    "registry_credentials",
    /Required token could not be found|No stored credentials|(?:401|403) (?:Unauthorized|Forbidden) .*(?:registry|app\.terraform\.io)|Failed to request discovery document: .* 401/i,
    "credentials",
    false,
    RENEW,
  ),
];

// Reported as "Error acquiring the state lock", as is whatever else keeps a backend from answering: the lock comes last.
const DAMAGE: readonly Rule[] = [
  rule(
    "state_damaged",
    /Unsupported state file format|state file could not be (?:read|parsed)|Error reading local state|Failed to (?:load|read) state.*(?:unexpected end|invalid character)|state snapshot was created by/i,
    "state_damaged",
    false,
    "Look at the state file; restore it from a backup before anything else.",
  ),
];

const STATE: readonly Rule[] = [
  rule("plan_stale", /^Saved plan is stale/, "stale", false),
  rule(
    "plan_lineage",
    /^Saved plan does not match the given state/,
    "stale",
    false,
    "The state was replaced, or this is another backend or workspace. Look at the state before you plan anew.",
  ),
  rule("plan_incomplete", /^Cannot apply incomplete plan/, "stale", false),
  rule(
    "plan_version",
    /plan files cannot be transferred between different (?:Terraform|OpenTofu) versions|created by (?:Terraform|OpenTofu)[^\n]*, but this is/i,
    "stale",
    false,
    "The program's version changed since the plan: plan anew.",
  ),
  rule(
    "plan_unreadable",
    /^Failed to load "[^"]*" as a plan file|^Failed to read plan|is not a valid plan file/i,
    "artifact_missing",
    false,
  ),
  rule(
    "state_not_saved",
    /^Failed to (?:save|persist) state|errored\.tfstate/,
    "in_doubt",
    false,
    "Push errored.tfstate with `terraform state push` before anything else: another apply would fork the state.",
  ),
];

const LOCK: readonly Rule[] = [
  rule(
    "state_lock",
    /^Error acquiring the state lock/,
    "conflict",
    true,
    "Wait for the holder to finish; unlock only when it is certain that it is dead.",
  ),
];

const CONFIGURATION: readonly Rule[] = [
  rule(
    "init_needed",
    /^(?:Inconsistent dependency lock file|Required plugins are not installed|Missing required provider|Module not installed|Module source has changed|Module version requirements have changed|Backend initialization required|Initialization required|Could not load plugin|Provider requirements cannot be satisfied)/i,
    "invalid_config",
    true,
  ),
  rule(
    "backend_changed",
    /^Backend (?:configuration|type) changed|^Backend configuration (?:block )?has changed/i,
    "invalid_config",
    false,
    "A person decides: run `init -reconfigure` or `init -migrate-state` in that folder by hand.",
  ),
  rule(
    "lock_file_incomplete",
    /^Provider dependency changes detected/,
    "invalid_config",
    false,
    "Run `init` by hand and commit the changed .terraform.lock.hcl.",
  ),
  rule(
    "plugin_cache_race",
    /text file busy|^Failed to install provider from shared cache|does not match any of the checksums/im,
    "command_failed",
    true,
  ),
  rule(
    "provider_missing",
    /was not found in any of the search locations|does not have a package available for your current platform|provider registry \S+ does not have a provider named/i,
    "invalid_config",
    false,
    "Put the provider, for this platform, where `provider_installation` of the file named by TF_CLI_CONFIG_FILE looks, or correct its source.",
  ),
  rule(
    "provider_version",
    /no available releases match the given constraints|does not match configured version constraint|previously-selected version \S+ is no longer available/i,
    "invalid_config",
    false,
    "No version that can be had fits: change the constraint, upgrade the lock file by `init -upgrade` by hand, or add a version to the mirror.",
  ),
  rule(
    "provider_checksum",
    /doesn't match any of the checksums (?:previously )?recorded in the dependency lock file/i,
    "invalid_config",
    false,
    "The lock file does not know this package of the provider: record it by `providers lock` by hand, and find out first who changed it.",
  ),
  rule(
    "provider_incompatible",
    /incompatible API version with plugin/i,
    "invalid_config",
    false,
    "This version of the provider speaks a protocol that the program does not: choose a newer one.",
  ),
  rule(
    "provider_not_started",
    /failed to instantiate provider/i,
    "invalid_config",
    false,
    "What was installed as the provider is not a program that runs here: put a package for this platform, with its executable bit, in its place.",
  ),
  rule(
    "provider_ended",
    /^(?:Plugin did not respond|Plugin error|Request cancelled)\n|failed: Plugin did not respond: /,
    "command_failed",
    false,
    "A provider crashed or was killed: look at the worker's memory and for another version of the provider, then start a new run.",
  ),
  rule(
    "registry_unreachable",
    /^Failed to query available provider packages|^Failed to resolve provider packages|^Failed to install provider|^Error accessing remote module registry|^Failed to download module|could not connect to registry/im,
    "command_failed",
    true,
    "The registry or the network did not answer; it is tried again.",
  ),
  rule(
    "variable_missing",
    /^No value for required variable|must also be set during the apply phase/m,
    "invalid_config",
    false,
    "Give the variable by inputs, extraVars or tfvars.",
  ),
  rule(
    "variable_invalid",
    /^Invalid value for (?:input )?variable|^Can't change variable when applying a saved plan|^Value for undeclared variable/m,
    "invalid_config",
    false,
  ),
  rule(
    "no_configuration",
    /^No configuration files|^Error: No configuration files/m,
    "invalid_config",
    false,
    "Point `dir` at the folder with the .tf files.",
  ),
  rule("bad_directory", /Error handling -chdir option/, "invalid_config", false),
  rule(
    "final_plan_inconsistent",
    /^Provider produced inconsistent final plan/,
    "stale",
    false,
    "Something that the plan had read changed before apply: plan anew.",
  ),
  rule("precondition", /^Resource (?:pre|post)condition failed|^Module output value precondition failed/, "command_failed", false),
  rule("throttled", /Throttling|RequestLimitExceeded|TooManyRequests|rateLimitExceeded|429 Too Many Requests/i, "command_failed", true),
  rule(
    "network",
    /connection reset by peer|TLS handshake timeout|i\/o timeout|no such host|connection refused|temporary failure in name resolution/i,
    "command_failed",
    true,
  ),
  rule(
    "syntax",
    /^(?:Argument or block definition required|Unsupported (?:argument|block type|attribute)|Missing required argument|Invalid (?:expression|reference|block definition|character)|Reference to undeclared|Unclosed configuration block|Duplicate (?:resource|variable|output|provider) .*)/i,
    "invalid_config",
    false,
  ),
];

/** What summaries and details of terraform, tofu, their backends and providers mean; the first that fits decides. */
export const RULES: readonly Rule[] = [...DAMAGE, ...STATE, ...CREDENTIALS, ...LOCK, ...CONFIGURATION];
