import { setTimeout as sleep } from "node:timers/promises";
import type { Approvals, Keyring, Logger } from "@platform-ops/ledger";
import { Client } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import { Worker, type NativeConnection, type WorkerOptions } from "@temporalio/worker";
import type { ConnectionTarget } from "../client/connection-target.ts";
import { raiseRetention, searchAttributesReady } from "../client/namespace.ts";
import { dataConverter } from "../codec/data-converter.ts";
import { failureConverter } from "../codec/failure-converter.ts";
import { payloadCodec } from "../codec/payload-codec.ts";
import { activityBorder } from "./activity-border.ts";
import { AliveFile } from "./alive-file.ts";
import { connectPatiently } from "./connect-patiently.ts";
import { openRunsQuery, releaseDeadWorkers } from "./dead-workers.ts";
import { KeptDecisions } from "./kept-decisions.ts";
import { OlderBuilds, openRunsOfFamily } from "./older-builds.ts";
import { PolledQueues } from "./polled-queues.ts";
import { workerIdentity } from "./worker-identity.ts";

/** All in milliseconds; found by killing workers, see docs/decisions. */
const COUNT_INTERVAL = 5_000;
const DECISIONS_INTERVAL = 1_000;
/** Runs that began just before a worker died may not be in the index yet. */
const SECOND_LOOK = 2_000;
const HEARTBEAT_THROTTLE = 2_000;
/** The default of 10 s is what every run would wait for after each death of a worker. */
const STICKY_TIMEOUT = 1_000;

/** One queue that a worker process polls. */
export interface WorkerQueue {
  readonly queue: string;
  readonly activities: object;
  /** Present where workflow tasks of this queue are taken too. */
  readonly workflows?: { readonly bundle: string };
  readonly maxConcurrentActivities?: number;
  /** Its activities only wait, for a person or for time: a drain never waits for them. */
  readonly waitsOnly?: true;
}

/** How a worker carries on what other builds began (decision 14). */
export interface TakeOver {
  /** What the queues of all builds have in common: a name of `localTaskQueue`. */
  readonly family: string;
  /** The queues that serve the runs of another build's queue. */
  queuesFor(queue: string): readonly WorkerQueue[];
}

/** What a worker process needs. */
export interface RunWorkerOptions {
  readonly target: ConnectionTarget;
  /** The first is the one whose runs are this build's own. */
  readonly taskQueues: readonly WorkerQueue[];
  /** Absent: only its own queues are served. */
  readonly takesOver?: TakeOver;
  readonly keys: Keyring;
  /** Present: decisions that are kept there are handed to the runs that wait for them, whoever recorded them. */
  readonly approvals?: Approvals;
  /** The data directory: part of the worker's identity. */
  readonly home: string;
  readonly server: string;
  /** Name of this worker build. */
  readonly build: string;
  readonly aliveFile: string;
  readonly logger: Logger;
  /** In a cluster: whether search attributes may be registered there. */
  readonly registerAttributes?: boolean;
  /** How long a drain waits for steps to end by themselves, in milliseconds; none unless said. */
  readonly graceMs?: number;
  /** Abort = drain: running steps with a detached program are handed over, nothing waits for a person. */
  readonly signal: AbortSignal;
  readonly onReady?: () => void;
}

async function createWorker(connection: NativeConnection, queue: WorkerQueue, options: RunWorkerOptions): Promise<Worker> {
  const worker = await Worker.create({
    connection,
    namespace: options.target.namespace,
    taskQueue: queue.queue,
    identity: workerIdentity(options.home),
    activities: queue.activities,
    dataConverter: { payloadCodecs: [payloadCodec(options.keys)] },
    interceptors: { activity: [activityBorder(options.logger)] },
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    // The delay before activities hear of the shutdown and hand their programs over.
    shutdownGraceTime: queue.waitsOnly === true ? 0 : (options.graceMs ?? 0),
    ...(queue.workflows === undefined ? {} : { workflowBundle: { codePath: queue.workflows.bundle } }),
    ...(queue.maxConcurrentActivities === undefined ? {} : { maxConcurrentActivityTaskExecutions: queue.maxConcurrentActivities }),
  } satisfies WorkerOptions);
  // The SDK takes a failure converter only as the path of a file; in a bundled worker there is none. Nothing was converted yet.
  worker.options.loadedDataConverter.failureConverter = failureConverter;
  return worker;
}

/** Looks every `interval` ms until the signal; what a look fails of is seen by the next one. */
async function lookAgain(look: () => Promise<void>, interval: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await look().catch(() => undefined);
  }
}

/**
 * A look at the open runs: tells how many there are, as well as Temporal's index knows it, and takes over those of other
 * builds, giving back at once what their dead workers held.
 */
function openRunsLook(
  client: Client,
  polled: PolledQueues,
  alive: AliveFile,
  options: RunWorkerOptions,
  createWorkers: (queues: readonly WorkerQueue[]) => Promise<Worker[]>,
): () => Promise<void> {
  const { takesOver, taskQueues, target, home, logger, keys } = options;
  const [own] = taskQueues;
  const count = async (query: string): Promise<void> => alive.tell({ open_runs: (await client.workflow.count(query)).count });
  if (takesOver === undefined || own?.workflows === undefined) return () => count(openRunsQuery(taskQueues.map(({ queue }) => queue)));
  const older = new OlderBuilds({
    client,
    namespace: target.namespace,
    codec: payloadCodec(keys),
    logger,
    home,
    family: takesOver.family,
    own: own.queue,
    bundle: own.workflows.bundle,
    polled,
    createWorkers: (queue) => createWorkers(takesOver.queuesFor(queue)),
  });
  return async () => {
    await count(openRunsOfFamily(takesOver.family));
    const { left, taken } = await older.look();
    alive.tell({ left_to: left });
    if (taken.length > 0) await releaseDeadWorkers(client, taken, home, logger);
  };
}

async function handOverDecisions(client: Client, { approvals, server, logger, signal }: RunWorkerOptions): Promise<void> {
  if (approvals === undefined) return;
  const kept = new KeptDecisions({ client, approvals, server, logger });
  await lookAgain(() => kept.look(), DECISIONS_INTERVAL, signal);
}

async function prepareNamespace(connection: NativeConnection, { target, registerAttributes, logger }: RunWorkerOptions): Promise<void> {
  const local = target.mode === "local";
  const ready = await searchAttributesReady(connection, target.namespace, local || registerAttributes === true);
  if (!ready) logger.warn("Search attributes are not registered; runs are found by their memo.", { namespace: target.namespace });
  if (local)
    await raiseRetention(connection, target.namespace).catch((error: unknown) =>
      logger.warn("The retention could not be raised.", { error }),
    );
}

/**
 * Runs a worker process's queues until the signal, then drains. Connects as soon as Temporal is there, gives back what dead
 * workers held, and keeps the alive file. Resolves when everything has ended.
 * @throws OpsError unexpected where the SDK's worker ended by itself.
 */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const { logger, signal, home, target } = options;
  const alive = new AliveFile(options.aliveFile, { server: options.server, build: options.build });
  const queues = options.taskQueues.map(({ queue }) => queue);
  let connection: NativeConnection | undefined;
  try {
    connection = await connectPatiently(options);
    alive.tell({ phase: "starting" });
    const client = new Client({
      connection,
      namespace: target.namespace,
      dataConverter: dataConverter(options.keys) as DataConverter,
      identity: workerIdentity(home),
    });
    const release = (): Promise<unknown> =>
      releaseDeadWorkers(client, queues, home, logger).catch((error: unknown) =>
        logger.warn("Dead workers could not be looked for.", { error }),
      );
    const opened = connection;
    const createWorkers = (of: readonly WorkerQueue[]): Promise<Worker[]> =>
      Promise.all(of.map((queue) => createWorker(opened, queue, options)));
    const [workers] = await Promise.all([createWorkers(options.taskQueues), release(), prepareNamespace(opened, options)]);
    const polled = new PolledQueues();
    polled.start(queues[0] ?? "", workers);
    const look = openRunsLook(client, polled, alive, options, createWorkers);
    // Before it says that it runs: what its predecessor began is then served, or known to need that one.
    await look().catch((error: unknown) => logger.warn("Open runs could not be looked at.", { error }));
    await serve(polled, alive, options, [
      lookAgain(look, COUNT_INTERVAL, signal),
      handOverDecisions(client, options),
      sleep(SECOND_LOOK, undefined, { signal }).then(release, () => undefined),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    alive.stop();
    await connection?.close().catch(() => undefined);
  }
}

async function serve(
  polled: PolledQueues,
  alive: AliveFile,
  { signal, logger, build, taskQueues, onReady }: RunWorkerOptions,
  background: readonly Promise<unknown>[],
): Promise<void> {
  alive.tell({ phase: signal.aborted ? "draining" : "running" });
  logger.info("The worker runs.", { queues: taskQueues.map(({ queue }) => queue), build });
  onReady?.();
  try {
    if (!signal.aborted) await Promise.race([polled.failed, aborted(signal)]);
  } finally {
    alive.tell({ phase: "draining" });
    await polled.drain();
    if (signal.aborted) await Promise.allSettled(background);
    // A queue that was being taken over when the signal came.
    await polled.drain();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
