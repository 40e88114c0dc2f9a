import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import { ErrorCode, McpError, type ServerNotification, type ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { listTools } from "./catalog.ts";
import type { CallOptions, MintedAsk } from "./calls/call-tool.ts";
import { elicitOnce } from "./calls/elicit.ts";
import { progressNumbers } from "./calls/progress-numbers.ts";
import { prepare, type ServerDefinition } from "./server-definition.ts";
import { answersOf, capabilitiesOf, type NotServed } from "./resources/serve-resources.ts";
import { showsForms } from "./calls/shows-forms.ts";

// Our own shapes of the requests: the SDK's drop a key `__proto__` from the arguments before anybody can refuse it. What may be
// left out is optional: to zod a key of unknown value must still be there.
const ListRequest = z.looseObject({ method: z.literal("tools/list"), params: z.unknown().optional() });
const CallRequest = z.looseObject({
  method: z.literal("tools/call"),
  params: z.looseObject({ name: z.string(), arguments: z.unknown().optional() }),
});

const NamedRequest = <M extends string>(method: M) => z.looseObject({ method: z.literal(method), params: z.unknown().optional() });

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Handler = (request: any, extra: Extra) => Promise<any>;

/**
 * Registers the offered tools of a definition on a host's own server of `@modelcontextprotocol/sdk` 1.x (2025 era only),
 * to be called before it is connected. Tools that the host registered before stay; a name that both have is an error.
 */
export function registerTools(host: Server | McpServer, definition: ServerDefinition): void {
  const server = "server" in host ? host.server : host;
  const before = handlersOf(server);
  const own = { list: before?.get("tools/list"), call: before?.get("tools/call") };
  const { known } = prepare(definition);
  if (!own.list) server.registerCapabilities({ tools: {} });

  server.setRequestHandler(ListRequest, (async (request: unknown, extra: Extra) => {
    const theirs = own.list ? ((await own.list(request, extra)) as { tools: { name: string }[] }).tools : [];
    const clash = theirs.find(({ name }) => known.has(name));
    if (clash) throw new McpError(ErrorCode.InternalError, `two tools are named ${clash.name}`);
    return { tools: [...theirs, ...listTools(definition)] };
  }) as never);
  server.setRequestHandler(CallRequest, (async (request: z.infer<typeof CallRequest>, extra: Extra) => {
    const { name, arguments: args } = request.params;
    if (own.call && !known.has(name)) return await own.call(request, extra);
    const { result, isError, unknownTool } = await elicitOnce(definition, name, args, optionsOf(server, request, extra), elicitBy(server));
    if (unknownTool) throw new McpError(ErrorCode.InvalidParams, result.text);
    return { content: [{ type: "text", text: result.text }], structuredContent: result.data, ...(isError && { isError }) };
  }) as never);
}

/**
 * Registers a definition's resources and prompts on a host's own server that has none of its own, to be called before it is
 * connected.
 */
export function registerResources(host: Server | McpServer, definition: ServerDefinition): void {
  const server = "server" in host ? host.server : host;
  const { tools: _, ...capabilities } = capabilitiesOf(definition);
  server.registerCapabilities(capabilities);
  for (const [method, answer] of answersOf(definition))
    server.setRequestHandler(NamedRequest(method), (async ({ params }: { params?: object }) =>
      served(await answer(params ?? {}))) as never);
}

function served<T extends object>(answer: T | NotServed): T {
  if (!("failure" in answer)) return answer;
  throw new McpError(ErrorCode.InvalidParams, answer.message);
}

/** The handlers that the host has set so far. The SDK has no public face for them; line 1.x no longer changes. */
function handlersOf(server: Server): Map<string, Handler> | undefined {
  return (server as unknown as { _requestHandlers?: Map<string, Handler> })._requestHandlers;
}

function optionsOf(server: Server, request: z.infer<typeof CallRequest>, extra: Extra): CallOptions {
  const token = extra._meta?.progressToken;
  const { inputResponses, requestState } = request.params;
  // Answers inside a call belong to the 2026 era, which this line does not speak: refused and recorded.
  const forged = inputResponses !== undefined || requestState !== undefined;
  const numbers = progressNumbers();
  return {
    client: server.getClientVersion(),
    signal: extra.signal,
    canAsk: showsForms(server.getClientCapabilities()),
    ...(forged && { answer: { state: undefined } }),
    ...(token !== undefined && {
      progress: (message, done, total) => {
        const params = { progressToken: token, progress: numbers(done), message, ...(total !== undefined && { total }) };
        void extra.sendNotification({ method: "notifications/progress", params }).catch(() => undefined);
      },
    }),
  };
}

function elicitBy(server: Server) {
  return (ask: MintedAsk, limit: { ms: number; signal: AbortSignal }) =>
    server.elicitInput({ message: ask.message, requestedSchema: ask.schema as never }, { timeout: limit.ms, signal: limit.signal });
}
