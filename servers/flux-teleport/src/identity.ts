/** The name that clients see. */
export const SERVER_NAME = "flux-teleport";
/** Name of the published bin. */
export const BIN_NAME = "flux-teleport-mcp";
export const PACKAGE_NAME = "@platform-ops/flux-teleport-mcp";
/** How this server is named in approval requests. */
export const SERVER = "flux-teleport";
export const VERSION = "0.1.0";
