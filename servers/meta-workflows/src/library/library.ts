import type { Problem, Workflow } from "@platform-ops/meta-workflow-registry";
import type { Definition } from "@platform-ops/meta-workflow-registry/definition";

/** One runbook: its row in a registry, its definition, or both. */
export interface LibraryEntry {
  /** The registry's id (`MW-001`), else the definition's. */
  readonly id: string;
  readonly name: string;
  readonly status: Definition["status"];
  readonly row: Workflow;
  readonly definition?: Definition;
  /** Made of the row, because there is no definition. */
  readonly fromRow: boolean;
  /** Where the definition is, else the registry. */
  readonly file: string;
  /** The definition's text, in our form. */
  readonly text?: string;
  /** What was changed to bring it into our form, where it was written in another: `line 7: …`. */
  readonly changes?: readonly string[];
  /** The folder that a stronger one shadows, where one does. */
  readonly shadows?: string;
}

/** All that was found, and what is wrong with it. */
export interface Shelf {
  readonly entries: readonly LibraryEntry[];
  /** The registry that is shown as a whole: the team's, else what is shipped. */
  readonly registry: { readonly path: string; readonly text: string | undefined };
  readonly problems: readonly Problem[];
}

/** The runbooks of the settings, read anew when a file changed. */
export interface Library {
  read(): Promise<Shelf>;
  /** By id, code or name of the file, in any case. @throws OpsError not_found, with what is near */
  find(id: string): Promise<LibraryEntry>;
}
