import { isOpsError } from "@platform-ops/errors";
import type { ArtifactStore } from "../artifacts.ts";
import type { ApprovalRecord, ApprovalRequest } from "./approval.ts";

/**
 * A text from elsewhere as it may be shown on a terminal: control characters (with which it could move the cursor and
 * overwrite what a person reads), bidirectional and invisible characters are written out as escapes.
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(/(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** A request in full: what would happen, to what, until when, and who may decide. */
export function requestText(request: ApprovalRequest, records: readonly ApprovalRecord[]): string {
  const one = (text: string): string => printable(text).replaceAll("\n", " ");
  const lines = [
    `Request      ${request.id} (${request.status})`,
    `What         ${one(request.title)}`,
    `Kind         ${one(request.kind)} in environment ${one(request.environment)}`,
    `Run          ${one(request.run_id)} of ${one(request.server)}`,
    `Asked by     ${one(request.requester)} at ${request.created_at}`,
    `Open until   ${request.expires_at}`,
    `Decided by   ${request.channels.join(" or ")}${request.required > 1 ? `, ${request.required} distinct keys` : ""}`,
    ...records.map(
      (record) =>
        `Decision     ${record.decision} by ${one(record.approver)} (${record.channel}) at ${record.decided_at}${record.reason === undefined ? "" : `: ${one(record.reason)}`}`,
    ),
    "",
    printable(request.summary).trimEnd(),
    "",
    `Bound to (${request.subject.length}):`,
    ...request.subject.map(({ what, digest }) => `  ${one(what)}  ${digest}`),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * The full text behind a request, when it has one.
 * @throws OpsError `artifact_missing` when it is gone: what cannot be shown cannot be judged.
 */
export async function detailsText(request: ApprovalRequest, artifacts: ArtifactStore): Promise<string> {
  if (request.details === undefined) return "";
  return `${printable((await artifacts.get(request.details)).toString("utf8")).trimEnd()}\n`;
}

/** As `detailsText`, but says so where the text is gone. */
export async function detailsOrNote(request: ApprovalRequest, artifacts: ArtifactStore): Promise<string> {
  return detailsText(request, artifacts).catch((error: unknown) => {
    if (isOpsError(error)) return `(the full text cannot be shown: ${error.message})\n`;
    throw error;
  });
}
