import { CHANNELS } from "../approvals/channel.ts";
import { LOG_LEVELS } from "../logger.ts";
import { http, httpPolicy } from "./http-schema.ts";
import { metaWorkflows, metaWorkflowsPolicy } from "./meta-workflows-schema.ts";
import { CHANGE_KINDS } from "./policy.ts";
import { environmentRemote, remote, remotePolicy } from "./remote-schema.ts";
import { globs, name, path, webAddress } from "./shape/atoms.ts";
import { choice, list, map, number, optional, pattern, setting, text, truth, whole, type TypeOf } from "./shape/shape.ts";
import { temporal } from "./temporal-schema.ts";

const roots = list(path, { min: 1, max: 200 });
const variableGlobs = list(pattern(/^[A-Za-z_*?][A-Za-z0-9_*?]{0,199}$/, "must be names of variables; * and ? stand for characters"), {
  min: 1,
  max: 500,
});

/** Documented by the AWS CLI and SDKs, Google Cloud's and Azure's providers, and Terraform's CLI (TF_VAR_, TF_TOKEN_). */
const CREDENTIAL_VARIABLES = ["AWS_*", "GOOGLE_*", "CLOUDSDK_*", "GCLOUD_*", "ARM_*", "AZURE_*", "TF_VAR_*", "TF_TOKEN_*"];

const hours = number(0.001, 8760);
const keys = whole(1, 20);

const terraform = map({
  roots: setting(roots, "Folders in which configurations and workspaces may lie.", {
    flag: "root",
    policy: true,
    separator: ":",
    example: "~/infrastructure",
  }),
  terraform_path: setting(path, "The terraform program.", { example: "/usr/local/bin/terraform" }),
  tofu_path: setting(path, "The tofu program.", { example: "/usr/local/bin/tofu" }),
  env: setting(variableGlobs, "Names of the variables that a run takes with it (globs).", {
    policy: true,
    separator: ",",
    default: CREDENTIAL_VARIABLES,
    example: "AWS_*,TF_VAR_*",
  }),
  parallelism: setting(whole(1, 64), "How many workspaces are worked on at once.", { default: 4, example: "4" }),
  lock_timeout_seconds: setting(whole(0, 3600), "Seconds to wait for a state's lock.", { default: 60, example: "60" }),
  approval_hours: setting(hours, "Hours that a request for approval stays open; at most approvals.hours.", { example: "24" }),
});

const environment = map({
  name,
  match: optional(map({ config_paths: optional(globs), clusters: optional(globs), nodes: optional(globs) })),
  protected: optional(truth()),
  channels: optional(list(choice(CHANNELS), { min: 1, max: 4 })),
  required: optional(keys),
  remote: optional(environmentRemote),
});

const autoRule = map({ environments: globs, workspaces: globs, changes: list(choice(CHANGE_KINDS), { min: 1, max: 8 }) });

const approvals = map({
  auto: optional(list(autoRule, { max: 100 })),
  signed: optional(map({ allowed_signers: path, revoked: optional(path), required: optional(keys) })),
  hours: optional(hours),
  notify: optional(
    map({
      command: optional(list(text({ max: 4096 }), { min: 1, max: 50 })),
      webhook: optional(webAddress(2000)),
    }),
  ),
});

const readOnly = setting(truth(), "Only tools that change nothing.", { policy: true, default: false, example: "true" });
const toolsets = setting(list(name, { min: 1, max: 50 }), "Groups of tools to offer; all by default.", {
  policy: true,
  separator: ",",
  example: "runs,plans",
});
const environments = optional(
  list(environment, { min: 1, max: 100 }),
  "Parts of the platform with rules of their own; the first match wins.",
);

/** Levels as the source documents and other programs spell them (`INFO`, `WARNING`, `CRITICAL`). */
const LEVEL_WORDS = { ...Object.fromEntries(LOG_LEVELS.map((level) => [level, level])), warning: "warn", critical: "error" };

/** The operator's file. */
export const configSchema = map({
  logging: optional(
    map({
      level: setting(choice(LOG_LEVELS), "Least important line that is logged.", {
        env: ["LOG_LEVEL"],
        flag: "log-level",
        default: "info",
        example: "debug",
        words: LEVEL_WORDS,
      }),
    }),
  ),
  temporal: optional(temporal),
  terraform: optional(terraform),
  remote: optional(remote),
  meta_workflows: optional(metaWorkflows),
  http: optional(http),
  environments,
  approvals: optional(approvals, "Who approves what, and how."),
  toolsets,
  read_only: readOnly,
});
export type ConfigFile = TypeOf<typeof configSchema>;

/** The system's policy file: the parts of the operator's file that are policy. */
export const policySchema = map({
  environments,
  approvals: optional(approvals),
  terraform: optional(map({ roots: optional(roots), env: optional(variableGlobs) })),
  remote: optional(remotePolicy),
  meta_workflows: optional(metaWorkflowsPolicy),
  http: optional(httpPolicy),
  toolsets,
  read_only: readOnly,
});
export type PolicyFile = TypeOf<typeof policySchema>;
