import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { runQueue, type NewSchedule, type ScheduleView } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import type { LibraryEntry } from "../library/library.ts";
import { RUN_KIND, WORKFLOW_TYPE } from "../worker/run-contract.ts";
import { startMemo } from "../worker/run-memo.ts";
import { runInput } from "./start-run.ts";

const SECOND = 1_000;
const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: 60 * SECOND, h: 3_600 * SECOND, d: 86_400 * SECOND };
const SHORTEST_MS = 60 * SECOND;
const LONGEST_MS = 366 * 86_400 * SECOND;
/** What was due while the machine was off or nothing ran is made up for once within this; what is older is left out. */
const CATCH_UP_MS = 3_600 * SECOND;

/** What is to run by itself, and when. */
export interface ScheduleRequest {
  readonly name: string;
  readonly entry: LibraryEntry;
  readonly inputs: { readonly [name: string]: Json };
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly now: boolean;
  readonly requester: string;
}

/**
 * Makes a schedule of a runbook as it is now, with inputs that are checked now: its runs are the same, whatever becomes of the
 * files. A run is left out while the one before it is open.
 * @throws OpsError invalid_input, definition_invalid, already_exists, limit_reached, …
 */
export async function scheduleRun(deps: MetaWorkflowsDeps, request: ScheduleRequest): Promise<void> {
  const { name, entry, requester, now } = request;
  const when = timesOf(request);
  const [input, { directory, audit }] = await Promise.all([runInput(deps, request), deps.ledger()]);
  const orchestration = await deps.orchestration({ worker: true });
  await audit.append({
    kind: "run",
    actor: requester,
    what: `schedule ${entry.id}`,
    target: name,
    digest: input.digest,
    outcome: "created",
  });
  await orchestration.schedules.create({
    server: DURABLE.name,
    name,
    run: {
      type: WORKFLOW_TYPE,
      args: [input],
      memo: startMemo(input),
      attributes: { kind: RUN_KIND, server: DURABLE.name },
      taskQueue: runQueue(deps.durable, directory.id, orchestration.inUse.build),
      summary: entry.id,
    },
    when,
    catch_up_ms: CATCH_UP_MS,
    now,
    about: { workflow: entry.id, when: request.cron ?? `every ${request.every}`, requester },
  });
}

/** The schedules of this server. */
export async function listSchedules(deps: MetaWorkflowsDeps): Promise<readonly ScheduleView[]> {
  return await (await deps.orchestration({ worker: false })).schedules.list(DURABLE.name);
}

function timesOf({ cron, every }: Pick<ScheduleRequest, "cron" | "every">): NewSchedule["when"] {
  if ((cron === undefined) === (every === undefined))
    throw new OpsError("invalid_input", "create needs either cron or every.", {
      hint: 'Such as cron "0 6 * * 1-5" (UTC; "CRON_TZ=Europe/Berlin 0 6 * * 1-5" elsewhere), or every "12h".',
    });
  if (cron !== undefined) return { cron: checkedCron(cron) };
  const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(every ?? "") ?? [];
  const every_ms = Number(count) * (UNITS[unit] ?? 0);
  if (every_ms < SHORTEST_MS || every_ms > LONGEST_MS)
    throw new OpsError("invalid_input", "every is a time from 1m to 366d.", { hint: 'Such as "30m", "12h", "7d".' });
  return { every_ms };
}

/** Five fields, so that nothing runs more often than every minute: Temporal takes seconds and years too. */
function checkedCron(cron: string): string {
  const [, fields = cron] = /^CRON_TZ=[A-Za-z0-9_+/-]{1,60} (.*)$/.exec(cron) ?? [];
  if (/^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$/.test(fields)) return cron;
  throw new OpsError("invalid_input", "cron takes five fields: minute, hour, day of the month, month, day of the week.", {
    hint: 'Such as "0 6 * * 1-5"; "CRON_TZ=Europe/Berlin 0 6 * * 1-5" for a time zone.',
  });
}
