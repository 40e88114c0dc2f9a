import { describe, expect, test } from "vitest";

import {
  classifyDiagnostic,
  describeDiagnostic,
  diagnosticOfText,
  programFailure,
  saysInitNeeded,
  type Diagnostic,
} from "./diagnostics.ts";

const error = (summary: string, detail = ""): Diagnostic => ({ severity: "error", summary, detail });

describe("classifyDiagnostic", () => {
  test.each<[string, string, string, string, boolean]>([
    ["Saved plan is stale", "The given plan file can no longer be applied", "plan_stale", "stale", false],
    ["Saved plan does not match the given state", "", "plan_lineage", "stale", false],
    ["Cannot apply incomplete plan", "", "plan_incomplete", "stale", false],
    ['Failed to load "p" as a plan file', "Error: stat p: no such file or directory", "plan_unreadable", "artifact_missing", false],
    ["Inconsistent dependency lock file", "", "init_needed", "invalid_config", true],
    ['Backend initialization required, please run "terraform init"', "", "init_needed", "invalid_config", true],
    ["Module not installed", "", "init_needed", "invalid_config", true],
    ["Required plugins are not installed", "", "init_needed", "invalid_config", true],
    ["Backend configuration changed", "", "backend_changed", "invalid_config", false],
    ["Provider dependency changes detected", "", "lock_file_incomplete", "invalid_config", false],
    [
      "Error acquiring the state lock",
      "Error message: resource temporarily unavailable\nLock Info:\n  ID: 1",
      "state_lock",
      "conflict",
      true,
    ],
    [
      "Error acquiring the state lock",
      "Error message: 2 problems:\n\n- Unsupported state file format: The state file could not be parsed",
      "state_damaged",
      "state_damaged",
      false,
    ],
    [
      "Error acquiring the state lock",
      "operation error DynamoDB: PutItem, ExpiredTokenException: The security token included in the request is expired",
      "aws_credentials",
      "credentials",
      false,
    ],
    ["Failed to save state", "Error saving state: open errored.tfstate", "state_not_saved", "in_doubt", false],
    ["No value for required variable", 'The root module input variable "x" is not set', "variable_missing", "invalid_config", false],
    ["Provider produced inconsistent final plan", "", "final_plan_inconsistent", "stale", false],
    [
      "Failed to install provider",
      "Error while installing hashicorp/aws v5: open …: text file busy",
      "plugin_cache_race",
      "command_failed",
      true,
    ],
    ["Failed to query available provider packages", "could not connect to registry", "registry_unreachable", "command_failed", true],
    // As terraform 1.11.4 and OpenTofu 1.11.0 say it, with a mirror that lacks what is wanted.
    [
      "Failed to query available provider packages",
      "Could not retrieve the list of available versions for provider hashicorp/aws: provider registry.terraform.io/hashicorp/aws was not found in any of the search locations\n\n  - /srv/mirror",
      "provider_missing",
      "invalid_config",
      false,
    ],
    [
      "Incompatible provider version",
      "Provider example.com/p/arch v1.0.0 does not have a package available for your current platform, linux_amd64.",
      "provider_missing",
      "invalid_config",
      false,
    ],
    [
      "Failed to query available provider packages",
      "Could not retrieve the list of available versions for provider example.com/p/acme: no available releases match the given constraints ~> 9.0",
      "provider_version",
      "invalid_config",
      false,
    ],
    [
      "Failed to resolve provider packages",
      "Could not resolve provider example.com/p/acme: locked provider example.com/p/acme 1.0.0 does not match configured version constraint ~> 2.0; must use tofu init -upgrade",
      "provider_version",
      "invalid_config",
      false,
    ],
    [
      "Failed to resolve provider packages",
      "Could not resolve provider example.com/p/acme: the previously-selected version 0.9.0 is no longer available",
      "provider_version",
      "invalid_config",
      false,
    ],
    [
      "Failed to install provider",
      "Error while installing example.com/p/acme v1.0.0: the local package for example.com/p/acme 1.0.0 doesn't match any of the checksums previously recorded in the dependency lock file",
      "provider_checksum",
      "invalid_config",
      false,
    ],
    [
      "Failed to load plugin schemas",
      'Could not load the schema for provider example.com/p/old: failed to instantiate provider "example.com/p/old" to obtain schema: Incompatible API version with plugin. Plugin version: 4, Client versions: [5 6]..',
      "provider_incompatible",
      "invalid_config",
      false,
    ],
    [
      'failed to read schema for garbage_thing.t in example.com/p/garbage: failed to instantiate provider "example.com/p/garbage" to obtain schema: fork/exec .terraform/providers/x: exec format error',
      "",
      "provider_not_started",
      "invalid_config",
      false,
    ],
    [
      "Plugin did not respond",
      "The plugin encountered an error, and failed to respond to the plugin6.(*GRPCProvider).PlanResourceChange call.",
      "provider_ended",
      "command_failed",
      false,
    ],
    ["No valid credential sources found", "Please see https://…", "aws_credentials", "credentials", false],
    [
      "configuring Terraform AWS Provider",
      "validating provider credentials: retrieving caller identity from STS: api error InvalidClientTokenId: The security token included in the request is invalid.",
      "aws_credentials",
      "credentials",
      false,
    ],
    [
      "Attempted to load application default credentials since neither `credentials` nor `access_token` was set",
      "No credentials loaded. google: could not find default credentials.",
      "google_credentials",
      "credentials",
      false,
    ],
    ["Error creating Network", 'oauth2: "invalid_grant" "reauth related error (invalid_rapt)"', "google_credentials", "credentials", false],
    [
      "unable to build authorizer for Resource Manager API",
      "could not configure AzureCli Authorizer: obtaining tenant ID: please run 'az login'",
      "azure_credentials",
      "credentials",
      false,
    ],
    ["building account", "AADSTS700082: The refresh token has expired due to inactivity.", "azure_credentials", "credentials", false],
    ["reading S3 Bucket", "ThrottlingException: Rate exceeded", "throttled", "command_failed", true],
    ["Resource precondition failed", "x", "precondition", "command_failed", false],
    ["Argument or block definition required", "", "syntax", "invalid_config", false],
  ])("%s / %s → %s", (summary, detail, reason, code, retryable) => {
    expect(classifyDiagnostic(error(summary, detail))).toMatchObject({ reason, code, retryable });
  });

  test("an ordinary failure is none of these", () => {
    expect(classifyDiagnostic(error("local-exec provisioner error", "exit status 3. Output: an apple"))).toBeUndefined();
  });

  test("a warning never asks for init", () => {
    expect(saysInitNeeded([{ severity: "warning", summary: "Module not installed", detail: "" }])).toBe(false);
    expect(saysInitNeeded([error("Module not installed")])).toBe(true);
  });
});

describe("programFailure", () => {
  test("masks a secret that is cut by the bound, and one of several lines", () => {
    const [long, lines] = [`key-${"z".repeat(300)}`, "line one\nline two"];
    const redact = (text: string): string => text.replaceAll(long, "***").replaceAll(lines, "###");
    const diagnostics = [error("It was refused", `${"y".repeat(600)} ${long}`), error("So was this", `${lines}, which is no key`)];
    const { message } = programFailure({ step: "apply", kind: "terraform", code: 1, diagnostics, stderr: "", redact });
    expect(message).not.toMatch(/z{4}|line one/);
    expect(message).toContain("###, which is no key");
    const raw = programFailure({ step: "apply", kind: "terraform", code: 1, diagnostics: [], stderr: `${"x".repeat(650)}${long}`, redact });
    expect(raw.message).not.toMatch(/z{4}/);
  });

  const base = { step: "apply", kind: "terraform", code: 1, stderr: "" } as const;

  test("takes the telling error, counts the rest, leaves echoes out and masks", () => {
    const diagnostics = [
      ...Array.from({ length: 30 }, () => error("execution halted")),
      ...Array.from({ length: 7 }, (_, n) => error(`broken ${n}`, "secret-1")),
      error("Saved plan is stale"),
    ];
    const failure = programFailure({ ...base, diagnostics, redact: (text) => text.replaceAll("secret-1", "***") });
    expect(failure).toMatchObject({ code: "stale", retryable: false, details: { reason: "plan_stale", step: "apply", exit_code: 1 } });
    expect(failure.message).toContain("… and 3 more");
    expect(JSON.stringify(failure.details) + failure.message).not.toMatch(/secret-1|execution halted/);
  });

  test("terminal controls of foreign programs do not reach a person", () => {
    const shown = describeDiagnostic(error("local-exec provisioner error", "Output: \u001b[2J\u001b]0;title\u0007\u202eevil\n\nmore"));
    expect(shown).toBe("local-exec provisioner error: Output: ]0;titleevil more");
    expect(describeDiagnostic(error("Refused\nStatus: approved", "by\u200b \u{e0041}nobody\u2028"))).toBe(
      "Refused Status: approved: by nobody",
    );
    expect(describeDiagnostic(error("x", "y".repeat(5000))).length).toBeLessThanOrEqual(700);
  });

  test("reads the text of commands that have no JSON", () => {
    const text = "╷\n│ Error: Error loading state: AccessDenied\n│ \n│ \u001b[31mwhy it is so\u001b[0m\n╵\n";
    expect(diagnosticOfText(text)).toEqual({ severity: "error", summary: "Error loading state: AccessDenied", detail: "why it is so" });
    expect(programFailure({ ...base, step: "show", diagnostics: [], stderr: text }).message).toBe(
      "terraform show failed (exit code 1): Error loading state: AccessDenied: why it is so",
    );
    expect(programFailure({ ...base, step: "show", diagnostics: [], stderr: "panic: x" }).message).toContain("panic: x");
  });

  test("killed: a read may be tried again, an apply not", () => {
    expect(programFailure({ ...base, step: "plan", code: null, signal: "SIGKILL", diagnostics: [] })).toMatchObject({
      retryable: true,
      details: { reason: "killed" },
    });
    expect(programFailure({ ...base, code: null, signal: "SIGKILL", diagnostics: [] })).toMatchObject({ retryable: false });
  });
});
