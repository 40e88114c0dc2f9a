import type { ServerIdentity } from "@platform-ops/mcp-kit/start-up";

export const VERSION = "0.1.0";

/** What its durable runs are known by; the queue is that of the source document, used where a cluster is configured and no other name is. */
export const DURABLE = { name: "meta-workflows", clusterQueue: "mcp-workflows" } as const;

/** What this server is called, by clients, on the command line and in the registry. */
export const IDENTITY: ServerIdentity = {
  name: "meta-workflows",
  bin: "meta-workflows-mcp",
  package: "@platform-ops/meta-workflows-mcp",
  version: VERSION,
  about: "MCP server whose runbooks people read and agents carry out, as durable runs that the server checks",
};
