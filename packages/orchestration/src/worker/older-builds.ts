import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@platform-ops/ledger";
import type { Client } from "@temporalio/client";
import type { PayloadCodec } from "@temporalio/common";
import { Worker } from "@temporalio/worker";
import { needsAnotherVersion } from "../client/stuck-run.ts";
import { buildOfTaskQueue } from "../contract/names.ts";
import { quoted } from "./dead-workers.ts";
import type { PolledQueues } from "./polled-queues.ts";

/** temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED */
const WORKFLOW_TASK_COMPLETED = 7;

/** What `OlderBuilds` needs of its worker process. */
export interface OlderBuildsOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly codec: PayloadCodec;
  readonly logger: Logger;
  /** The data directory. */
  readonly home: string;
  /** What the queues of all builds have in common. */
  readonly family: string;
  /** This build's own queue. */
  readonly own: string;
  /** Path of this build's workflow bundle. */
  readonly bundle: string;
  readonly polled: PolledQueues;
  /** Makes the workers that serve the runs of that queue. */
  createWorkers(queue: string): Promise<readonly Worker[]>;
}

/** The list filter for open runs of any build. */
export function openRunsOfFamily(family: string): string {
  return `ExecutionStatus = 'Running' AND TaskQueue STARTS_WITH ${quoted(family)}`;
}

/**
 * The open runs that other builds began. A queue of theirs is taken over where every open run on it replays with this
 * build's workflow code, or where their build is gone; else it is left to them.
 */
export class OlderBuilds {
  readonly #options: OlderBuildsOptions;
  /** Queues that were found not to be ours to carry on. */
  readonly #left = new Map<string, string>();

  constructor(options: OlderBuildsOptions) {
    this.#options = options;
  }

  /** One look. Returns the builds that must live on, and the queues that were newly taken over. */
  async look(): Promise<{ left: string[]; taken: string[] }> {
    const { polled, home } = this.#options;
    const runs = await this.#openRuns();
    const taken: string[] = [];
    for (const queue of this.#left.keys()) if (!runs.has(queue)) this.#left.delete(queue);
    for (const [queue, ids] of runs) {
      const build = buildOfTaskQueue(queue);
      const living = build !== undefined && existsSync(join(home, "workers", build, "build.json")) ? build : undefined;
      if (living === undefined) this.#left.delete(queue);
      else if (this.#left.has(queue)) continue;
      if (await this.#canServe(queue, ids, living)) {
        if (polled.has(queue)) continue;
        polled.start(queue, await this.#options.createWorkers(queue));
        taken.push(queue);
      } else if (living !== undefined) {
        this.#left.set(queue, living);
        await polled.leave(queue);
      }
    }
    if (taken.length > 0) this.#options.logger.info("Runs of other builds are carried on.", { queues: taken });
    return { left: [...new Set(this.#left.values())], taken };
  }

  /** Open runs by the queue that they began on, without our own. */
  async #openRuns(): Promise<Map<string, string[]>> {
    const { client, family, own } = this.#options;
    const found = new Map<string, string[]>();
    for await (const { taskQueue, workflowId } of client.workflow.list({
      query: `${openRunsOfFamily(family)} AND TaskQueue != ${quoted(own)}`,
      pageSize: 200,
    })) {
      found.set(taskQueue, [...(found.get(taskQueue) ?? []), workflowId]);
    }
    return found;
  }

  /** Before a queue is taken its histories are replayed; afterwards a run that cannot go on all the same shows itself. */
  async #canServe(queue: string, ids: readonly string[], living: string | undefined): Promise<boolean> {
    if (living === undefined) return true;
    const failing = this.#options.polled.has(queue) ? await this.#stuckRun(ids) : await this.#foreignRun(ids);
    if (failing === undefined) return true;
    this.#options.logger.warn("A run needs the build that began it.", { workflow_id: failing, build: living });
    return false;
  }

  async #stuckRun(ids: readonly string[]): Promise<string | undefined> {
    const { client, namespace } = this.#options;
    for (const workflowId of ids) {
      const described = await client.connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
      if (await needsAnotherVersion(client.connection, namespace, described)) return workflowId;
    }
    return undefined;
  }

  /** The first run whose history this build's code did not write. */
  async #foreignRun(ids: readonly string[]): Promise<string | undefined> {
    const { bundle, codec } = this.#options;
    const options = { workflowBundle: { codePath: bundle }, dataConverter: { payloadCodecs: [codec] } };
    for await (const { workflowId, error } of Worker.runReplayHistories(options, this.#begunHistories(ids))) {
      if (error !== undefined) return workflowId;
    }
    return undefined;
  }

  /** Histories of the runs that workflow code has touched: any build can begin the others. */
  async *#begunHistories(ids: readonly string[]) {
    for (const workflowId of ids) {
      const history = await this.#options.client.workflow.getHandle(workflowId).fetchHistory();
      if (history.events?.some((event) => event.eventType === WORKFLOW_TASK_COMPLETED) === true) yield { workflowId, history };
    }
  }
}
