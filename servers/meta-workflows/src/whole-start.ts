import { wholeServer } from "@platform-ops/mcp-kit";
import { createDeps } from "./deps.ts";
import { IDENTITY } from "./identity.ts";
import { readConfig } from "./read-config.ts";
import { metaWorkflowsServer } from "./server.ts";

export const { startWhole, loadWhole } = wholeServer({
  identity: IDENTITY,
  readConfig,
  createDeps,
  definition: metaWorkflowsServer,
  commands: async (deps) => (await import("./commands/index.ts")).commandsOf(deps),
});
