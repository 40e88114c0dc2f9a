import { createHash } from "node:crypto";
import { OpsError } from "@platform-ops/errors";
import type { ConnectionLike } from "@temporalio/client";
import { SEARCH_ATTRIBUTES } from "../contract/names.ts";
import type { RunAttributes, RunDescription, RunFilter, RunPage } from "../contract/run.ts";
import type { RunReader } from "./run-description.ts";

/** How many runs are read at most to fill one page where the server cannot filter. */
const SCAN_LIMIT = 1_000;
const KEYS = Object.keys(SEARCH_ATTRIBUTES) as (keyof RunAttributes)[];

/** A string in Temporal's list filter: single quotes, doubled inside (https://docs.temporal.io/list-filter). */
const quoted = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** The list filter; without registered attributes only the status, the rest is compared with the memo. */
export function listQuery(filter: RunFilter, byAttributes: boolean): string {
  const status = filter.open === undefined ? [] : [`ExecutionStatus ${filter.open ? "=" : "!="} 'Running'`];
  const attributes = byAttributes
    ? KEYS.flatMap((key) => (filter[key] === undefined ? [] : [`${SEARCH_ATTRIBUTES[key]} = ${quoted(filter[key])}`]))
    : [];
  return [...status, ...attributes].join(" AND ");
}

/** Eight digits that only a token which came whole has: Temporal answers a damaged one as if it were away, and is asked again for seconds. */
const checkOf = (token: Uint8Array): string => createHash("sha256").update(token).digest("hex").slice(0, 8);

/** Temporal's token of the next page as the cursor of a list. */
export function cursorOf(token: Uint8Array): string {
  return `${Buffer.from(token).toString("base64url")}.${checkOf(token)}`;
}

/** The token that a cursor holds; empty without one. @throws OpsError invalid_input for what no list returned */
export function tokenOf(cursor: string | undefined): Uint8Array {
  if (cursor === undefined) return new Uint8Array();
  const [, text, check] = /^([A-Za-z0-9_-]{1,4000})\.([0-9a-f]{8})$/.exec(cursor) ?? [];
  const token = Uint8Array.from(Buffer.from(text ?? "", "base64url"));
  if (text === undefined || checkOf(token) !== check)
    throw new OpsError("invalid_input", "cursor is not one that a list returned.", {
      hint: "Give the last list's cursor as it is, or leave it out to begin again.",
    });
  return token;
}

const wanted = (run: RunDescription, filter: RunFilter): boolean =>
  KEYS.every((key) => filter[key] === undefined || run.attributes[key] === filter[key]);

/**
 * One page of runs, each once, from Temporal's own index; those of other data directories, which cannot be read here, are left
 * out. Eventually consistent: a run just started may be missing for a moment.
 */
export async function listRuns(
  connection: ConnectionLike,
  namespace: string,
  reader: RunReader,
  filter: RunFilter,
  byAttributes: boolean,
): Promise<RunPage> {
  const query = listQuery(filter, byAttributes);
  const runs: RunDescription[] = [];
  let nextPageToken = tokenOf(filter.cursor);
  let read = 0;
  do {
    const page = await connection.workflowService.listWorkflowExecutions({
      namespace,
      query,
      pageSize: filter.limit - runs.length,
      nextPageToken,
    });
    const found = await Promise.all((page.executions ?? []).map((raw) => reader.info(raw)));
    read += found.length;
    // A run that was carried on, or taken up again, has several executions: the first that is listed is how it stands.
    for (const run of found)
      if (run.foreign !== true && (byAttributes || wanted(run, filter)) && !runs.some(({ workflow_id }) => workflow_id === run.workflow_id))
        runs.push(run);
    nextPageToken = page.nextPageToken ?? new Uint8Array();
  } while (nextPageToken.length > 0 && runs.length < filter.limit && read < SCAN_LIMIT);
  return { runs, ...(nextPageToken.length === 0 ? {} : { cursor: cursorOf(nextPageToken) }) };
}
