// META-WORKFLOWS.md as typed values. Every text is Markdown source in one normal form: no control characters, no
// white space at its ends; `renderRegistry` writes these values and `parseRegistry` reads them back.

export const WORKFLOW_STATUSES = ["active", "draft", "deprecated"] as const;
export type WorkflowStatus = (typeof WORKFLOW_STATUSES)[number];

/** `**Label:** text` with the bullets under it. The label is empty for what stands under none. */
export interface Labelled {
  readonly label: string;
  /** One line. */
  readonly text: string;
  /** One text per bullet (its nested bullets and code with it), and per further paragraph or code block. */
  readonly items: readonly string[];
}

/** A fenced block in a shell's language, with what a person would type: a console's prompts and output are left out. */
export interface ShellBlock {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

export interface WorkflowStep {
  readonly number: number;
  readonly title: string;
  readonly actions: readonly string[];
  readonly validation: readonly string[];
  /** The fenced shell blocks among actions, validation and notes, in their order. */
  readonly shell: readonly ShellBlock[];
  /** What stands under other labels: Why, Enforcement, Output Required, If fails, … */
  readonly notes: readonly Labelled[];
  readonly line: number;
}

/** A `### MW-NNN: Title` and what stands under it. */
export interface WorkflowSection {
  /** The title without id and mark; it may differ from the registry's name. */
  readonly heading: string;
  /** `(DRAFT)` or `(DEPRECATED)` behind the title. */
  readonly mark?: "draft" | "deprecated";
  /** The second-level heading it stands under. */
  readonly chapter: string;
  readonly scope: string;
  readonly trigger_phrases: readonly string[];
  readonly disambiguates_from: readonly string[];
  readonly prerequisites: readonly string[];
  readonly steps: readonly WorkflowStep[];
  readonly outputs: readonly string[];
  readonly success_criteria: readonly string[];
  /** The text of the fenced block under `Example Execution:`. */
  readonly example: string;
  readonly related_files: readonly string[];
  readonly related_workflows: readonly string[];
  readonly notes: readonly Labelled[];
  readonly line: number;
}

/** A row of the registry table, with its section where there is one. */
export interface Workflow {
  readonly id: string;
  readonly name: string;
  /** The quoted phrases of the row, in their order; `[tool name]` is a placeholder. */
  readonly triggers: readonly string[];
  readonly status: WorkflowStatus;
  /** The sub-heading over its table; empty where there is none. */
  readonly category: string;
  /** YYYY-MM-DD, as written. */
  readonly last_updated: string;
  readonly line: number;
  readonly section?: WorkflowSection;
}

/** A second-level heading with its prose: everything before its first table or workflow. */
export interface Chapter {
  readonly heading: string;
  readonly text: string;
}

export interface Registry {
  readonly title: string;
  /** The bold fields under the title: Purpose, Date Created, Date Updated, Status, … */
  readonly header: readonly Labelled[];
  readonly chapters: readonly Chapter[];
  readonly workflows: readonly Workflow[];
}

/** True for the heading under which the tables of workflows stand. */
export function isRegistryChapter(heading: string): boolean {
  return /\bworkflow registry\b/i.test(heading);
}

export type WorkflowScope = "universal" | "team" | "personal";

/** For whom a workflow is, read from its category (`### Team Workflows (…)`); undefined where the category does not say. */
export function scopeOf(workflow: Workflow): WorkflowScope | undefined {
  const word = /\b(universal|team|personal)\b/i.exec(workflow.category)?.[1]?.toLowerCase();
  return word as WorkflowScope | undefined;
}

/** Every phrase that calls the workflow: those of its row, then those of its section, each once. */
export function phrasesOf(workflow: Workflow): readonly string[] {
  return [...new Set([...workflow.triggers, ...(workflow.section?.trigger_phrases ?? [])])];
}
