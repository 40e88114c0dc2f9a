import type { ConnectionLike } from "@temporalio/client";
import { defaultPayloadConverter, type PayloadCodec } from "@temporalio/common";
import { isForeign } from "../codec/foreign.ts";

/** Between an answer and the end of a history stand few events: what a run does by itself afterwards it writes into its memo. */
const PAGE = 20;
const MOST_PAGES = 5;

/**
 * The newest answer of a run's updates that is wanted, and that is newer than the run's memo; undefined where the memo is newer, or
 * nothing was answered. Read from the end of the history, so that no worker is needed.
 */
export async function lastAnswer<T>(
  connection: ConnectionLike,
  namespace: string,
  codec: PayloadCodec,
  workflowId: string,
  wanted: (answer: unknown) => T | undefined,
): Promise<T | undefined> {
  let nextPageToken: Uint8Array | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await connection.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId },
      maximumPageSize: PAGE,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    for (const event of answer.history?.events ?? []) {
      if (event.workflowPropertiesModifiedEventAttributes?.upsertedMemo) return undefined;
      const [payload] = event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success?.payloads ?? [];
      if (!payload) continue;
      const [decoded] = await codec.decode([payload], { type: "workflow", namespace, workflowId });
      const value: unknown = decoded === undefined ? undefined : defaultPayloadConverter.fromPayload(decoded);
      const found = isForeign(value) ? undefined : wanted(value);
      if (found !== undefined) return found;
    }
    if (!answer.nextPageToken || answer.nextPageToken.length === 0) return undefined;
    nextPageToken = answer.nextPageToken;
  }
  return undefined;
}
