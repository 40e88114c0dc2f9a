import { hasCode, OpsError } from "@platform-ops/errors";
import type { Tsh } from "@platform-ops/remote-command";

/** Where tsh is, and its version. @throws OpsError program_missing in the source's words */
export async function installedTsh(tsh: Tsh): Promise<{ path: string; version: string }> {
  try {
    return await tsh.installed();
  } catch (error) {
    if (!hasCode(error, "program_missing")) throw error;
    throw new OpsError("program_missing", "tsh is not installed", { hint: error.hint, details: error.details, cause: error });
  }
}
