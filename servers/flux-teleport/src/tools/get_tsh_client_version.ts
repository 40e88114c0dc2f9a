import { z } from "zod";
import { done, operationsTool } from "./result.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";

export const get_tsh_client_version = operationsTool({
  name: "get_tsh_client_version",
  title: "Get tsh client version",
  description: "Version of tsh.",
  effect: "read",
  toolset: "teleport",
  empty: { version: null, full_version: null },
  input: z.strictObject({}),
  async run(_input, deps) {
    const { version } = await installedTsh(await deps.tsh());
    return done(`tsh version ${version}`, { version, full_version: `Teleport v${version}` });
  },
});
