import type { Workflow, WorkflowStatus } from "./registry.ts";

/** What `list_meta_workflows` answers: the keys and words of the first server that had it. */
export interface ListResult {
  readonly available: boolean;
  readonly count: number;
  readonly workflows: readonly ListedWorkflow[];
  readonly message: string;
  readonly full_doc_path: string | null;
  /** Always null: no playbook of anybody's is suggested. Kept because clients read the key. */
  readonly ansible_command: null;
  /** What to do by hand, where there is something to do. */
  readonly ansible_steps: readonly string[];
}

export interface ListedWorkflow {
  readonly id: string;
  readonly name: string;
  /** Several are joined by ` / `. */
  readonly trigger: string;
  readonly status: WorkflowStatus;
}

/** What became of the file: its workflows, or why there are none. `path` is where it is, or should be. */
export type RegistrySource =
  | { readonly found: true; readonly path: string; readonly workflows: readonly Workflow[] }
  | { readonly found: false; readonly path: string | null; readonly reason: "missing" | "unreadable" };

const DOCUMENT = "META-WORKFLOWS.md";

/** Shapes the answer to `list_meta_workflows`: a file without rows is available and says so, a file that is not there is not. */
export function listResult(source: RegistrySource): ListResult {
  if (!source.found) return unavailable(source.path, source.reason);
  const { path, workflows } = source;
  return {
    available: true,
    count: workflows.length,
    workflows: workflows.map(({ id, name, triggers, status }) => ({ id, name, trigger: triggers.join(" / "), status })),
    message: workflows.length === 0 ? `⚠️  ${DOCUMENT} exists but no workflows found in registry` : found(workflows),
    full_doc_path: path,
    ansible_command: null,
    ansible_steps:
      workflows.length === 0 ? [`Add a table | ID | Name | Trigger | Status | Last Updated | under "## Workflow Registry" in ${path}`] : [],
  };
}

function found(workflows: readonly Workflow[]): string {
  const of = (status: WorkflowStatus) => workflows.filter((one) => one.status === status).length;
  const deprecated = of("deprecated") === 0 ? "" : `, ${of("deprecated")} deprecated`;
  return `✅ Found ${workflows.length} meta-workflow(s) (${of("active")} active, ${of("draft")} draft${deprecated})`;
}

function unavailable(path: string | null, reason: "missing" | "unreadable"): ListResult {
  const place = path ?? "the registry's path";
  return {
    available: false,
    count: 0,
    workflows: [],
    message: reason === "missing" ? `❌ ${DOCUMENT} not found` : `❌ ${DOCUMENT} could not be read`,
    full_doc_path: path,
    ansible_command: null,
    ansible_steps:
      reason === "missing"
        ? [`Put ${DOCUMENT} at ${place}, or set the path to the one that you have`]
        : [`Check that ${place} is a text file which the user of this server may read`],
  };
}
