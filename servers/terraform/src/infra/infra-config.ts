/** What may be done to a workspace, in this order. */
export const OPERATIONS = ["init", "validate", "plan", "apply"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The programs that can carry a workspace. */
export const KINDS = ["terraform", "tofu"] as const;
export type Kind = (typeof KINDS)[number];

/** One output of another workspace, set as a variable here. JSON types are kept. */
export interface InputMapping {
  sourceWorkspace: string;
  sourceOutput: string;
  targetVar: string;
}

/** One workspace, checked and normalised. Paths are absolute, without symbolic links, inside an allowed root. */
export interface Workspace {
  name: string;
  kind: Kind;
  dir: string;
  tfvars?: string;
  dependsOn: string[];
  inputs: InputMapping[];
  operations: Operation[];
  taskQueue?: string;
  extraVars?: Record<string, unknown>;
}

/** A configuration that passed every check. Workspaces keep the order of the file. */
export interface InfraConfig {
  /** Absolute. */
  workspace_root: string;
  workspaces: Workspace[];
  /** Absolute path of the file; absent for an inline configuration that needed no file. */
  config_path?: string;
}

/** One thing that is wrong with a configuration. Lines and columns count from 1. */
export interface Problem {
  message: string;
  /** Where in the data, e.g. `workspaces[2].dependsOn[0]`; empty for the whole. */
  path: string;
  line?: number;
  column?: number;
  /** What was probably meant. */
  suggestion?: string;
}

/** A place in a text; both count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A parsed text: its value, and where each part of it was written (`key` asks for a mapping key's own place). */
export interface ParsedText {
  value: unknown;
  positionOf(path: string, part?: "key" | "value"): Position | undefined;
}

/** The path of a member: `workspaces[2].name`. */
export function memberPath(parent: string, member: string | number): string {
  if (typeof member === "number") return `${parent}[${member}]`;
  const plain = /^[A-Za-z_][\w-]*$/.test(member);
  if (!plain) return `${parent}[${JSON.stringify(member.slice(0, 80))}]`;
  return parent === "" ? member : `${parent}.${member}`;
}
