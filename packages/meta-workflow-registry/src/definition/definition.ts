// The normal form of a definition: what `workflow.yaml` says, with defaults applied and nothing left to look up. It is plain
// JSON, is what a run receives as its snapshot, and is the only thing that the interpreter, the pages and the diagrams read.

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON Schema 2020-12; its patterns are linear in time (RE2). */
export type JsonSchema = { readonly [key: string]: Json };

/** A CEL expression, without delimiters. */
export type Expression = string;

/** A value in which every string may hold `${{ CEL }}`: a string that is only one expression yields its typed value. */
export type Template = Json;

/** One table of names; the first nine are those of the source. */
export const STEP_TYPES = [
  "condition",
  "set_state",
  "foreach",
  "return",
  "shell",
  "mcp_call",
  "prompt",
  "wait",
  "delegate",
  "parallel",
  "switch",
  "loop",
  "approval",
  "ask",
  "check",
  "workflow",
  "fail",
] as const;
export type StepType = (typeof STEP_TYPES)[number];

export type Effects = "none" | "read" | "write" | "destructive";
export type Status = "draft" | "active" | "deprecated" | "retired";
/** Whose it is; a later one hides an earlier one with the same id. */
export type WorkflowScope = "universal" | "team" | "personal";
export type Risk = "low" | "medium" | "high";

/** Durations are milliseconds in the normal form; in YAML `90s`, `15m`, `2h`, `3d`. */
export type Milliseconds = number;

export interface Retry {
  readonly attempts: number;
  readonly initial: Milliseconds;
  readonly backoff: number;
}

/** A call that the server makes: a tool of an MCP server, by name or by a capability that `bindings.yaml` binds. */
export interface ToolCall {
  readonly server?: string;
  readonly tool?: string;
  readonly capability?: string;
  readonly args: { readonly [name: string]: Template };
}

/** A program that is started with an argument vector, never by a shell. */
export interface ProgramCall {
  readonly argv: readonly Template[];
  readonly cwd?: Template;
  readonly env?: { readonly [name: string]: Template };
  readonly stdin?: Template;
}

/** A look at the world that changes nothing. Built in: see `runbooks.md` of the checks (git, file, line, http, tests, kubernetes). */
export type Probe =
  | ({ readonly kind: "tool" } & ToolCall)
  | ({ readonly kind: "program" } & ProgramCall)
  | { readonly kind: "check"; readonly check: string; readonly with: { readonly [name: string]: Template } };

/** How the outcome of a step that may have happened is found: by looking. `done` and `absent` see `probe`. */
export interface Reconcile {
  readonly probe: Probe;
  readonly done: Expression;
  readonly absent: Expression;
}

/** What undoes a step, in the order newest first. */
export type Compensation = { readonly call: ToolCall } | { readonly program: ProgramCall } | { readonly prompt: string };

export type OnError = { readonly then: "stop" | "continue" | "compensate" } | { readonly then: "steps"; readonly steps: readonly Step[] };

interface StepCommon {
  /** snake_case, unique in its definition. */
  readonly id: string;
  readonly title?: string;
  /** False: the step is skipped (`when` of the source, `if` of ours). */
  readonly when?: Expression;
  readonly effects: Effects;
  /** False: never run again blindly; `reconcile` says how its outcome is found. */
  readonly idempotent: boolean;
  /** Of one try of a call. */
  readonly timeout: Milliseconds;
  /** Of all of a step that is no call; absent: as long as it takes. */
  readonly time_limit?: Milliseconds;
  readonly retry: Retry;
  readonly on_error: OnError;
  readonly compensate?: Compensation;
  readonly reconcile?: Reconcile;
  /** Id of an approval whose digest is checked again right before this step. */
  readonly guard?: string;
  /** Field of the state which takes the output. */
  readonly output_to?: string;
  /** What of the state this step sees; absent: all of it. */
  readonly needs_state?: readonly string[];
  /** What the output must look like. */
  readonly output?: JsonSchema;
  readonly risk?: Risk;
  /** Line of the definition's text, for problems and pages. */
  readonly line?: number;
}

/** Machine checks that the server makes before it believes a result; `check` sees `result`, `inputs`, `state`, `steps`, `probe`. */
export interface Acceptance {
  readonly check: Expression;
  readonly probe?: Probe;
  readonly say: string;
}

/** What an agent or a person is asked for. */
export interface AgentWork {
  /** Markdown with `${{ }}`. */
  readonly instructions: string;
  /** What it is given besides; data, labelled as such. */
  readonly give: { readonly [name: string]: Template };
  readonly result: JsonSchema;
  readonly accept: readonly Acceptance[];
  readonly evidence: readonly string[];
  readonly role?: string;
  readonly lease: Milliseconds;
  readonly deadline?: Milliseconds;
  readonly on_deadline: "fail" | "escalate" | "continue";
  readonly max_attempts: number;
}

export type Step = StepCommon &
  (
    | { readonly type: "condition"; readonly if: Expression; readonly then: readonly Step[]; readonly else: readonly Step[] }
    | { readonly type: "set_state"; readonly updates: { readonly [path: string]: Template } }
    | {
        readonly type: "foreach";
        readonly items: Expression;
        readonly as: string;
        /** Either steps of its own or a task of the definition; a task sees its inputs only. */
        readonly steps?: readonly Step[];
        readonly task?: string;
        readonly with?: { readonly [name: string]: Template };
        /** Name of the sub-agent's role (`@reviewer`), where agents carry the items out. */
        readonly agent?: string;
        readonly max_parallel: number;
        readonly limit: number;
        readonly on_item_error: "stop" | "collect";
      }
    | { readonly type: "return"; readonly value: Template }
    | ({ readonly type: "shell"; readonly runs_on: "server" | "client"; readonly command?: string } & ProgramCall)
    | ({ readonly type: "mcp_call"; readonly runs_on: "server" | "client" } & ToolCall)
    | ({
        readonly type: "prompt";
        readonly prompt_type: "task" | "info" | "confirm" | "text" | "choice";
        readonly options?: readonly string[];
      } & AgentWork)
    | {
        readonly type: "wait";
        readonly message?: string;
        /** Milliseconds, or a template of a duration (`${{ inputs.minutes }}m`; a number that it gives is seconds). */
        readonly for?: Milliseconds | string;
        readonly event?: string;
        readonly until?: {
          readonly probe: Probe;
          readonly holds_when: Expression;
          readonly every: Milliseconds;
          /** How long it must hold: milliseconds, or a template of a duration (`${{ inputs.minutes }}m`). */
          readonly hold: Milliseconds | string;
          readonly within: Milliseconds;
        };
      }
    | ({ readonly type: "delegate" } & AgentWork)
    | {
        readonly type: "parallel";
        readonly branches: { readonly [name: string]: readonly Step[] };
        readonly join: "all" | "any" | number;
        readonly on_branch_error: "stop" | "collect";
      }
    | {
        readonly type: "switch";
        readonly cases: readonly { readonly when: Expression; readonly steps: readonly Step[] }[];
        readonly else: readonly Step[];
      }
    | { readonly type: "loop"; readonly while: Expression; readonly max: number; readonly steps: readonly Step[] }
    | {
        readonly type: "approval";
        readonly subject: Template;
        /** The canonical digest of this is what is approved. */
        readonly bind: Template;
        readonly show?: Template;
        readonly environment?: Template;
        readonly min: number;
        readonly wait_at_most: Milliseconds;
        readonly on_timeout: "reject" | "continue";
        readonly on_reject: { readonly then: "decline" } | { readonly then: "steps"; readonly steps: readonly Step[] };
      }
    | {
        readonly type: "ask";
        readonly question: string;
        readonly result: JsonSchema;
        readonly wait_at_most: Milliseconds;
        readonly default?: Template;
      }
    | {
        readonly type: "check";
        readonly that: Expression;
        readonly probe?: Probe;
        readonly say?: string;
        readonly on_fail: "fail" | "warn";
      }
    | { readonly type: "workflow"; readonly workflow: string; readonly inputs: { readonly [name: string]: Template } }
    | { readonly type: "fail"; readonly message: Template; readonly code?: string }
  );

/** A named list of steps with inputs and state of its own: what `foreach` and sub-agents carry out. */
export interface Task {
  readonly inputs: JsonSchema;
  readonly initial_state: { readonly [name: string]: Template };
  readonly steps: readonly Step[];
  readonly output?: Template;
  readonly instructions?: string;
}

export interface Triggers {
  readonly phrases: readonly string[];
  /** Label selectors of alerts. */
  readonly alerts: readonly { readonly [label: string]: string }[];
  /** Look-alike → what a person would say who means that one. */
  readonly not_this: { readonly [workflow: string]: string };
}

/** A definition in its normal form. */
export interface Definition {
  readonly schema: "meta-workflow/v1";
  /** kebab-case, or in the source's form `group:name`. */
  readonly id: string;
  /** `MW-001`: an alias. */
  readonly code?: string;
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly status: Status;
  /** Absent: universal. */
  readonly scope?: WorkflowScope;
  readonly tags?: readonly string[];
  readonly triggers: Triggers;
  readonly disclosure: "full" | "outline" | "current";
  readonly inputs: JsonSchema;
  readonly initial_state: { readonly [name: string]: Template };
  /** Names only; values are resolved where they are used, never in history. */
  readonly secrets: readonly string[];
  readonly locks: readonly Template[];
  readonly risk: Risk;
  readonly tasks: { readonly [name: string]: Task };
  readonly steps: readonly Step[];
  readonly finally: readonly Step[];
  readonly output?: Template;
  readonly schemas: { readonly [name: string]: JsonSchema };
  readonly budget: { readonly actions: number; readonly wall_time: Milliseconds };
  /** Names of variables that an imported definition read from the environment, with the values that were allowed. */
  readonly env: { readonly [name: string]: string };
}

/** All that one run needs: the definition and the sub-workflows that it reaches, depth at most 5. */
export interface Closure {
  readonly root: string;
  readonly definitions: { readonly [id: string]: Definition };
  /** SHA-256 of the canonical JSON of `definitions` without their line numbers, hexadecimal. */
  readonly digest: string;
}
