import type { DescribeWorkflowExecutionResponse, RawWorkflowExecutionInfo } from "@temporalio/client";
import { defaultPayloadConverter, type Payload, type PayloadCodec } from "@temporalio/common";
import { isForeign } from "../codec/foreign.ts";
import { MEMO_ATTRIBUTES, SEARCH_ATTRIBUTES } from "../contract/names.ts";
import type { PendingActivity, RunAttributes, RunDescription, RunStatus } from "../contract/run.ts";

/** By number of temporal.api.enums.v1.WorkflowExecutionStatus; 8 (PAUSED) is an open run. */
const STATUS: readonly RunStatus[] = [
  "RUNNING",
  "RUNNING",
  "COMPLETED",
  "FAILED",
  "CANCELED",
  "TERMINATED",
  "CONTINUED_AS_NEW",
  "TIMED_OUT",
  "RUNNING",
];

type RawActivity = NonNullable<DescribeWorkflowExecutionResponse["pendingActivities"]>[number];
type RawFailure = NonNullable<RawActivity["lastFailure"]>;
type RawTime = { readonly seconds?: { toString(): string } | number | null; readonly nanos?: number | null };

function iso(time: RawTime | null | undefined): string | undefined {
  if (!time) return undefined;
  return new Date(Number(time.seconds?.toString() ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6)).toISOString();
}

/** Reads payloads of one namespace's runs, each under the context it was sealed for. */
export class RunReader {
  readonly #codec: PayloadCodec;
  readonly #namespace: string;

  constructor(codec: PayloadCodec, namespace: string) {
    this.#codec = codec;
    this.#namespace = namespace;
  }

  async #inRun(workflowId: string, payload: Payload): Promise<unknown> {
    const [decoded] = await this.#codec.decode([payload], { type: "workflow", namespace: this.#namespace, workflowId });
    return decoded === undefined ? undefined : defaultPayloadConverter.fromPayload(decoded);
  }

  async #memo(workflowId: string, raw: RawWorkflowExecutionInfo): Promise<Record<string, unknown>> {
    const fields = Object.entries(raw.memo?.fields ?? {});
    return Object.fromEntries(
      await Promise.all(fields.map(async ([key, payload]) => [key, await this.#inRun(workflowId, payload)] as const)),
    );
  }

  /** A failure's message lies sealed in its encoded attributes; the innermost cause says what happened. */
  async #message(workflowId: string, failure: RawFailure): Promise<string | undefined> {
    if (failure.cause) return this.#message(workflowId, failure.cause);
    if (!failure.encodedAttributes) return failure.message ?? undefined;
    const decoded = (await this.#inRun(workflowId, failure.encodedAttributes)) as { message?: unknown } | undefined;
    return typeof decoded?.message === "string" ? decoded.message : undefined;
  }

  async #pending(workflowId: string, raw: RawActivity): Promise<PendingActivity> {
    const details = raw.heartbeatDetails?.payloads?.[0];
    const at = iso(raw.lastHeartbeatTime);
    const failure = raw.lastFailure ? await this.#message(workflowId, raw.lastFailure) : undefined;
    return {
      activity_id: raw.activityId ?? "",
      type: raw.activityType?.name ?? "",
      attempt: raw.attempt ?? 1,
      ...(details ? { heartbeat: await this.#inRun(workflowId, details) } : {}),
      ...(at === undefined ? {} : { last_heartbeat_at: at }),
      ...(failure === undefined ? {} : { last_failure: failure }),
      ...(raw.lastWorkerIdentity ? { worker: raw.lastWorkerIdentity } : {}),
    };
  }

  /** One run from a list or from the head of a description. */
  async info(raw: RawWorkflowExecutionInfo): Promise<RunDescription> {
    const workflowId = raw.execution?.workflowId ?? "";
    const { [MEMO_ATTRIBUTES]: kept, ...memo } = await this.#memo(workflowId, raw);
    const fields = Object.values(memo);
    const closed = iso(raw.closeTime);
    return {
      workflow_id: workflowId,
      run_id: raw.execution?.runId ?? "",
      type: raw.type?.name ?? "",
      task_queue: raw.taskQueue ?? "",
      status: STATUS[raw.status ?? 0] ?? "RUNNING",
      started_at: iso(raw.startTime) ?? new Date(0).toISOString(),
      ...(closed === undefined ? {} : { closed_at: closed }),
      memo,
      attributes: { ...memoAttributes(kept), ...searchAttributes(raw) },
      pending: [],
      needs_version: false,
      ...(fields.length > 0 && fields.every(isForeign) ? { foreign: true as const } : {}),
    };
  }

  /** A whole description, but for `needs_version`. */
  async description(raw: DescribeWorkflowExecutionResponse): Promise<RunDescription> {
    const info = await this.info(raw.workflowExecutionInfo ?? {});
    return {
      ...info,
      pending: await Promise.all((raw.pendingActivities ?? []).map((activity) => this.#pending(info.workflow_id, activity))),
    };
  }
}

function memoAttributes(kept: unknown): RunAttributes {
  if (typeof kept !== "object" || kept === null) return {};
  const keys = Object.keys(SEARCH_ATTRIBUTES) as (keyof RunAttributes)[];
  return Object.fromEntries(
    keys.flatMap((key) => (typeof (kept as RunAttributes)[key] === "string" ? [[key, (kept as RunAttributes)[key]]] : [])),
  );
}

/** Search attributes are never sealed: plain JSON, one value or a list with one. */
function searchAttributes(raw: RawWorkflowExecutionInfo): RunAttributes {
  const fields = raw.searchAttributes?.indexedFields ?? {};
  const read = (name: string): string | undefined => {
    const data = fields[name]?.data;
    if (!data) return undefined;
    const value: unknown = JSON.parse(Buffer.from(data).toString("utf8"));
    const one: unknown = Array.isArray(value) ? value[0] : value;
    return typeof one === "string" ? one : undefined;
  };
  const found = Object.entries(SEARCH_ATTRIBUTES).map(([key, name]) => [key, read(name)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
