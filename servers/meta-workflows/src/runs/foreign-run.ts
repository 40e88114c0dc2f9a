import { isOpsError, OpsError } from "@platform-ops/errors";
import type { RunDescription } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import { WORKFLOW_TYPE } from "../worker/run-contract.ts";

/** What the tools of other servers are called that show a run. */
const THEIRS: Readonly<Record<string, string>> = { terraform: "terraform-temporal-mcp, tool get_workflow_status" };

/** @throws OpsError not_found where the run is another server's, with that server's name */
export function refuseOtherServers({ workflow_id, type, attributes }: RunDescription): void {
  if (type === WORKFLOW_TYPE) return;
  const server = attributes.server ?? type;
  throw new OpsError("not_found", `${workflow_id} is no run of a workflow here: it belongs to the server ${server}.`, {
    hint: `Ask ${THEIRS[server] ?? server}.`,
    details: { server },
  });
}

/** A start is answered by then, unless no worker answers. */
const LOOK_AFTER_MS = 500;

/**
 * The answer to a start with an id that the caller chose. Another server's run of that id refuses what we ask, where its worker
 * lives; where no answer comes soon, it is looked whose run that is: a look before each start would cost it a tenth of its time.
 * @throws OpsError not_found where the id is another server's run, and what the start throws
 */
export async function unlessTaken<T>(deps: MetaWorkflowsDeps, id: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => void refuseTaken(deps, id).catch(reject), LOOK_AFTER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws OpsError not_found where an id that is given by the caller is another server's; one that nobody has is free */
async function refuseTaken(deps: MetaWorkflowsDeps, id: string): Promise<void> {
  try {
    const orchestration = await deps.orchestration({ worker: false });
    refuseOtherServers(await orchestration.describe(id));
  } catch (error) {
    if (!isOpsError(error) || error.details["server"] !== undefined) throw error;
  }
}

/** The failure of a message to a run: where the run is another server's, that is what is said. */
export async function otherServers(deps: MetaWorkflowsDeps, id: string, error: unknown): Promise<unknown> {
  if (
    !isOpsError(error) ||
    !["unexpected", "already_exists", "conflict", "not_found", "not_confirmed", "worker_missing", "temporal_unavailable"].includes(
      error.code,
    )
  )
    return error;
  try {
    const orchestration = await deps.orchestration({ worker: false });
    refuseOtherServers(await orchestration.describe(id));
    return error;
  } catch (foreign) {
    return isOpsError(foreign) && foreign.details["server"] !== undefined && foreign.details["server"] !== DURABLE.name ? foreign : error;
  }
}
