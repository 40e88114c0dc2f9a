// The other side of MCP: tools of servers that we start ourselves, called over stdio.
export {
  openToolServer,
  type CallLimits,
  type RemoteTool,
  type ToolReply,
  type ToolServer,
  type ToolServerOptions,
} from "./client/tool-server.ts";
