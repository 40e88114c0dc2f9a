/** The update that carries an approval record into a run. */
export const UPDATE_DECIDE = "decide";

/** The id under which everybody sends that record (by its digest): sent twice, it is taken once. */
export function decisionUpdateId(digest: string): string {
  return `${UPDATE_DECIDE}-${digest}`;
}

/** Tells a run that credentials were renewed. */
export const SIGNAL_REFRESH_CREDENTIALS = "refresh_credentials";
/** Asks a run to begin nothing new and to end when what runs has ended. */
export const SIGNAL_DRAIN = "drain";

/** Search attributes by which runs are found; all of type Keyword, 4 of the 10 a SQLite database can hold. */
export const SEARCH_ATTRIBUTES = {
  kind: "PlatformOpsKind",
  server: "PlatformOpsServer",
  environment: "PlatformOpsEnvironment",
  project: "PlatformOpsProject",
} as const;

/** Key of the memo that repeats the attributes, for clusters where they cannot be registered. */
export const MEMO_ATTRIBUTES = "platform_ops_attributes";

/** A run's whole memo stays under this; the server ends a run whose memo passes 2 MB. */
export const MEMO_LIMIT_BYTES = 32 * 1024;

/** How long closed runs are kept by a local Temporal, in days. */
export const RETENTION_DAYS = 90;

/** The queue that one data directory's workers of a server poll, e.g. `terraform@1a2b3c4d5e6f`. */
export function localTaskQueue(server: string, dataDirectoryId: string): string {
  return `${server}@${dataDirectoryId}`;
}

/**
 * The queue of the runs that one worker build began, e.g. `terraform@1a2b3c4d5e6f:terraform-1.2.0-0123456789ab`. `family`
 * is what the builds have in common: a name of `localTaskQueue`.
 */
export function buildTaskQueue(family: string, build: string): string {
  return `${family}:${build}`;
}

/** The build whose runs that queue holds; undefined where it is no build's, or the name is not a plain one. */
export function buildOfTaskQueue(taskQueue: string): string | undefined {
  const [, build] = /^[^:]+:([0-9A-Za-z][0-9A-Za-z.+-]{0,199})$/.exec(taskQueue) ?? [];
  return build;
}

/**
 * The queue that somebody called `name`, as this server means it: `heavy` of terraform is `terraform@heavy`. Two servers that are told
 * the same name so never take each other's tasks (decision 34). Its own name in a cluster, and one that is marked as its own, stay.
 */
export function namedTaskQueue(
  { name: server, clusterQueue }: { readonly name: string; readonly clusterQueue: string },
  name: string,
): string {
  return name === clusterQueue || name.startsWith(`${server}@`) ? name : `${server}@${name}`;
}

/** The server whose queue this is: the part before `@`, or the whole name. */
export function serverOfTaskQueue(taskQueue: string): string {
  return taskQueue.split("@", 1)[0] ?? taskQueue;
}

/** Begins the ids of runs that a schedule begins; no id that a caller may choose holds an `@`. */
export const SCHEDULED_RUN = "scheduled@";

/**
 * Whether Temporal made that run's id from the schedule's: it appends the time in UTC, to the second
 * (https://docs.temporal.io/schedule#action).
 */
export function isRunOfSchedule(scheduled: string, workflowId: string): boolean {
  if (!scheduled.startsWith(SCHEDULED_RUN) || !workflowId.startsWith(`${scheduled}-`)) return false;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(workflowId.slice(scheduled.length + 1));
}
