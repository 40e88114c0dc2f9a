import type { ConnectionLike } from "@temporalio/client";
import { msToTs } from "@temporalio/common/lib/time.js";
import { RETENTION_DAYS, SEARCH_ATTRIBUTES } from "../contract/names.ts";

/** temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;
const DAY_SECONDS = 86_400;

const NAMES = Object.values(SEARCH_ATTRIBUTES);

/** Those of our search attributes that are not registered, or with another type. Throws what Temporal's client throws. */
export async function missingAttributes(connection: ConnectionLike, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return NAMES.filter((name) => customAttributes?.[name] !== KEYWORD);
}

/**
 * Makes our search attributes known where that is allowed, and says whether they can be used: a run started with an unknown
 * one is refused by the server. Every failure means no: then runs are found by their memo.
 */
export async function searchAttributesReady(connection: ConnectionLike, namespace: string, mayRegister: boolean): Promise<boolean> {
  try {
    const missing = await missingAttributes(connection, namespace);
    if (missing.length === 0) return true;
    if (!mayRegister) return false;
    // Two processes may do this at once; only what is there afterwards counts.
    await connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) })
      .catch(() => undefined);
    return (await missingAttributes(connection, namespace)).length === 0;
  } catch {
    return false;
  }
}

/** Keeps closed runs for 90 days; a development server's own default is one. Only for a Temporal that is ours. */
export async function raiseRetention(connection: ConnectionLike, namespace: string): Promise<void> {
  const wanted = RETENTION_DAYS * DAY_SECONDS;
  const described = await connection.workflowService.describeNamespace({ namespace });
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  if (seconds >= wanted) return;
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(wanted * 1_000) } });
}
