import { z } from "zod";
import { CHANNELS } from "../approvals/channel.ts";
import { LOG_LEVELS } from "../logger.ts";
import { globProblem } from "./glob.ts";
import { http, httpPolicy } from "./http-schema.ts";
import { metaWorkflows, metaWorkflowsPolicy } from "./meta-workflows-schema.ts";
import { CHANGE_KINDS } from "./policy.ts";
import { environmentRemote, remote, remotePolicy } from "./remote-schema.ts";
import { SETTING_FACTS } from "./setting-facts.ts";

const text = z.string().min(1).max(500);
const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");
const glob = z
  .string()
  .min(1)
  .max(300)
  .superRefine((value, context) => {
    const problem = globProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: `The glob ${JSON.stringify(value)} ${problem}.` });
  });
const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be letters, digits, - and _, and begin with a letter or digit");
const globs = z.array(glob).min(1).max(500);

const tls = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .describe("Use TLS to the cluster.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TLS"], example: "true" }),
  server_name: text
    .optional()
    .describe("The name that the cluster's certificate bears.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TLS_SERVER_NAME"], example: "temporal.example.com" }),
  server_ca_cert_path: path
    .optional()
    .describe("Certificates that vouch for the cluster (PEM).")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TLS_SERVER_CA_CERT_PATH"], example: "/etc/ssl/temporal-ca.pem" }),
  client_cert_path: path
    .optional()
    .describe("Our certificate for mTLS (PEM).")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TLS_CLIENT_CERT_PATH"], example: "/etc/ssl/temporal-client.pem" }),
  client_key_path: path
    .optional()
    .describe("The private key of our certificate (PEM).")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TLS_CLIENT_KEY_PATH"], example: "/etc/ssl/temporal-client.key" }),
});

const temporal = z.strictObject({
  address: z
    .string()
    .regex(/^(local|[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]+\]:\d{1,5})$/, "must be host:port, or local")
    .optional()
    .describe("Temporal's address; without one, or with `local`, a local Temporal is kept for you.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_ADDRESS", "TEMPORAL_HOST"], example: "temporal.example.com:7233" }),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, "must be a namespace's name")
    .optional()
    .describe("Temporal's namespace.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_NAMESPACE"], default: "default", example: "platform" }),
  api_key: z
    .string()
    .min(1)
    .max(20_000)
    .optional()
    .describe("API key of a Temporal cluster.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_API_KEY"], secret: true, example: "TEMPORAL_API_KEY=… in the environment" }),
  tls: tls.optional(),
  binary: path
    .optional()
    .describe("The `temporal` program for local Temporal.")
    .register(SETTING_FACTS, { example: "/usr/local/bin/temporal" }),
  port: z
    .int()
    .min(1024)
    .max(65_535)
    .optional()
    .describe("Port of local Temporal; by default a free one that stays the same.")
    .register(SETTING_FACTS, { example: "17233" }),
  task_queue: text
    .regex(/^[A-Za-z0-9._@/-]+$/, "must be letters, digits and . _ @ / -")
    .optional()
    .describe("Task queue in a cluster.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_TASK_QUEUE"], example: "terraform-task-queue" }),
  workers: z
    .enum(["local", "external"])
    .optional()
    .describe("Who runs the workers: this machine, or somebody else.")
    .register(SETTING_FACTS, { default: "local", example: "external" }),
  idle_minutes: z
    .number()
    .min(0.05)
    .max(100_000)
    .optional()
    .describe("Minutes without open runs and callers after which local Temporal stops.")
    .register(SETTING_FACTS, { default: 30, example: "30" }),
  worker_grace_seconds: z
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe(
      "In a cluster: how long a worker that is told to end waits for the programs that it runs. 0: they go on by themselves and the next worker follows them. In a container they would end with it.",
    )
    .register(SETTING_FACTS, { default: 0, example: "600" }),
  profile: text
    .optional()
    .describe("Profile in Temporal's own configuration file.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_PROFILE"], example: "prod" }),
  config_file: path
    .optional()
    .describe("Temporal's own configuration file.")
    .register(SETTING_FACTS, { env: ["TEMPORAL_CONFIG_FILE"], example: "~/.config/temporalio/temporal.toml" }),
});

const roots = z.array(path).min(1).max(200);
const variableGlobs = z
  .array(z.string().regex(/^[A-Za-z_*?][A-Za-z0-9_*?]{0,199}$/, "must be names of variables; * and ? stand for characters"))
  .min(1)
  .max(500);

/** Documented by the AWS CLI and SDKs, Google Cloud's and Azure's providers, and Terraform's CLI (TF_VAR_, TF_TOKEN_). */
const CREDENTIAL_VARIABLES = ["AWS_*", "GOOGLE_*", "CLOUDSDK_*", "GCLOUD_*", "ARM_*", "AZURE_*", "TF_VAR_*", "TF_TOKEN_*"];

const terraform = z.strictObject({
  roots: roots
    .optional()
    .describe("Folders in which configurations and workspaces may lie.")
    .register(SETTING_FACTS, { flag: "root", policy: true, separator: ":", example: "~/infrastructure" }),
  terraform_path: path.optional().describe("The terraform program.").register(SETTING_FACTS, { example: "/usr/local/bin/terraform" }),
  tofu_path: path.optional().describe("The tofu program.").register(SETTING_FACTS, { example: "/usr/local/bin/tofu" }),
  env: variableGlobs
    .optional()
    .describe("Names of the variables that a run takes with it (globs).")
    .register(SETTING_FACTS, { policy: true, separator: ",", default: CREDENTIAL_VARIABLES, example: "AWS_*,TF_VAR_*" }),
  parallelism: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe("How many workspaces are worked on at once.")
    .register(SETTING_FACTS, { default: 4, example: "4" }),
  lock_timeout_seconds: z
    .int()
    .min(0)
    .max(3600)
    .optional()
    .describe("Seconds to wait for a state's lock.")
    .register(SETTING_FACTS, { default: 60, example: "60" }),
  approval_hours: z
    .number()
    .min(0.001)
    .max(8760)
    .optional()
    .describe("Hours that a request for approval stays open; at most approvals.hours.")
    .register(SETTING_FACTS, { example: "24" }),
});

const environment = z.strictObject({
  name,
  match: z.strictObject({ config_paths: globs.optional(), clusters: globs.optional(), nodes: globs.optional() }).optional(),
  protected: z.boolean().optional(),
  channels: z.array(z.enum(CHANNELS)).min(1).max(4).optional(),
  required: z.int().min(1).max(20).optional(),
  remote: environmentRemote.optional(),
});

const approvals = z.strictObject({
  auto: z
    .array(z.strictObject({ environments: globs, workspaces: globs, changes: z.array(z.enum(CHANGE_KINDS)).min(1).max(8) }))
    .max(100)
    .optional(),
  signed: z.strictObject({ allowed_signers: path, revoked: path.optional(), required: z.int().min(1).max(20).optional() }).optional(),
  hours: z.number().min(0.001).max(8760).optional(),
  notify: z
    .strictObject({
      command: z.array(z.string().max(4096)).min(1).max(50).optional(),
      webhook: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .optional(),
    })
    .optional(),
});

const readOnly = z
  .boolean()
  .optional()
  .describe("Only tools that change nothing.")
  .register(SETTING_FACTS, { policy: true, default: false, example: "true" });
const toolsets = z
  .array(name)
  .min(1)
  .max(50)
  .optional()
  .describe("Groups of tools to offer; all by default.")
  .register(SETTING_FACTS, { policy: true, separator: ",", example: "runs,plans" });
const environments = z
  .array(environment)
  .min(1)
  .max(100)
  .optional()
  .describe("Parts of the platform with rules of their own; the first match wins.");

/** Levels as the source documents and other programs spell them (`INFO`, `WARNING`, `CRITICAL`). */
const LEVEL_WORDS = { ...Object.fromEntries(LOG_LEVELS.map((level) => [level, level])), warning: "warn", critical: "error" };

/** The operator's file. */
export const configSchema = z.strictObject({
  logging: z
    .strictObject({
      level: z
        .enum(LOG_LEVELS)
        .optional()
        .describe("Least important line that is logged.")
        .register(SETTING_FACTS, { env: ["LOG_LEVEL"], flag: "log-level", default: "info", example: "debug", words: LEVEL_WORDS }),
    })
    .optional(),
  temporal: temporal.optional(),
  terraform: terraform.optional(),
  remote: remote.optional(),
  meta_workflows: metaWorkflows.optional(),
  http: http.optional(),
  environments,
  approvals: approvals.optional().describe("Who approves what, and how."),
  toolsets,
  read_only: readOnly,
});
export type ConfigFile = z.infer<typeof configSchema>;

/** The system's policy file: the parts of the operator's file that are policy. */
export const policySchema = z.strictObject({
  environments,
  approvals: approvals.optional(),
  terraform: z.strictObject({ roots: roots.optional(), env: variableGlobs.optional() }).optional(),
  remote: remotePolicy.optional(),
  meta_workflows: metaWorkflowsPolicy.optional(),
  http: httpPolicy.optional(),
  toolsets,
  read_only: readOnly,
});
export type PolicyFile = z.infer<typeof policySchema>;
