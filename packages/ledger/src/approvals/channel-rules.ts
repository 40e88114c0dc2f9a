import { OpsError } from "@platform-ops/errors";
import { type Environment, type Policy, autoAllows } from "../settings/policy.ts";
import type { ApprovalRequest, Principal } from "./approval.ts";
import type { Channel } from "./channel.ts";
import { APPROVER_OF } from "./shapes.ts";

/** The environment of that name by this process's own policy. One that the policy does not know accepts nothing. */
export function environmentByName(policy: Policy, name: string): Environment {
  const environment = policy.environments.find((each) => each.name === name);
  if (environment === undefined)
    throw new OpsError("approval_channel", `The policy knows no environment ${JSON.stringify(name)}, so nothing is approved in it.`, {
      hint: "Ask the operator; a client with another policy may have named it.",
    });
  return environment;
}

/** The channels that the policy accepts in an environment. */
export function channelsOf(environment: Environment): Channel[] {
  return environment.protected ? ["signed"] : environment.channels;
}

/** How many distinct keys must sign for a request. */
export function keysNeeded(policy: Policy, request: Pick<ApprovalRequest, "environment" | "required">): number {
  const environment = environmentByName(policy, request.environment);
  return Math.max(request.required, environment.required ?? policy.approvals.signed?.required ?? 1);
}

/**
 * Checks that a channel may decide a request, and that this principal may speak through it.
 * @throws OpsError `approval_channel` (policy), `approval_invalid` (principal).
 */
export function checkChannel(
  policy: Policy,
  request: Pick<ApprovalRequest, "environment" | "required" | "channels" | "subject" | "changes" | "requester">,
  channel: Channel,
  approver: Principal,
): void {
  if (approver.startsWith("agent:")) throw new OpsError("approval_invalid", "An agent never approves.");
  if (!approver.startsWith(APPROVER_OF[channel]))
    throw new OpsError("approval_invalid", `${approver} cannot decide through the channel ${channel}.`);
  const environment = environmentByName(policy, request.environment);
  const asked = channelsOf(environment).filter((each) => request.channels.includes(each));
  // Where the policy has changed so that none of them counts any more, a person decides by those that count now.
  const accepted = asked.length > 0 ? asked : channelsOf(environment).filter((each) => each !== "auto");
  if (!accepted.includes(channel)) {
    const why = environment.protected
      ? `Environment ${environment.name} is protected`
      : `Environment ${environment.name} does not accept the channel ${channel} for this request`;
    throw new OpsError(
      "approval_channel",
      `${why}: ${accepted.length === 0 ? "no channel can decide it" : `it is decided by ${accepted.join(" or ")}`}.`,
    );
  }
  if (channel !== "signed" && Math.max(request.required, environment.required ?? 1) > 1) {
    throw new OpsError("approval_channel", "More than one signature is required; only signatures can be counted.");
  }
  if (channel === "auto") checkAuto(policy, request);
}

function checkAuto(policy: Policy, request: Pick<ApprovalRequest, "environment" | "subject" | "changes">): void {
  for (const { what } of request.subject) {
    const workspace = what.slice(what.indexOf(":") + 1);
    const changes = request.changes?.[what] ?? [];
    if (!autoAllows(policy, { environment: request.environment, workspace, changes })) {
      const kinds = changes.length === 0 ? "changes of unknown kind" : changes.join(", ");
      throw new OpsError("approval_channel", `The policy does not approve ${kinds} of ${what} in ${request.environment} by itself.`);
    }
  }
}
