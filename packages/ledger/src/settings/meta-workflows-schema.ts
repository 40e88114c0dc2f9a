import { path, variable, webAddress } from "./shape/atoms.ts";
import { either, list, map, optional, pattern, setting, table, text, whole, type TypeOf } from "./shape/shape.ts";

const MAX_SERVERS = 50;

const stdioServer = map({
  /** An argument vector: no shell reads it. */
  command: list(text({ min: 1, max: 4096 }), { min: 1, max: 50 }),
  env: optional(list(variable, { max: 100 })),
  cwd: optional(path),
});
const serverName = pattern(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be letters, digits, - and _");
const variableName = pattern(/^[A-Za-z_][A-Za-z0-9_]{0,199}\*?$/, "must be the name of a variable, or the beginning of names with a *");
const httpHost = pattern(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:\d{1,5})?$/, "must be a host, or host:port");
const secretName = pattern(/^[a-z][a-z0-9_]{0,62}$/, "must be a name in snake_case");
const repository = pattern(/^[A-Za-z0-9*][A-Za-z0-9*-]{0,38}\/[A-Za-z0-9._*-]{1,100}$/, "must be owner/name or owner/*");

/** What of section `meta_workflows` is policy. */
const policy = {
  working_directories: optional(list(path, { min: 1, max: 200 }), "Folders in which runbooks may start programs; none by default."),
  programs: optional(list(path, { min: 1, max: 500 }), "Programs that runbooks may start, by name or path; none by default."),
  servers: optional(
    table(serverName, stdioServer, (servers) =>
      Object.keys(servers).length > MAX_SERVERS ? `must be at most ${MAX_SERVERS} servers` : undefined,
    ),
    "MCP servers that runbooks may call, by name: how each is started, and the variables that it gets.",
  ),
  variables: optional(list(variableName, { max: 200 }), "Variables that programs get besides the usual ones (PATH, HOME, LANG, …)."),
  definition_variables: optional(
    list(variable, { max: 200 }),
    "Variables that definitions in other forms may read with env(). Their values stand in the definition as it is shown and kept: never secrets.",
  ),
  http_hosts: optional(list(httpHost, { max: 200 }), "Hosts whose health runbooks may ask for by HTTP; this machine always may be asked."),
  secrets: optional(
    table(secretName, either(map({ env: variable }), map({ file: path }))),
    "Where the worker finds secrets that runbooks name: `{ env: NAME }` or `{ file: PATH }`.",
  ),
  github: optional(
    map({ api_url: optional(webAddress(2_000)), token: secretName, repositories: list(repository, { min: 1, max: 500 }) }),
    "Where pull requests are opened: api_url (https://api.github.com by default), token (name of a secret), repositories.",
  ),
};

/** Section `meta_workflows` of the operator's file. */
export const metaWorkflows = map({
  definitions_path: setting(
    either(path, list(path, { min: 1, max: 20 })),
    "Folders with runbooks of your own; later ones shadow earlier ones, all shadow what is shipped.",
    { env: ["WORKFLOW_DEFINITIONS_PATH"], separator: ":", example: "./workflows/" },
  ),
  registry_path: setting(path, "A META-WORKFLOWS.md that a team keeps by hand.", { example: "./META-WORKFLOWS.md" }),
  bindings: setting(path, "File that binds capabilities to tools.", { example: "~/.config/platform-ops/bindings.yaml" }),
  max_pending_actions: setting(whole(1, 10_000), "How many runs may be open at once; a start beyond is refused, nothing is evicted.", {
    env: ["MAX_PENDING_ACTIONS"],
    default: 50,
    example: "50",
  }),
  ...policy,
});

/** The same section of the system's policy. */
export const metaWorkflowsPolicy = map(policy);
export type MetaWorkflowsPolicy = TypeOf<typeof metaWorkflowsPolicy>;
