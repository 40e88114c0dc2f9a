import { z } from "zod";
import { done, operationsTool } from "./result.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";

export const check_tsh_installed = operationsTool({
  name: "check_tsh_installed",
  title: "Check tsh",
  description: "Whether Teleport's client tsh is installed, and where.",
  effect: "read",
  toolset: "teleport",
  openWorld: false,
  empty: { installed: false, path: null, version: null },
  input: z.strictObject({}),
  async run(_input, deps) {
    const { path, version } = await installedTsh(await deps.tsh());
    return done(`tsh is installed at ${path}`, { installed: true, path, version });
  },
});
