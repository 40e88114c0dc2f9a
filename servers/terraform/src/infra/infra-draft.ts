import type { InputMapping, Kind, Operation } from "./infra-config.ts";

/** A workspace as written: checked in itself, paths not yet resolved. */
export interface WorkspaceDraft {
  name: string;
  kind: Kind;
  dir?: string;
  tfvars?: string;
  dependsOn: string[];
  inputs: InputMapping[];
  operations: Operation[];
  taskQueue?: string;
  extraVars?: Record<string, unknown>;
  /** Where it stands, e.g. `workspaces[2]`. */
  path: string;
  /** The keys that were written, besides the name. */
  given: ReadonlySet<string>;
}

export interface InfraDraft {
  /** As written; empty where nothing is. */
  workspace_root: string;
  workspaces: WorkspaceDraft[];
}

export const CONFIG_KEYS = ["workspace_root", "workspaces"] as const;
export const WORKSPACE_KEYS = ["name", "kind", "dir", "tfvars", "dependsOn", "inputs", "operations", "taskQueue", "extraVars"] as const;
export const INPUT_KEYS = ["sourceWorkspace", "sourceOutput", "targetVar"] as const;

/** More workspaces than this in one configuration are refused. */
export const MAX_WORKSPACES = 1000;
