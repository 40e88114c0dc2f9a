import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import {
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from "@temporalio/workflow";
import { LOCK_WORKFLOW, placeId, SIGNAL_RELEASE, type LockActivities, type LockHolder } from "./lock-contract.ts";

const release = defineSignal(SIGNAL_RELEASE);

/** How often a lock whose run has ended, or was carried on, asks about it. */
const ASK_AGAIN_MS = 10_000;

/** A look that finds nothing new fails and is tried again: that leaves no trace in the history, however long it takes. */
const { lookAtLock, isOwnerOpen } = proxyActivities<LockActivities>({
  startToCloseTimeout: "30 seconds",
  retry: { initialInterval: "500 milliseconds", backoffCoefficient: 1.2, maximumInterval: "5 seconds" },
  // An attempt that is under way changes nothing that matters: it is not waited for.
  cancellationType: "TRY_CANCEL",
});

/**
 * Holds a lock, or a place, as long as it is open: Temporal allows one open workflow of an id. Ends when it is told to, or when
 * the run that began it is over; Temporal asks it to (by a cancellation) whatever ended that run.
 */
export async function RunLock(): Promise<void> {
  let isAsked = false;
  let isReleased = false;
  setHandler(release, () => void (isReleased = true));
  CancellationScope.current().cancelRequested.catch(() => (isAsked = true));
  await CancellationScope.nonCancellable(async () => {
    await condition(() => isReleased || isAsked);
    // A run that is carried on closes, and its next execution begins this lock anew in place of this one.
    for (let isOver = isReleased; !isOver;) isOver = !(await isOwnerOpen()) || (await condition(() => isReleased, ASK_AGAIN_MS));
  });
}

/** What is taken, and who is told meanwhile. */
export interface TakeLock {
  /** An id of `lockId`. */
  readonly lock: string;
  /** Milliseconds since 1970; the same when the run is carried on. */
  readonly since: number;
  /** Ids of the locks that the run holds. */
  readonly holds: () => readonly string[];
  /** Cancelling it ends the wait. */
  readonly scope: CancellationScope;
  /** Called whenever it has to wait, and when the holder changes; without a holder it is another's turn. */
  readonly waits: (by: LockHolder | undefined) => void;
}

/** A lock that this run holds. */
export interface HeldLock {
  release(): Promise<void>;
}

/**
 * Waits for a lock and holds it until `release`, or until the run ends, however it does. Asked again by a run that was carried
 * on, it takes its own lock over without a gap.
 *
 * @throws CancelledFailure where the scope was cancelled first: nothing is held then, and the place is left
 */
export async function takeLock(take: TakeLock): Promise<HeldLock | "deadlock"> {
  const { lock, since, scope } = take;
  let place: HeldLock | undefined;
  let known: { readonly by?: LockHolder } | undefined;
  try {
    for (;;) {
      const task = { lock, since, holds: take.holds(), ...(known === undefined ? {} : { known }) };
      const look = await scope.run(() => lookAtLock(task));
      if (look.state === "deadlock") return "deadlock";
      if (look.state === "waits") {
        known = look.by === undefined ? {} : { by: look.by };
        take.waits(look.by);
        place ??= await begin({ workflowId: placeId(lock, since, workflowInfo().workflowId), replace: true, onClose: "TERMINATE" });
        continue;
      }
      const held = await begin({ workflowId: lock, replace: look.state === "ours", onClose: "REQUEST_CANCEL" });
      if (held !== undefined) return held;
      known = undefined;
    }
  } finally {
    await CancellationScope.nonCancellable(async () => await place?.release());
  }
}

interface Begin {
  readonly workflowId: string;
  /** An open one of that id is this run's own. */
  readonly replace: boolean;
  /** A place is begun anew by a run that is carried on; a lock must not be free meanwhile. */
  readonly onClose: "REQUEST_CANCEL" | "TERMINATE";
}

/** The open workflow of that id, begun by this run; undefined where another run was faster. */
async function begin({ workflowId, replace, onClose }: Begin): Promise<HeldLock | undefined> {
  try {
    const child: ChildWorkflowHandle<typeof RunLock> = await CancellationScope.nonCancellable(() =>
      startChild<typeof RunLock>(LOCK_WORKFLOW, {
        workflowId,
        args: [],
        parentClosePolicy: onClose,
        workflowIdReusePolicy: replace ? "TERMINATE_IF_RUNNING" : "ALLOW_DUPLICATE",
      }),
    );
    return { release: () => CancellationScope.nonCancellable(() => child.signal(release).catch(() => undefined)) };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}
