import type { ExtendedRequest } from "@platform-ops/mcp-kit";

/** A tool in the protocol's own terms. */
export interface ExtensionTool {
  readonly name: string;
  readonly description: string;
  /** One that takes nothing where absent. */
  readonly inputSchema?: object;
  call(args: any, request: ExtendedRequest): object | Promise<object>;
}

/** The tool as `tools/list` shows it. */
export function listed({ name, description, inputSchema }: ExtensionTool): object {
  return { name, description, inputSchema: inputSchema ?? { type: "object", properties: {} } };
}
