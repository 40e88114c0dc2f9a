import type { BuiltInTool } from "./built-in-tool.ts";
import { runCommand } from "./run-command.ts";

/** Every tool of our own, by `server/tool`. */
export const BUILT_IN_TOOLS: ReadonlyMap<string, BuiltInTool> = new Map([runCommand].map((tool) => [`${tool.server}/${tool.tool}`, tool]));
