import { hasCode, OpsError } from "@platform-ops/errors";
import {
  ScheduleOverlapPolicy,
  type ScheduleClient,
  type ScheduleOptionsStartWorkflowAction,
  type ScheduleSummary,
} from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import { isForeign } from "../codec/foreign.ts";
import { SCHEDULED_RUN } from "../contract/names.ts";
import type { StartRun } from "../contract/run.ts";
import type { NewSchedule, Schedules, ScheduleView } from "../contract/schedules.ts";

/** Of one server: a schedule that makes others would otherwise end nowhere. */
const MOST_SCHEDULES = 100;
const ABOUT = "about";
const SHOWN_TIMES = 5;

/** What a schedule's client needs of its connection. */
export interface SchedulesParts {
  readonly client: ScheduleClient;
  /** One request under its deadline, with failures of ours. */
  readonly ask: <T>(request: () => Promise<T>) => Promise<T>;
  /** What every run is started with: queue, memo, attributes. */
  readonly startOptions: (run: StartRun) => Promise<{
    readonly workflowId: string;
    readonly taskQueue: string;
    readonly args: unknown[];
    readonly memo: Record<string, unknown>;
    readonly workflowTaskTimeout: number;
  }>;
}

/** Temporal's schedules. What they hold is sealed for the schedule's own runs (`isRunOfSchedule`). */
export function temporalSchedules({ client, ask, startOptions }: SchedulesParts): Schedules {
  const change = async (server: string, name: string, request: (id: string) => Promise<void>): Promise<void> => {
    await ask(() => request(scheduleId(server, name))).catch((error: unknown) => {
      throw isUnknown(error) ? unknown(name) : error;
    });
  };
  const list = async (server: string): Promise<ScheduleView[]> =>
    await ask(async () => {
      const found: ScheduleView[] = [];
      for await (const one of client.list({ pageSize: 200 })) if (one.scheduleId.startsWith(`${server}/`)) found.push(viewOf(server, one));
      return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    });
  return {
    list,
    async create(schedule) {
      const { server, name, run, now, about, catch_up_ms } = schedule;
      if ((await list(server)).length >= MOST_SCHEDULES)
        throw new OpsError("limit_reached", `There are ${MOST_SCHEDULES} schedules already.`, { hint: "Delete one that is not needed." });
      const action: ScheduleOptionsStartWorkflowAction<Workflow> = {
        type: "startWorkflow",
        workflowType: run.type,
        ...(await startOptions({ ...run, id: `${SCHEDULED_RUN}${name}` })),
      };
      await ask(async () => {
        await client.create({
          scheduleId: scheduleId(server, name),
          spec: specOf(schedule.when),
          action,
          memo: { [ABOUT]: about },
          policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catch_up_ms },
          state: { triggerImmediately: now },
        });
      }).catch((error: unknown) => {
        throw refused(error, name);
      });
    },
    pause: (server, name, note) => change(server, name, (id) => client.getHandle(id).pause(note)),
    resume: (server, name, note) => change(server, name, (id) => client.getHandle(id).unpause(note)),
    delete: (server, name) => change(server, name, (id) => client.getHandle(id).delete()),
  };
}

const scheduleId = (server: string, name: string): string => `${server}/${name}`;

function specOf(when: NewSchedule["when"]): { cronExpressions: string[]; timezone?: string } | { intervals: { every: number }[] } {
  if ("every_ms" in when) return { intervals: [{ every: when.every_ms }] };
  return { cronExpressions: [when.cron], ...(when.time_zone === undefined ? {} : { timezone: when.time_zone }) };
}

function viewOf(server: string, { scheduleId: id, memo, state, info }: ScheduleSummary): ScheduleView {
  const about = memo?.[ABOUT];
  return {
    name: id.slice(server.length + 1),
    paused: state.paused,
    about: typeof about === "object" && about !== null && !isForeign(about) ? (about as Record<string, string>) : {},
    next: info.nextActionTimes.slice(0, SHOWN_TIMES).map((time) => time.toISOString()),
    runs: info.recentActions.map(({ action }) => action.workflow.workflowId),
  };
}

/** The SDK has classes of its own for both. */
const isNamed = (error: unknown, name: string): boolean =>
  (error as { name?: unknown } | null)?.name === name ||
  ((error as { cause?: unknown } | null)?.cause as { name?: unknown } | undefined)?.name === name;
const isUnknown = (error: unknown): boolean => hasCode(error, "not_found") || isNamed(error, "ScheduleNotFoundError");
const unknown = (name: string): OpsError =>
  new OpsError("not_found", `No schedule is called ${JSON.stringify(name)}.`, { hint: "The command list shows them." });

function refused(error: unknown, name: string): unknown {
  if (hasCode(error, "already_exists") || isNamed(error, "ScheduleAlreadyRunning"))
    return new OpsError("already_exists", `A schedule is called ${JSON.stringify(name)} already.`, {
      hint: "Use another name, or delete that one first.",
    });
  // The SDK's word for a specification that the server refuses.
  if (hasCode(error, "invalid_input") || isNamed(error, "TypeError"))
    return new OpsError("invalid_input", "Temporal cannot read these times.", {
      hint: 'cron takes five fields, as "0 6 * * 1-5"; time_zone a name as "Europe/Berlin".',
      cause: error,
    });
  return error;
}
