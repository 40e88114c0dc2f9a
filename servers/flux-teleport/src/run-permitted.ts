import { OpsError } from "@platform-ops/errors";
import { waysToDecide, type ApprovalRequest } from "@platform-ops/ledger";
import { decideByForm, type Ask, type Call, type ToolResult } from "@platform-ops/mcp-kit";
import type { Capture, CommandEffect, Consent, RemoteCommand, RunResult, Target, Verdict } from "@platform-ops/remote-command";
import type { FluxTeleportDeps } from "./deps.ts";
import { IDENTITY } from "./identity.ts";
import { failed, type Said } from "./tools/result.ts";

/** What a command is for, and its bounds. */
export interface Purpose {
  readonly effect: CommandEffect;
  readonly timeoutMs: number;
  readonly capture: Capture;
  /** One line for the person who is asked, and for the record: what the command does. */
  readonly title: string;
  /** By digest, what a person has approved already within this call; each is used once. */
  readonly granted?: Map<string, Consent>;
  /** What is known of the target, for the answer where a person must decide first. */
  readonly said?: Said;
}

/** A command that ran, or what the tool must answer instead. */
export type Permitted = { readonly run: RunResult } | { readonly answer: ToolResult | Ask };

/** May it run; with the consent where a person gave one. Or what the tool must answer instead. */
export type Permission = { readonly consent?: Consent } | { readonly answer: ToolResult | Ask };

/**
 * Runs one command for a tool, if the policy lets it: where it asks, a person does, by form where this client has forms and
 * the policy accepts them, else the answer names the command that a person runs; the equal call then runs it.
 * @throws OpsError invalid_input, not_allowed, and what approvals refuse
 */
export async function runPermitted(
  deps: FluxTeleportDeps,
  call: Call,
  target: Target,
  command: RemoteCommand,
  purpose: Purpose,
): Promise<Permitted> {
  const remote = await deps.remote();
  const { effect, timeoutMs, capture } = purpose;
  const verdict = await remote.judge(target, command, { effect, timeoutMs });
  const consent = purpose.granted?.get(verdict.subject.digest);
  purpose.granted?.delete(verdict.subject.digest);
  const permission = consent === undefined ? await permissionFor(deps, call, verdict, purpose) : { consent };
  if ("answer" in permission) return permission;
  const run = await remote.run(target, command, { effect, timeoutMs, capture, signal: call.signal, ...permission });
  if (effect !== "read") await recordRun(deps, call, verdict, run, purpose);
  return { run };
}

/**
 * Has commands that belong together permitted before the first of them runs: a person is asked once for all that the policy
 * asks for, and what they approve is in `granted` then. Returns what the tool must answer instead, if anything.
 * @throws OpsError as `runPermitted`
 */
export async function permitTogether(
  deps: FluxTeleportDeps,
  call: Call,
  target: Target,
  commands: readonly RemoteCommand[],
  purpose: Omit<Purpose, "capture"> & { readonly granted: Map<string, Consent> },
): Promise<ToolResult | Ask | undefined> {
  const [remote, { oneVerdict }] = await Promise.all([deps.remote(), import("@platform-ops/remote-command")]);
  const verdicts = await Promise.all(commands.map((command) => remote.judge(target, command, purpose)));
  const asked = verdicts.filter(({ verdict }) => verdict !== "run");
  if (asked.length === 0) return undefined;
  const permission = await permissionFor(deps, call, oneVerdict(asked), purpose);
  if ("answer" in permission) return permission.answer;
  const { consent } = permission;
  if (consent === undefined) return undefined;
  for (const { subject } of asked) purpose.granted.set(subject.digest, { ...consent, digest: subject.digest });
  return undefined;
}

/**
 * What the policy, and a person where it asks, say of a verdict.
 * @throws OpsError not_allowed, and what approvals refuse
 */
export async function permissionFor(
  deps: FluxTeleportDeps,
  call: Call,
  verdict: Verdict,
  purpose: Pick<Purpose, "title" | "said">,
): Promise<Permission> {
  if (verdict.verdict === "run") return {};
  if (verdict.verdict === "refuse")
    throw new OpsError("not_allowed", `The operator's policy refuses this: ${verdict.because}`, {
      details: { environment: verdict.environment },
    });
  const { permit } = await import("@platform-ops/remote-command");
  const { approvals } = await deps.ledger();
  const port = { approvals, policy: deps.config.policy, requester: call.actor, server: IDENTITY.name };
  const first = await permit(port, verdict, purpose);
  if ("consent" in first) return first;
  const decided = await decideByForm(approvals, first.waiting, call);
  if (decided.how === "ask") return { answer: decided.ask };
  const said = purpose.said ?? {};
  if (decided.how === "waits") return { answer: waiting(deps, call, first.waiting, decided.because, verdict, said) };
  const second = await permit(port, verdict, purpose);
  return "consent" in second ? second : { answer: waiting(deps, call, second.waiting, "The decision was not kept.", verdict, said) };
}

/** One line of who ran what where and how it ended; reads are on record as tool calls. */
export async function recordRun(
  deps: FluxTeleportDeps,
  call: Call,
  verdict: Verdict,
  run: RunResult,
  { title }: Pick<Purpose, "title">,
): Promise<void> {
  const { audit } = await deps.ledger();
  await audit.append({
    kind: "command",
    actor: call.actor,
    what: title.slice(0, 200),
    target: `${run.target.user}@${run.target.node} of ${run.target.cluster}`,
    digest: verdict.subject.digest,
    outcome: run.state === "completed" ? `exit ${run.exit_code}` : run.state,
    ...(run.failure === undefined ? {} : { code: run.failure.code }),
    id: call.id,
    duration_ms: Math.round(run.duration_ms),
  });
}

/** Nothing ran: says why, and how a person decides. */
function waiting(deps: FluxTeleportDeps, call: Call, request: ApprovalRequest, why: string, verdict: Verdict, said: Said): ToolResult {
  const { startedAs } = deps.config;
  const ways = waysToDecide(request, startedAs, call.canAsk ? "make the same call again" : undefined);
  const failure = new OpsError("approval_needed", `Nothing was run. ${verdict.because} ${why}`, {
    hint: "Tell the person how to decide; when it is approved, make exactly the same call again: it then runs, once.",
  });
  const body = `The request ${request.id} stays open until ${request.expires_at}. A person can decide it:\n${ways.map((way) => `- ${way}`).join("\n")}`;
  return failed(
    deps,
    failure,
    said,
    {
      status: "awaiting_approval",
      approval: request.id,
      ways,
      approve_command: `${startedAs} approve ${request.id}`,
      expires_at: request.expires_at,
    },
    body,
  );
}
