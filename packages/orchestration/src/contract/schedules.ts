import type { StartRun } from "./run.ts";

/** A schedule that is to be. Its runs are ordinary ones, whose ids Temporal makes: the schedule's name and the time. */
export interface NewSchedule {
  /** The server whose schedule it is; names are its own. */
  readonly server: string;
  /** 1 to 60 letters, digits, `_`, `.`, `-`. */
  readonly name: string;
  readonly run: Omit<StartRun, "id">;
  /** Cron expressions of five fields, or an interval in milliseconds. */
  readonly when: { readonly cron: string; readonly time_zone?: string } | { readonly every_ms: number };
  /** Runs that were due while nothing could begin them are begun late by so much at most. */
  readonly catch_up_ms: number;
  /** One run at once, besides those of the times. */
  readonly now: boolean;
  /** Shown by `list`; sealed. */
  readonly about: Readonly<Record<string, string>>;
}

/** A schedule as it stands. Times are ISO 8601. */
export interface ScheduleView {
  readonly name: string;
  readonly paused: boolean;
  readonly about: Readonly<Record<string, string>>;
  readonly next: readonly string[];
  /** Ids of the last runs that it began, oldest first. */
  readonly runs: readonly string[];
}

/** What begins runs by itself. A run is left out while the one before it is open. Every failure is an OpsError. */
export interface Schedules {
  /** Throws `already_exists`, `limit_reached`, `invalid_input` where Temporal cannot read the times. */
  create(schedule: NewSchedule): Promise<void>;
  /** Eventually consistent: one just made may be missing for a moment. */
  list(server: string): Promise<readonly ScheduleView[]>;
  /** Throws `not_found`. */
  pause(server: string, name: string, note: string): Promise<void>;
  resume(server: string, name: string, note: string): Promise<void>;
  /** Its runs stay. */
  delete(server: string, name: string): Promise<void>;
}
