// Types and pure values that cross the rooms. Nothing here loads Temporal.
export type { WorkerAlive } from "./alive.ts";
export {
  MEMO_ATTRIBUTES,
  MEMO_LIMIT_BYTES,
  RETENTION_DAYS,
  SEARCH_ATTRIBUTES,
  SCHEDULED_RUN,
  SIGNAL_DRAIN,
  SIGNAL_REFRESH_CREDENTIALS,
  UPDATE_DECIDE,
  buildOfTaskQueue,
  buildTaskQueue,
  decisionUpdateId,
  localTaskQueue,
  namedTaskQueue,
  serverOfTaskQueue,
} from "./names.ts";
export type { NewSchedule, ScheduleView, Schedules } from "./schedules.ts";
export type { Orchestration, TemporalInUse, UpdateOptions } from "./orchestration.ts";
export type { PendingActivity, RunAttributes, RunDescription, RunFilter, RunPage, RunStatus, StartRun } from "./run.ts";
export { foreignReason, isForeign, type ForeignPayload, type ForeignReason } from "../codec/foreign.ts";
export { runsCommand, type RunsPort } from "../runs/runs-command.ts";
