import type { ArtifactStore } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { cut, MAX_MESSAGE, MAX_RESULT_BYTES, type CallOutcome } from "@platform-ops/meta-workflow-registry/run";

/** An output that is too large for a history, or for the room that its run has left, goes to the artifact store; what stands in its place says where it is. */
export async function withinBounds(artifacts: ArtifactStore, outcome: CallOutcome, room = MAX_RESULT_BYTES): Promise<CallOutcome> {
  if (outcome.status !== "done") return await failedWithin(artifacts, outcome, room);
  return { ...outcome, output: await kept(artifacts, outcome.output, room) };
}

/** What a call that failed said may be as large as what one gives that succeeds. */
async function failedWithin(
  artifacts: ArtifactStore,
  outcome: Exclude<CallOutcome, { status: "done" }>,
  room: number,
): Promise<CallOutcome> {
  const message = cut(outcome.message, MAX_MESSAGE);
  if (outcome.status !== "failed" || outcome.output === undefined) return { ...outcome, message };
  return { ...outcome, message, output: await kept(artifacts, outcome.output, room) };
}

async function kept(artifacts: ArtifactStore, output: Json, room: number): Promise<Json> {
  const text = JSON.stringify(output);
  const bytes = Buffer.byteLength(text);
  if (bytes <= Math.min(room, MAX_RESULT_BYTES)) return output;
  const artifact = await artifacts.put(text, { kind: "step_output" });
  return { artifact, bytes, truncated: true };
}
