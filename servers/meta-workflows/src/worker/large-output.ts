import type { ArtifactStore } from "@platform-ops/ledger";
import { MAX_RESULT_BYTES, type CallOutcome } from "@platform-ops/meta-workflow-registry/run";

/** An output that is too large for a history, or for the room that its run has left, goes to the artifact store; what stands in its place says where it is. */
export async function withinBounds(artifacts: ArtifactStore, outcome: CallOutcome, room = MAX_RESULT_BYTES): Promise<CallOutcome> {
  if (outcome.status !== "done") return outcome;
  const text = JSON.stringify(outcome.output);
  const bytes = Buffer.byteLength(text);
  if (bytes <= Math.min(room, MAX_RESULT_BYTES)) return outcome;
  const artifact = await artifacts.put(text, { kind: "step_output" });
  return { ...outcome, output: { artifact, bytes, truncated: true } };
}
