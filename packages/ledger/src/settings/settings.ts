import type { LogLevel } from "../logger.ts";
import type { HttpSettings } from "./http.ts";
import type { Policy } from "./policy.ts";
import type { SettingProblem } from "./problems.ts";
import type { RemoteSettings } from "./remote.ts";

/** TLS of a Temporal cluster; paths are read where the connection is made. */
export interface TemporalTls {
  enabled?: boolean;
  server_name?: string;
  server_ca_cert_path?: string;
  client_cert_path?: string;
  client_key_path?: string;
}

/** An MCP server that runbooks may call: started by its argument vector, with these variables and no others. */
export interface StdioServerSettings {
  command: string[];
  /** Names. */
  env: string[];
  cwd?: string;
}

/** Runbooks: where they are, and what they may start. */
export interface MetaWorkflowsSettings {
  /** Folders of definitions, the strongest last. */
  definitions_path: string[];
  /** A META-WORKFLOWS.md that a team keeps by hand. */
  registry_path?: string;
  bindings?: string;
  max_pending_actions: number;
  /** Folders in which programs may be started; empty: none. */
  working_directories: string[];
  /** Programs that may be started, by name or path; empty: none. */
  programs: string[];
  servers: Record<string, StdioServerSettings>;
  /** Names of variables that programs get besides the usual ones; a last `*` stands for any ending. */
  variables: string[];
  /** Names of variables that definitions in other forms may read; their values are no secrets. */
  definition_variables: string[];
  /** Hosts whose health may be asked for besides this machine's: `host` or `host:port`. */
  http_hosts: string[];
  /** Where the worker finds secrets that runbooks name. */
  secrets: Record<string, { env: string } | { file: string }>;
  /** Where pull requests are opened. */
  github?: { api_url: string; token: string; repositories: string[] };
}

/** The ordinary settings in force. */
export interface Settings {
  /** The data directory. */
  home: string;
  /** The operator's file that was read. */
  configFile: string | undefined;
  /** Where downloads are kept. */
  cache: string;
  logging: { level: LogLevel };
  temporal: {
    /** host:port; undefined: local Temporal. */
    address?: string;
    namespace: string;
    api_key?: string;
    tls?: TemporalTls;
    /** Path of the `temporal` program for local Temporal. */
    binary?: string;
    /** Port for local Temporal. */
    port?: number;
    task_queue?: string;
    workers: "local" | "external";
    /** Minutes without open runs and callers after which local Temporal stops. */
    idle_minutes: number;
    worker_grace_seconds: number;
    profile?: string;
    config_file?: string;
  };
  terraform: {
    /** Folders in which configurations may lie, absolute and real. */
    roots: string[];
    terraform_path?: string;
    tofu_path?: string;
    /** Globs of the names of variables that a run takes with it. */
    env: string[];
    parallelism: number;
    lock_timeout_seconds: number;
    approval_hours: number;
  };
  remote: RemoteSettings;
  meta_workflows: MetaWorkflowsSettings;
  http: HttpSettings;
  toolsets?: string[];
  read_only: boolean;
}

/** From what settings are read. All of it is given: the library looks at no global. */
export interface SettingsSources {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
  platform: NodeJS.Platform;
  /** The system's policy file and the user id that must own it. Only tests give it; by default /etc/platform-ops/policy.yaml and root. */
  systemPolicy?: { path: string; owner: number };
}

/** What is in force, and where each part came from. */
export interface Effective {
  settings: Settings;
  policy: Policy;
  /** By dotted name: "flag --x", "env X", "file <path>" or "default". */
  origin: Record<string, string>;
  /** What is left of argv for subcommands. */
  rest: string[];
  files: { config: string | undefined; policy: string | undefined };
  /** What the operator should know: parts of a file that another file overrules. */
  notes: string[];
  /** What is wrong; never anything where `readSettings` gave it. */
  problems: readonly SettingProblem[];
}
