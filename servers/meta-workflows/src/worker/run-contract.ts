import type { Closure, Json } from "@platform-ops/meta-workflow-registry/definition";
import type {
  Agent,
  BookState,
  Journal,
  KeptEvent,
  Outcome,
  Refusal,
  RunEnd,
  TimelineEvent,
} from "@platform-ops/meta-workflow-registry/run";
import type { ActionView } from "./action-view.ts";

// What crosses between the server and its runs. Plain JSON.

export const WORKFLOW_TYPE = "MetaWorkflow";
export const RUN_ID_PREFIX = "mw-";
export const RUN_KIND = "meta-workflow";

export const UPDATE_BEGIN = "begin";
export const UPDATE_SUBMIT = "submit_result";
export const UPDATE_NEXT = "next_action";
export const UPDATE_CONTROL = "control_run";
export const QUERY_LOOK = "look";
export const QUERY_STATE = "state";
export const QUERY_CARRIED = "carried";
export const SIGNAL_EVENT = "event";

/** The handler of an update waits so long for checks and for the next action, in milliseconds. */
export const ANSWER_WITHIN_MS = 20_000;

/** What a run begins with. */
export interface RunInput {
  /** All that is carried out: files may change freely afterwards. Sealed, like everything that Temporal keeps. */
  readonly closure: Closure;
  readonly inputs: { readonly [name: string]: Json };
  /** Of closure and inputs: a second start with the same ones is the same run. */
  readonly digest: string;
  readonly requester: string;
  /** Artifact: the run's own environment ({@link RunEnvironment}). Absent where it makes no calls, and in runs of earlier versions. */
  readonly environment?: string;
  readonly server_version: string;
  /**
   * Answers tell how the run stands, and the memo is written only for what no answer told: each writing costs Temporal about as much
   * as half a submit. Absent in runs that were begun before there was that.
   */
  readonly answers_tell?: true;
  /** Present where an earlier execution of this run was carried on by this one. */
  readonly carried?: Carried;
}

/** The artifact behind `RunInput.environment`: calls of the run are made with exactly this. */
export interface RunEnvironment {
  readonly variables: Readonly<Record<string, string>>;
}

/** What outlives a continue-as-new. */
export interface Carried {
  readonly started_at: number;
  readonly journal: Journal;
  readonly book: BookState;
  readonly timeline: readonly TimelineEvent[];
  readonly paused: boolean;
  /** Absent where it is not, and in runs of earlier versions. */
  readonly pause?: Pause;
  readonly approvals: { readonly [path: string]: OpenApproval };
  /** A run that failed was taken up again: its time counts from then, in milliseconds since 1970. */
  readonly taken_up_at?: number | undefined;
  readonly simulated: boolean;
  /** Events that no step has taken. Absent in runs of earlier versions. */
  readonly events?: readonly KeptEvent[];
}

/** Who paused a run, and why. */
export interface Pause {
  readonly by: string;
  readonly reason?: string;
  /** ISO 8601. */
  readonly since: string;
}

/** An approval that a run waits for. */
export interface OpenApproval {
  readonly id: string;
  readonly title: string;
  readonly expires_at: string;
  readonly channels: readonly string[];
  /** Of what is asked, where a run is carried on. Absent in runs of earlier versions. */
  readonly digest?: string;
}

/** Who asks, and for which role. */
export interface Asking {
  readonly agent: Agent;
  readonly role?: string;
  /** So many actions at most, those that it holds included: one that takes all leaves nothing to others of its role. */
  readonly limit?: number;
}

export interface Begin extends Asking {
  readonly digest: string;
}

export interface Submit extends Asking {
  readonly action_id?: string;
  readonly attempt_id?: string;
  readonly outcome: Outcome;
  readonly result: Json;
  readonly note?: string;
  /** False where the caller named no agent: then the only open action is meant, whoever holds it. */
  readonly named: boolean;
  /** It was given at a terminal: a person alone may answer some actions. */
  readonly person?: true;
}

export type Control =
  | { readonly command: "pause" | "resume"; readonly by: string; readonly reason?: string }
  | { readonly command: "event"; readonly event: string; readonly value: Json; readonly by: string; readonly reason?: string }
  | { readonly command: "cancel"; readonly mode: "stop" | "compensate"; readonly by: string; readonly reason?: string }
  | { readonly command: "release"; readonly action_id: string; readonly by: string; readonly reason?: string }
  | {
      readonly command: "reassign";
      readonly action_id: string;
      readonly agent?: Agent;
      readonly role?: string;
      readonly by: string;
      readonly reason?: string;
    };

/** The statuses of the source. Waiting for a person or for time is `running`, with `waiting_for`. */
export type Status = "pending_action" | "running" | "completed" | "failed" | "cancelled";

/** What a run waits for that is not the caller's to do. */
export interface WaitingFor {
  readonly kind: "human" | "approval" | "agent" | "server" | "time" | "lock" | "event";
  readonly title: string;
  readonly action_id?: string;
  readonly role?: string;
  /** The agent that holds the action, or the run that holds the lock. */
  readonly holder?: string;
  /** When it took the lock; ISO 8601. */
  readonly since?: string;
  readonly approval?: string;
  /** ISO 8601. */
  readonly until?: string;
}

/** How a run stands, for one agent. */
export interface RunAnswer {
  readonly status: Status;
  readonly actions: readonly ActionView[];
  readonly waiting_for: readonly WaitingFor[];
  readonly paused?: boolean;
  readonly pause?: Pause;
  /** Some call was answered by a simulation. */
  readonly simulated?: boolean;
  readonly end?: RunEnd;
  /** Set where what was sent changed nothing; carried as a value so that what it remembers (a late result) is kept. */
  readonly refusal?: Refusal;
  readonly receipt?: { readonly action_id: string; readonly attempt_id: string; readonly digest: string; readonly replayed: boolean };
  /** How the run stands whoever asks: what its memo would say. */
  readonly told?: RunMemo;
}

/** What a look (no trace in the history) says: whether asking by an update would change something for this agent. */
export interface Look extends RunAnswer {
  readonly changes: boolean;
  /** Ids of the actions that this agent holds already. */
  readonly held: readonly string[];
}

/** Kept in the memo or told by the run's last answer, so that it is read when no worker lives. */
export interface RunMemo {
  readonly workflow: string;
  readonly name: string;
  readonly version: string;
  /** Of the definitions. */
  readonly digest: string;
  /** Of definitions and inputs: what a second start of the same id must have. */
  readonly started_with: string;
  readonly requester: string;
  readonly status: Status;
  readonly current_step: string | null;
  readonly open: readonly Pick<ActionView, "action_id" | "step_id" | "type" | "title" | "executor" | "role" | "created_at">[];
  readonly waiting_for: readonly WaitingFor[];
  readonly steps_done: number;
  readonly state?: Json;
  readonly paused?: boolean;
  readonly pause?: Pause;
  readonly simulated?: boolean;
  readonly end?: RunEnd;
  readonly truncated?: boolean;
  /** An answer of the run may be newer than this. */
  readonly answers_tell?: true;
}
