import type { ServerIdentity } from "@platform-ops/mcp-kit/start-up";

/** What this server is called, by clients, on the command line and in the registry. */
export const IDENTITY: ServerIdentity = {
  name: "flux-teleport",
  bin: "flux-teleport-mcp",
  package: "@platform-ops/flux-teleport-mcp",
  version: "0.1.0",
  about: "MCP server that steers Flux and machines behind Teleport or SSH, by the operator's policy",
};
