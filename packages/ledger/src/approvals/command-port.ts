import { OpsError } from "@platform-ops/errors";
import type { ArtifactStore } from "../artifacts.ts";
import type { AuditLog } from "../audit.ts";
import type { ApprovalRecord, Approvals } from "./approval.ts";

/** What the approval subcommands work with; the same for every bin of a data directory. */
export interface ApprovalCommandPort {
  readonly approvals: Approvals;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  /** The operating-system user. */
  readonly user: string;
  /**
   * How decisions about runs of this bin's server get to them. Those about others, and all where the bin knows no runs, are
   * taken from the data directory by the worker of the server that asked.
   */
  readonly deliver?: {
    /** The name under which this server asks. */
    readonly server: string;
    /** Hands a decision to the run that waits for it; returns what the worker answered, one line. */
    send(record: ApprovalRecord): Promise<string>;
  };
  /** What ssh-keygen needs to reach keys and the person: SSH_AUTH_SOCK, DISPLAY, SSH_ASKPASS, HOME. */
  readonly signingEnvironment?: Readonly<Record<string, string>>;
}

/** The one positional argument that these commands take. */
export function onlyId(positionals: readonly string[], command: string): string {
  const [id, ...others] = positionals;
  if (id === undefined || others.length > 0)
    throw new OpsError("invalid_input", `${command} takes one request id.`, { hint: `List them with approvals, then: ${command} apr_…` });
  return id;
}
