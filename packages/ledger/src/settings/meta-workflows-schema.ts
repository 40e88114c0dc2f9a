import { z } from "zod";
import { SETTING_FACTS } from "./setting-facts.ts";

const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, "must be the name of a variable");

const stdioServer = z.strictObject({
  /** An argument vector: no shell reads it. */
  command: z.array(z.string().min(1).max(4096)).min(1).max(50),
  env: z.array(variable).max(100).optional(),
  cwd: path.optional(),
});

const workingDirectories = z
  .array(path)
  .min(1)
  .max(200)
  .optional()
  .describe("Folders in which runbooks may start programs; none by default.");
const programs = z.array(path).min(1).max(500).optional().describe("Programs that runbooks may start, by name or path; none by default.");
const servers = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be letters, digits, - and _"), stdioServer)
  .refine((value) => Object.keys(value).length <= 50, "must be at most 50 servers")
  .optional()
  .describe("MCP servers that runbooks may call, by name: how each is started, and the variables that it gets.");

const variables = z
  .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}\*?$/, "must be the name of a variable, or the beginning of names with a *"))
  .max(200)
  .optional()
  .describe("Variables that programs get besides the usual ones (PATH, HOME, LANG, …).");
const definitionVariables = z
  .array(variable)
  .max(200)
  .optional()
  .describe(
    "Variables that definitions in other forms may read with env(). Their values stand in the definition as it is shown and kept: never secrets.",
  );
const httpHosts = z
  .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:\d{1,5})?$/, "must be a host, or host:port"))
  .max(200)
  .optional()
  .describe("Hosts whose health runbooks may ask for by HTTP; this machine always may be asked.");
const secretName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "must be a name in snake_case");
const secrets = z
  .record(secretName, z.union([z.strictObject({ env: variable }), z.strictObject({ file: path })]))
  .optional()
  .describe("Where the worker finds secrets that runbooks name: `{ env: NAME }` or `{ file: PATH }`.");
const github = z
  .strictObject({
    api_url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional(),
    token: secretName,
    repositories: z
      .array(z.string().regex(/^[A-Za-z0-9*][A-Za-z0-9*-]{0,38}\/[A-Za-z0-9._*-]{1,100}$/, "must be owner/name or owner/*"))
      .min(1)
      .max(500),
  })
  .optional()
  .describe("Where pull requests are opened: api_url (https://api.github.com by default), token (name of a secret), repositories.");

/** Section `meta_workflows` of the operator's file. */
export const metaWorkflows = z.strictObject({
  definitions_path: z
    .union([path, z.array(path).min(1).max(20)])
    .optional()
    .describe("Folders with runbooks of your own; later ones shadow earlier ones, all shadow what is shipped.")
    .register(SETTING_FACTS, { env: ["WORKFLOW_DEFINITIONS_PATH"], separator: ":", example: "./workflows/" }),
  registry_path: path
    .optional()
    .describe("A META-WORKFLOWS.md that a team keeps by hand.")
    .register(SETTING_FACTS, { example: "./META-WORKFLOWS.md" }),
  bindings: path
    .optional()
    .describe("File that binds capabilities to tools.")
    .register(SETTING_FACTS, { example: "~/.config/platform-ops/bindings.yaml" }),
  max_pending_actions: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("How many runs may be open at once; a start beyond is refused, nothing is evicted.")
    .register(SETTING_FACTS, { env: ["MAX_PENDING_ACTIONS"], default: 50, example: "50" }),
  working_directories: workingDirectories,
  programs,
  servers,
  variables,
  definition_variables: definitionVariables,
  http_hosts: httpHosts,
  secrets,
  github,
});

/** What of section `meta_workflows` is policy. */
export const metaWorkflowsPolicy = z.strictObject({
  working_directories: workingDirectories,
  programs,
  servers,
  variables,
  definition_variables: definitionVariables,
  http_hosts: httpHosts,
  secrets,
  github,
});
export type MetaWorkflowsPolicy = z.infer<typeof metaWorkflowsPolicy>;
