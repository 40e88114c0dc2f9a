import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import { asApplicationFailure } from "../failure/application-failure.ts";
import { fromFailure } from "../failure/from-failure.ts";
import { placeId, placeOf, placesOf, type LockActivities, type LockHolder, type LockLook, type LockTask } from "./lock-contract.ts";

/** A free lock waits so long for the one whose turn it is: its worker may be away, and others are not to wait for that. */
const TURN_MS = 15_000;
/** Looks at so many runs at most for one that waits for this one. */
const MOST_FOLLOWED = 50;

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

interface Seen {
  readonly isOpen: boolean;
  readonly isCarriedOn: boolean;
  readonly runId: string;
  readonly firstRunId: string;
  readonly parent: Execution | undefined;
  readonly started: Date;
  readonly closed: Date | undefined;
}

/** What runs ask of locks. Reads ids, times and statuses only: nothing that needs another data directory's keys. */
export function lockActivities(): LockActivities {
  return {
    lookAtLock: (task) =>
      again(async () => {
        const { client, info } = Context.current();
        const look = await lookAt(client, task, info.workflowExecution?.workflowId ?? "");
        if (look.state !== "waits" || task.known === undefined || look.by?.run !== task.known.by?.run) return look;
        // No failure that anybody need hear of: it is tried again, outside of the history.
        throw ApplicationFailure.create({ type: "lock_held", message: "The lock is held.", category: ApplicationFailureCategory.BENIGN });
      }),
    isOwnerOpen: () =>
      again(async () => {
        const { client, info } = Context.current();
        const own = await see(client, info.workflowExecution ?? { workflowId: "", runId: "" });
        return own?.parent !== undefined && (await isOpen(client, own.parent));
      }),
  };
}

/** A run never fails because Temporal could not be asked about a lock. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ApplicationFailure ? error : asApplicationFailure(fromFailure(error), { retry: true });
  }
}

async function lookAt(client: Client, task: LockTask, run: string): Promise<LockLook> {
  const { lock, since } = task;
  const hold = await see(client, { workflowId: lock });
  if (hold?.isOpen === true) {
    const { parent } = hold;
    if (parent !== undefined && (await isOpen(client, parent))) {
      if (parent.workflowId === run) return { state: "ours" };
      if (await waitsForUs(client, parent.workflowId, task, run)) return { state: "deadlock" };
      return { state: "waits", by: { run: parent.workflowId, since: hold.started.toISOString() } };
    }
    // Its run is over, and no worker was there to end it. This execution and no later one: that would be another's.
    await ignoreGone(client.workflow.getHandle(lock, hold.runId).terminate("The run that held this lock is over."));
  }
  const free = hold?.isOpen === false ? hold.closed : undefined;
  if (free !== undefined && Date.now() - free.getTime() > TURN_MS) return { state: "free" };
  const first = (await openPlaces(client, `WorkflowId STARTS_WITH '${placesOf(lock)}'`)).toSorted()[0];
  return first === undefined || first >= placeId(lock, since, run) ? { state: "free" } : { state: "waits" };
}

/** Follows who waits for whom, from the holder on. Of those that wait in a ring the one that asked last gives up. */
async function waitsForUs(client: Client, holder: string, { since, holds }: LockTask, run: string): Promise<boolean> {
  if (holds.length === 0) return false;
  const followed = new Set<string>();
  for (const next = [holder]; next.length > 0 && followed.size < MOST_FOLLOWED;) {
    const one = next.pop() ?? "";
    if (followed.has(one)) continue;
    followed.add(one);
    for (const id of await openPlaces(client, `ParentWorkflowId = '${one.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`)) {
      const place = placeOf(id);
      if (place === undefined || place.since > since || (place.since === since && one > run)) continue;
      const by: LockHolder["run"] | undefined = (await see(client, { workflowId: place.lock }))?.parent?.workflowId;
      if (by === run) return true;
      if (by !== undefined) next.push(by);
    }
  }
  return false;
}

/** None where an older Temporal does not know such a query: then the order is lost, and still no two runs hold a lock. */
async function openPlaces(client: Client, query: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { workflowId } of client.workflow.list({ query: `${query} AND ExecutionStatus = 'Running'` })) ids.push(workflowId);
  } catch (error) {
    if (fromFailure(error).code !== "invalid_input") throw error;
  }
  return ids;
}

async function isOpen(client: Client, owner: Execution): Promise<boolean> {
  const seen = await see(client, owner);
  if (seen === undefined || seen.isOpen || !seen.isCarriedOn) return seen?.isOpen === true;
  const latest = await see(client, { workflowId: owner.workflowId });
  return latest?.isOpen === true && latest.firstRunId === seen.firstRunId;
}

/** Undefined for one that Temporal does not know (any more). */
async function see(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId?: string },
): Promise<Seen | undefined> {
  try {
    const { raw, ...told } = await client.workflow.getHandle(workflowId, runId).describe();
    const { parentExecution, firstRunId } = raw.workflowExecutionInfo ?? {};
    const parent = { workflowId: parentExecution?.workflowId ?? "", runId: parentExecution?.runId ?? "" };
    return {
      isOpen: told.status.name === "RUNNING",
      isCarriedOn: told.status.name === "CONTINUED_AS_NEW",
      runId: told.runId,
      firstRunId: firstRunId ?? "",
      parent: parent.workflowId === "" ? undefined : parent,
      started: told.startTime,
      closed: told.closeTime,
    };
  } catch (error) {
    if ((error as { name?: string }).name === "WorkflowNotFoundError") return undefined;
    throw error;
  }
}

async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if ((error as { name?: string }).name !== "WorkflowNotFoundError") throw error;
  }
}
