import { z } from "zod";
import { done, operationsTool } from "./result.ts";
import { tshPath } from "../teleport/tsh-facts.ts";

export const get_tsh_client_version = operationsTool({
  name: "get_tsh_client_version",
  title: "Get tsh version",
  description: "Version of the installed tsh.",
  effect: "read",
  toolset: "teleport",
  openWorld: false,
  empty: { version: null, full_version: null },
  input: z.strictObject({}),
  async run(_input, deps) {
    const tsh = await deps.tsh();
    await tshPath(tsh);
    const { version, text } = await tsh.version();
    return done(`tsh version ${version}`, { version, full_version: text });
  },
});
