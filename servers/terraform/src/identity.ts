/** The name that clients see; given by the source document. */
export const SERVER_NAME = "terraform-temporal-mcp";
/** Name of the published bin, of the queue and of the worker's builds. */
export const BIN_NAME = "terraform-mcp";
export const PACKAGE_NAME = "@platform-ops/terraform-mcp";
export const SERVER = "terraform";
export const VERSION = "0.1.0";
