import type { Approvals, ArtifactStore, AuditLog, Policy, Redactor } from "@platform-ops/ledger";
import type { Remote } from "@platform-ops/remote-command";
import type { Bindings } from "./bindings/bindings.ts";

/** What the operator allows the server to do by itself. Nothing is allowed that is not named. */
export interface ExecutorSettings {
  /** Folders in which programs may work and files may be looked at; absolute. */
  readonly working_directories: readonly string[];
  /** Programs that may be started: names to be found on PATH, or absolute paths. */
  readonly programs: readonly string[];
  /** Names of variables that programs and MCP servers are given besides the usual ones; a last `*` stands for any ending. */
  readonly variables: readonly string[];
  /** Servers that may be called besides our own, by name. */
  readonly servers: Readonly<Record<string, AllowedServer>>;
  /** Hosts that may be asked for their health: `host` or `host:port`. This machine always may. */
  readonly http_hosts: readonly string[];
  readonly github?: GithubSettings;
}

/** Where pull requests are made, and with what. */
export interface GithubSettings {
  /** Base of the REST API, `https://api.github.com` or that of an own server. */
  readonly api_url: string;
  /** Name of the secret that holds the token. */
  readonly token: string;
  /** `owner/name`, or `owner/*`: where pull requests may be made and looked at. */
  readonly repositories: readonly string[];
}

/** How a server is started: an argument vector, the variables that it gets besides the usual ones, where it works. */
export interface AllowedServer {
  readonly command: readonly string[];
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
}

/** All that the server's own executors need. */
export interface ExecutorDeps {
  readonly approvals: Approvals;
  readonly policy: Policy;
  readonly audit: AuditLog;
  readonly artifacts: ArtifactStore;
  readonly redactor: Redactor;
  readonly settings: ExecutorSettings;
  /** What is bound now. @throws OpsError invalid_config where the file is wrong */
  readonly bindings: () => Bindings;
  /** How our own servers are started, by name: `terraform`, `flux-teleport`, `meta-workflows`. Throws program_missing. */
  readonly own_servers: Readonly<Record<string, () => AllowedServer>>;
  /** Private folder for the journals of programs. */
  readonly journals: string;
  /** From the one SIGINT that a program gets to the end of all that is left of it, in milliseconds; 3,000 by default. */
  readonly graceMs?: number;
  /** What of these depends on variables, with others: those of a run. */
  readonly withVariables: (variables: Readonly<Record<string, string>>) => Pick<ExecutorDeps, "environment" | "secret" | "remote">;
  /** Of this process, or of the run; nothing of it is passed on that is not on a list. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The value of a named secret; undefined where there is none. */
  readonly secret: (name: string) => string | undefined;
  /** Opened by the first command on a machine. */
  readonly remote: () => Promise<Remote>;
  readonly version: string;
}

/** What a call is made for. */
export interface CallContext {
  readonly run_id: string;
  /** agent:<client>@<user>: on whose behalf a person would be asked. */
  readonly requester: string;
  /** Counts from 1; more than 1: the same call may have been begun by a worker that died. A further try has a path of its own. */
  readonly attempt: number;
  /** Names of the secrets that the definition lists: no other is given to what it calls. */
  readonly secrets: readonly string[];
  /** Abort ends what the call started. */
  /** Digest of the run's own environment; absent in runs of earlier versions. */
  readonly environment?: string;
  readonly signal: AbortSignal;
  /** Abort leaves a program running for the next worker to follow. */
  readonly handover?: AbortSignal;
  /** Told now and then while a program runs. */
  readonly onProgress?: (progress: { readonly running_ms: number; readonly output_bytes: number }) => void;
}
