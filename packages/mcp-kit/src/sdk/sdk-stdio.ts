import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { createSdkServer } from "./sdk-server.ts";
import type { ServerDefinition } from "../server-definition.ts";
import type { StdioTransport } from "../stdio/stdio-transport.ts";

/** Connects a definition to a transport through the SDK, which chooses the era by the first messages. Loaded on first need. */
export function serve(
  definition: ServerDefinition,
  transport: StdioTransport,
  onerror: (error: Error) => void,
): { close(): Promise<void> } {
  return serveStdio(({ era }) => createSdkServer(definition, era), { transport: transport as never, onerror });
}
