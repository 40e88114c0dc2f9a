import { PULL_REQUEST_TOOLS } from "../github/pull-request-tools.ts";
import type { BuiltInTool } from "./built-in-tool.ts";
import { runCommand } from "./run-command.ts";

/** Every tool of our own, by `server/tool`. */
export const BUILT_IN_TOOLS: ReadonlyMap<string, BuiltInTool> = new Map(
  [runCommand, ...PULL_REQUEST_TOOLS].map((tool) => [`${tool.server}/${tool.tool}`, tool]),
);
