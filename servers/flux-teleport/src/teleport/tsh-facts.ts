import { OpsError } from "@platform-ops/errors";
import type { Tsh } from "@platform-ops/remote-command";

/** Where tsh is. @throws OpsError program_missing in the source's words */
export async function tshPath(tsh: Tsh): Promise<string> {
  const path = await tsh.installed();
  if (path !== undefined) return path;
  throw new OpsError("program_missing", "tsh is not installed", {
    hint: "Install Teleport's client in the version of the proxy, or name its path in remote.tsh_path. This server never installs it.",
  });
}
