import { z } from "zod";
import { done, operationsTool } from "./result.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";

export const check_tsh_installed = operationsTool({
  name: "check_tsh_installed",
  title: "Check tsh installed",
  description: "Where Teleport's tsh is.",
  effect: "read",
  toolset: "teleport",
  empty: { installed: false, path: null, version: null },
  input: z.strictObject({}),
  async run(_input, deps) {
    const { path, version } = await installedTsh(await deps.tsh());
    return done(`tsh is installed at ${path}`, { installed: true, path, version });
  },
});
