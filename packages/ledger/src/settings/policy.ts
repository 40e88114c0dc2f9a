import type { Channel } from "../approvals/approval.ts";

/** What a change does to one resource, or to outputs. */
export const CHANGE_KINDS = ["create", "update", "delete", "replace", "move", "import", "forget", "outputs"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A part of the platform with rules of its own. */
export interface Environment {
  name: string;
  /** Globs; all kinds that are named are tried, one match suffices. */
  match: { config_paths?: string[]; clusters?: string[]; nodes?: string[] };
  /** True: only the channel `signed` decides. */
  protected: boolean;
  channels: Channel[];
  /** How many distinct keys must sign. */
  required?: number;
}

/** What the policy itself approves. */
export interface AutoRule {
  environments: string[];
  /** Globs over workspace names. */
  workspaces: string[];
  changes: ChangeKind[];
}

/** The operator's word: from files only; environment and flags can only narrow it. */
export interface Policy {
  /** The first match wins; the last one, `default`, matches everything. */
  environments: Environment[];
  approvals: {
    auto: AutoRule[];
    signed?: { allowed_signers: string; revoked?: string; required: number };
    /** How long a request stays open at most. */
    hours: number;
    notify: { command?: string[]; webhook?: string };
  };
  roots: string[] | undefined;
  read_only: boolean;
  toolsets: string[] | undefined;
}
