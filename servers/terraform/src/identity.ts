import type { ServerIdentity } from "@platform-ops/mcp-kit/start-up";

/** Name of the queue and of the worker's builds, and of this server in approval requests. */
export const SERVER = "terraform";

/** What its durable runs are known by; the queue is that of the source document, used where a cluster is configured and no other name is. */
export const DURABLE = { name: SERVER, clusterQueue: "terraform-task-queue", ofOneClient: ["PLATFORM_OPS_TERRAFORM_ROOTS"] } as const;

export const VERSION = "0.1.0";

/** What this server is called, by clients, on the command line and in the registry. Clients see the name of the source document. */
export const IDENTITY: ServerIdentity = {
  name: "terraform-temporal-mcp",
  bin: "terraform-mcp",
  package: "@platform-ops/terraform-mcp",
  version: VERSION,
  about: "MCP server that plans, reviews, approves and applies Terraform/OpenTofu workspaces as a durable DAG",
};
