import { OpsError, hasCode } from "@platform-ops/errors";
import type { Keyring } from "@platform-ops/ledger";
import { Client, WithStartWorkflowOperation, type Connection, type WorkflowHandleWithFirstExecutionRunId } from "@temporalio/client";
import {
  SearchAttributeType,
  TypedSearchAttributes,
  defineSearchAttributeKey,
  type DataConverter,
  type Workflow,
} from "@temporalio/common";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { dataConverter } from "../codec/data-converter.ts";
import { payloadCodec } from "../codec/payload-codec.ts";
import { MEMO_ATTRIBUTES, MEMO_LIMIT_BYTES, SEARCH_ATTRIBUTES, serverOfTaskQueue } from "../contract/names.ts";
import type { Orchestration, TemporalInUse, UpdateOptions } from "../contract/orchestration.ts";
import type { RunAttributes, StartRun } from "../contract/run.ts";
import type { Schedules } from "../contract/schedules.ts";
import { fromFailure, isNamespaceMissing } from "../failure/from-failure.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import { connectionFailure } from "./connection-failure.ts";
import { openConnection } from "./connection.ts";
import { lastAnswer } from "./last-answer.ts";
import { searchAttributesReady } from "./namespace.ts";
import { tcpProbe } from "./probe.ts";
import { RunReader } from "./run-description.ts";
import { listQuery, listRuns } from "./run-list.ts";
import { temporalSchedules } from "./schedules.ts";
import { needsAnotherVersion } from "./stuck-run.ts";
import { isPolled } from "./task-queue.ts";

/** Milliseconds for one request. The second is used only where the first passed and something still listens. */
const REQUEST_DEADLINE = 1_900;
const SECOND_DEADLINE = 8_000;
const PROBE_TIMEOUT = 300;
/** A loopback address refuses at once; where it does not, this process itself may be waiting for a processor. */
const LOCAL_PROBE_TIMEOUT = 1_500;
/** A workflow task whose worker died is given out again after this; the server's default of 10 s is the longest silence of a killed worker. */
const WORKFLOW_TASK_TIMEOUT = 5_000;
/** How long an answer "attributes cannot be used" is believed. */
const ATTRIBUTES_RECHECK = 30_000;

/** What `connect` needs. */
export interface ConnectOptions extends ConnectionTarget {
  readonly keys: Keyring;
  /** In a cluster: whether search attributes may be registered there. A local Temporal is ours. */
  readonly registerAttributes?: boolean;
  /** Its supervisor just said that it serves: then it is given more time than the two seconds. */
  readonly vouched?: boolean;
  /** What else is known of the Temporal in use (UI, the build that serves, another one on 7233). */
  readonly known?: Pick<TemporalInUse, "ui" | "build" | "other_on_7233">;
}

function typedAttributes(attributes: RunAttributes): TypedSearchAttributes {
  const pairs = (Object.entries(attributes) as [keyof RunAttributes, string | undefined][]).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[key], SearchAttributeType.KEYWORD), value }],
  );
  return new TypedSearchAttributes(pairs);
}

function boundedMemo(memo: Record<string, unknown>): Record<string, unknown> {
  const bytes = Buffer.byteLength(JSON.stringify(memo));
  if (bytes > MEMO_LIMIT_BYTES)
    throw new OpsError("too_large", `The memo of a run would take ${bytes} bytes; ${MEMO_LIMIT_BYTES} are allowed.`);
  return memo;
}

const ofAnotherDirectory = (id: string): OpsError =>
  new OpsError("key_missing", `The run ${id} is sealed with a key that this data directory does not have.`, {
    hint: "It is another data directory's: ask a server of that one. Where keys were lost, restore them from the backup.",
  });

class TemporalOrchestration implements Orchestration {
  readonly inUse: TemporalInUse;
  readonly schedules: Schedules;
  readonly #connection: Connection;
  readonly #client: Client;
  readonly #options: ConnectOptions;
  readonly #reader: RunReader;
  #attributes: { ready: boolean; at: number } | undefined;

  constructor(connection: Connection, options: ConnectOptions, serverVersion: string | undefined) {
    const { mode, address, namespace, keys, known } = options;
    this.inUse = { mode, address, namespace, ...(serverVersion ? { server_version: serverVersion } : {}), ...known };
    this.#connection = connection;
    this.#options = options;
    this.#reader = new RunReader(payloadCodec(keys), namespace);
    // The SDK takes a loaded converter too; its type does not say so. A path would need a file beside our bundle.
    this.#client = new Client({ connection, namespace, dataConverter: dataConverter(keys) as DataConverter });
    this.schedules = temporalSchedules({
      client: this.#client.schedule,
      ask: (request) => this.#ask(request),
      startOptions: (run) => this.#startOptions(run),
    });
  }

  /** One request under its deadline; asked a second time, more patiently, where the server still listens. */
  async #ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await this.#connection.withDeadline(Date.now() + REQUEST_DEADLINE, request);
    } catch (error) {
      if (!hasCode(fromFailure(error), "temporal_unavailable")) throw await connectionFailure(this.#options, error);
      const listens =
        (await tcpProbe(this.#options.address, this.#options.mode === "local" ? LOCAL_PROBE_TIMEOUT : PROBE_TIMEOUT)) === "open";
      if (!listens) throw await connectionFailure(this.#options, error);
      return await this.#connection.withDeadline(Date.now() + SECOND_DEADLINE, request).catch(async (second: unknown) => {
        throw await connectionFailure(this.#options, second);
      });
    }
  }

  async #attributesReady(): Promise<boolean> {
    if (this.#attributes?.ready || (this.#attributes && Date.now() - this.#attributes.at < ATTRIBUTES_RECHECK))
      return this.#attributes.ready;
    const { mode, namespace, registerAttributes } = this.#options;
    const ready = await this.#ask(() =>
      searchAttributesReady(this.#connection, namespace, mode === "local" || registerAttributes === true),
    );
    this.#attributes = { ready, at: Date.now() };
    return ready;
  }

  async start(run: StartRun): Promise<{ workflow_id: string; run_id: string }> {
    const options = await this.#startOptions(run);
    let sent = 0;
    const request = async (): Promise<WorkflowHandleWithFirstExecutionRunId> => {
      sent += 1;
      return this.#client.workflow.start(run.type, { ...options, workflowIdConflictPolicy: "FAIL" });
    };
    try {
      const handle = await this.#ask(request);
      return { workflow_id: handle.workflowId, run_id: handle.firstExecutionRunId };
    } catch (error) {
      // Sent twice, and the first answer was lost, not the run: the one that is there is ours.
      if (sent < 2 || !hasCode(error, "already_exists")) throw error;
      const { workflow_id, run_id } = await this.describe(run.id);
      return { workflow_id, run_id };
    }
  }

  async #startOptions(run: StartRun) {
    const attributes: RunAttributes = { server: serverOfTaskQueue(run.taskQueue), ...run.attributes };
    const indexed = await this.#attributesReady();
    return {
      workflowId: run.id,
      taskQueue: run.taskQueue,
      args: [...run.args],
      memo: boundedMemo({ ...run.memo, [MEMO_ATTRIBUTES]: attributes }),
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      ...(indexed ? { typedSearchAttributes: typedAttributes(attributes) } : {}),
      ...(run.summary === undefined ? {} : { staticSummary: run.summary }),
    };
  }

  async startWithUpdate<T>(run: StartRun, name: string, argument: unknown, given: UpdateOptions): Promise<T> {
    const options = await this.#startOptions(run);
    const startWorkflowOperation = new WithStartWorkflowOperation(run.type, {
      ...options,
      workflowIdConflictPolicy: "USE_EXISTING",
      // A closed run of that id is the answer to a second start, not a reason to do it all again.
      workflowIdReusePolicy: "REJECT_DUPLICATE",
    });
    // It rejects too where the operation as a whole does.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    return await this.#confirmed(given.timeoutMs, () =>
      this.#client.workflow.executeUpdateWithStart<Workflow, T, [unknown]>(name, {
        args: [argument],
        updateId: given.updateId,
        startWorkflowOperation,
      }),
    );
  }

  async query<T>(id: string, name: string, argument?: unknown): Promise<T> {
    return this.#ask(() => this.#client.workflow.getHandle(id).query<T, unknown[]>(name, ...(argument === undefined ? [] : [argument])));
  }

  async countOpen({ server }: { readonly server: string }): Promise<number> {
    if (!(await this.#attributesReady())) return (await this.list({ server, open: true, limit: 1_000 })).runs.length;
    return this.#ask(async () => (await this.#client.workflow.count(listQuery({ server, open: true, limit: 1 }, true))).count);
  }

  async describe(id: string): ReturnType<Orchestration["describe"]> {
    return this.#ask(async () => {
      const { namespace } = this.#options;
      const raw = await this.#connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId: id } });
      const description = await this.#reader.description(raw);
      if (description.foreign === true) throw ofAnotherDirectory(id);
      const stuck = await needsAnotherVersion(this.#connection, namespace, raw);
      return { ...description, needs_version: stuck };
    });
  }

  async lastAnswer<T>(id: string, wanted: (answer: unknown) => T | undefined): Promise<T | undefined> {
    const { namespace, keys } = this.#options;
    return this.#ask(() => lastAnswer(this.#connection, namespace, payloadCodec(keys), id, wanted));
  }

  async list(filter: Parameters<Orchestration["list"]>[0]): ReturnType<Orchestration["list"]> {
    const indexed = await this.#attributesReady();
    return this.#ask(() => listRuns(this.#connection, this.#options.namespace, this.#reader, filter, indexed));
  }

  async update<T>(id: string, name: string, argument: unknown, options: { updateId: string; timeoutMs: number }): Promise<T> {
    return this.#confirmed(options.timeoutMs, () =>
      this.#client.workflow.getHandle(id).executeUpdate<T, [unknown]>(name, { args: [argument], updateId: options.updateId }),
    );
  }

  /** An update under its deadline. */
  async #confirmed<T>(timeoutMs: number, send: () => Promise<T>): Promise<T> {
    try {
      return await this.#connection.withDeadline(Date.now() + timeoutMs, send);
    } catch (error) {
      const failure = fromFailure(error);
      // Whatever cut the connection, the server may have taken the update before.
      throw hasCode(failure, "temporal_unavailable") ? notConfirmed(error) : failure;
    }
  }

  async signal(id: string, name: string, argument?: unknown): Promise<void> {
    await this.#ask(() => this.#client.workflow.getHandle(id).signal(name, ...(argument === undefined ? [] : [argument])));
  }

  async cancel(id: string): Promise<void> {
    await this.#ask(() => this.#client.workflow.getHandle(id).cancel());
  }

  async hasWorker(taskQueue: string): Promise<boolean> {
    return this.#ask(() => isPolled(this.#connection, this.#options.namespace, taskQueue));
  }

  async terminate(id: string, reason: string): Promise<void> {
    await this.#ask(() => this.#client.workflow.getHandle(id).terminate(reason));
  }

  async result<T>(id: string, signal?: AbortSignal): Promise<T> {
    const wait = async (): Promise<T> => (await this.#client.workflow.getHandle(id).result()) as T;
    try {
      return signal === undefined ? await wait() : await this.#connection.withAbortSignal(signal, wait);
    } catch (error) {
      throw signal?.aborted === true
        ? new OpsError("cancelled", "Waiting for the run was cancelled; the run goes on.", { cause: error })
        : fromFailure(error);
    }
  }

  async history(id: string): Promise<unknown> {
    return this.#ask(async () => JSON.parse(historyToJSON(await this.#client.workflow.getHandle(id).fetchHistory())) as unknown);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

const notConfirmed = (cause: unknown): OpsError =>
  new OpsError("not_confirmed", "It was sent, but Temporal was lost before it answered; it may or may not have been recorded.", { cause });

/** Said at once: a worker for a namespace that does not exist would be started again and again. Being denied the look is no answer. */
async function requireNamespace(connection: Connection, { mode, namespace }: ConnectOptions): Promise<void> {
  if (mode === "local") return;
  await connection.workflowService.describeNamespace({ namespace }).catch((error: unknown) => {
    const failure = fromFailure(error);
    if (isNamespaceMissing(failure)) throw failure;
  });
}

/**
 * Connects to Temporal and gives the durable runs there. Nothing of Temporal's packages is loaded before this module is.
 * @throws OpsError temporal_unavailable (within 2 s where nothing listens) | temporal_denied
 */
export async function connect(options: ConnectOptions): Promise<Orchestration> {
  const connection = await openConnection(options, options.vouched);
  try {
    const deadline = options.vouched === true ? SECOND_DEADLINE : REQUEST_DEADLINE;
    const [system] = await connection.withDeadline(Date.now() + deadline, () =>
      Promise.all([connection.workflowService.getSystemInfo({}), requireNamespace(connection, options)]),
    );
    return new TemporalOrchestration(connection, options, system.serverVersion ?? undefined);
  } catch (error) {
    await connection.close();
    throw await connectionFailure(options, error);
  }
}
