import { randomBytes } from "node:crypto";
import type { ArtifactStore } from "@platform-ops/ledger";

/** Bytes before the plan that make the artifact its own. */
const MARK_BYTES = 16;

/**
 * Keeps a plan file so that no other plan has the same artifact: two folders with equal configuration, planned in the same
 * second, give equal bytes, and those of the one are deleted after their use.
 */
export function keepPlanBytes(artifacts: ArtifactStore, bytes: Uint8Array, expiresAt?: Date): Promise<string> {
  return artifacts.put(Buffer.concat([randomBytes(MARK_BYTES), bytes]), {
    kind: "plan",
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}

/** The plan file as it was. @throws OpsError artifact_missing */
export async function readPlanBytes(artifacts: ArtifactStore, digest: string): Promise<Buffer> {
  return (await artifacts.get(digest)).subarray(MARK_BYTES);
}
