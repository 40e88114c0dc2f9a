import { randomUUID } from "node:crypto";
import { OpsError, hasCode, type ErrorCode } from "@platform-ops/errors";
import {
  COMMAND_REQUEST,
  channelsOf,
  type ApprovalRecord,
  type ApprovalRequest,
  type Approvals,
  type Policy,
  type SubjectItem,
} from "@platform-ops/ledger";
import type { Consent, Verdict } from "../remote.ts";
import { visible } from "./subject.ts";

/** How long a command waits for its approval, and the approval for the command; at most what approvals.hours says. */
const OPEN_HOURS = 24;
/** For how long a rejected command is not asked for again. */
const REJECTED_MINUTES = 10;
/** Requests for commands are taken away so long after they expired. */
const KEPT_DAYS = 30;
/** What a person reads is not cut: a longer command is not asked for. */
const LONGEST_SHOWN = 16_000;
const COUNTS_NO_MORE: readonly ErrorCode[] = ["approval_used", "approval_expired", "approval_channel"];

/** What permissions are found and asked with. */
export interface PermitPort {
  readonly approvals: Approvals;
  readonly policy: Policy;
  /** agent:<client>@<user> */
  readonly requester: string;
  /** Name of the server that asks. */
  readonly server: string;
  /** The clock; tests give another one. */
  readonly now?: () => Date;
}

/**
 * Finds an approval of exactly what the verdict is about and uses it up, or says which request now waits for a person. An
 * approval binds command, input, machine, account and time limit, is used once, and expires. One that was made for another
 * environment, or through a channel that counts no more, is none.
 * @throws OpsError not_allowed (a person has just rejected this; the verdict was no question), too_large (it cannot be shown
 * to a person whole), approval_channel (the environment has no channel in which a person decides)
 */
export async function permit(
  port: PermitPort,
  verdict: Verdict,
  shown: { title: string },
): Promise<{ consent: Consent } | { waiting: ApprovalRequest }> {
  if (verdict.verdict !== "ask") throw new OpsError("not_allowed", `Nothing is to be asked for here. ${verdict.because}`);
  const now = port.now?.() ?? new Date();
  const run_id = `call_${verdict.subject.digest.slice(0, 24)}`;
  const equal = (await port.approvals.list({ run_id })).filter(
    (request) => asksFor(request, verdict) && Date.parse(request.expires_at) > now.getTime(),
  );
  for (const request of equal) {
    if (request.status !== "approved") continue;
    const consent = await useUp(port, request, verdict.subject);
    if (consent !== undefined) return { consent };
  }
  const open = equal.find(({ status }) => status === "open");
  if (open !== undefined) return { waiting: open };
  await checkNotRejected(port, equal, now);
  return { waiting: await ask(port, verdict, run_id, shown.title, now) };
}

function asksFor(request: ApprovalRequest, { subject, environment }: Verdict): boolean {
  const [item, ...others] = request.subject;
  return (
    request.kind === COMMAND_REQUEST &&
    request.environment === environment &&
    others.length === 0 &&
    item?.what === subject.what &&
    item.digest === subject.digest
  );
}

/** The consent of an approved request, if its approval counts and was not used; another process may be faster. */
async function useUp({ approvals, server }: PermitPort, request: ApprovalRequest, item: SubjectItem): Promise<Consent | undefined> {
  if ((await approvals.usedAt(request.id, item)) !== undefined) return undefined;
  const [record] = await approvals.records(request.id);
  if (record === undefined) return undefined;
  try {
    // Verifies all of it first.
    await approvals.consume(record, item, `${server} ${randomUUID()}`);
  } catch (error) {
    // Decided by a channel that the policy accepts no more, or used meanwhile: a person is asked anew.
    if (COUNTS_NO_MORE.some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
  return { digest: item.digest, approval: request.id, approver: record.approver };
}

async function checkNotRejected({ approvals }: PermitPort, equal: readonly ApprovalRequest[], now: Date): Promise<void> {
  for (const { id, status } of equal) {
    if (status !== "rejected") continue;
    const [record] = await approvals.records(id);
    if (record === undefined) continue;
    const again = new Date(Date.parse(record.decided_at) + REJECTED_MINUTES * 60_000);
    if (again > now) throw rejected(record, again);
  }
}

function rejected({ request_id, approver, decided_at, reason }: ApprovalRecord, again: Date): OpsError {
  const why = reason === undefined ? "" : ` Reason: ${JSON.stringify(reason)}.`;
  return new OpsError("not_allowed", `A person rejected exactly this at ${decided_at} (${approver}, ${request_id}).${why}`, {
    hint: `Ask the person what to do instead. The same command is not asked for again before ${again.toISOString()}.`,
    details: { approval: request_id },
  });
}

async function ask(port: PermitPort, verdict: Verdict, run_id: string, title: string, now: Date): Promise<ApprovalRequest> {
  const { approvals, policy, requester, server } = port;
  const environment = policy.environments.find(({ name }) => name === verdict.environment);
  const channels = environment === undefined ? [] : channelsOf(environment).filter((channel) => channel !== "auto");
  if (environment === undefined || channels.length === 0)
    throw new OpsError(
      "approval_channel",
      `In the environment ${verdict.environment} no channel is open to a person, so this cannot be approved.`,
    );
  if (verdict.shown.length > LONGEST_SHOWN)
    throw new OpsError(
      "too_large",
      `What would run is too long to be shown to a person whole (${verdict.shown.length} characters, at most ${LONGEST_SHOWN}).`,
      {
        hint: "Put it into a file on the machine and call that, or split it.",
      },
    );
  await approvals.sweep({ kind: COMMAND_REQUEST, expiredBefore: new Date(now.getTime() - KEPT_DAYS * 86_400_000) });
  return approvals.request({
    server,
    run_id,
    kind: COMMAND_REQUEST,
    environment: environment.name,
    requester,
    subject: [verdict.subject],
    title: visible(title).slice(0, 500),
    summary: `${verdict.shown}\nWhy asked   ${verdict.because}`.slice(0, 20_000),
    channels,
    required: environment.required ?? policy.approvals.signed?.required ?? 1,
    expires_at: new Date(now.getTime() + Math.min(OPEN_HOURS, policy.approvals.hours) * 3_600_000).toISOString(),
  });
}
