import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type jsonSchemaValidator,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { PresentedAnswer } from "../calls/believe-answer.ts";
import { callTool, type CallOptions, type CallOutcome } from "../calls/call-tool.ts";
import { listTools } from "../catalog.ts";
import { elicitOnce } from "../calls/elicit.ts";
import { progressNumbers } from "../calls/progress-numbers.ts";
import type { ServerDefinition } from "../server-definition.ts";
import { answersOf, capabilitiesOf, type NotServed } from "../resources/serve-resources.ts";
import { type ClientCapabilities, showsForms } from "../calls/shows-forms.ts";
import { identity, LIST_TTL_MS } from "../start-up/front.ts";

/** The name of our one question in a result of the 2026 era. */
const QUESTION = "decision";

/** Accepts anything: the arguments reach `callTool` as the client sent them, `__proto__` and all, and are checked there. */
const asSent = {
  "~standard": { version: 1 as const, vendor: "platform-ops", validate: (value: unknown) => ({ value: value as Record<string, unknown> }) },
};

/** Content of forms is checked by us, in our own words. */
const unchecked: jsonSchemaValidator = {
  getValidator:
    <T>() =>
    (value: unknown) =>
      ({ valid: true, data: value as T, errorMessage: undefined }) as never,
};

/**
 * An SDK 2.x server for one connection (2025 era) or one request's connection (2026 era) of a definition.
 * Cheap and free of effects: entries may make and discard several.
 */
export function createSdkServer(definition: ServerDefinition, era: "modern" | "legacy"): Server {
  const server = new Server(identity(definition), {
    capabilities: capabilitiesOf(definition),
    instructions: definition.instructions,
    jsonSchemaValidator: unchecked,
    cacheHints: { "tools/list": { ttlMs: LIST_TTL_MS, cacheScope: "private" } },
  });
  for (const [method, answer] of handlersOf(definition, server, era)) server.setRequestHandler(method, { params: asSent }, answer as never);
  return server;
}

type Handler = (params: any, context: ServerContext) => Promise<object>;

function handlersOf(definition: ServerDefinition, server: Server, era: "modern" | "legacy"): ReadonlyMap<string, Handler> {
  const own = new Map<string, Handler>([
    ["tools/list", async () => ({ tools: listTools(definition) })],
    [
      "tools/call",
      async (params: CallParams, ctx) => {
        const options = optionsOf(server, params, ctx, era);
        const outcome =
          era === "modern"
            ? await callTool(definition, params.name, params.arguments, options)
            : await elicitOnce(definition, params.name, params.arguments, options, (ask, signal) => elicit(ctx, ask, signal));
        return toWire(outcome);
      },
    ],
    ...answersOf(definition).map(([method, answer]): [string, Handler] => [method, async (params) => served(await answer(params), params)]),
  ]);
  const extended = Object.entries(definition.extension?.answers ?? {}).map(([method, answer]): [string, Handler] => {
    const kit = own.get(method) ?? (() => Promise.reject(new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found")));
    return [method, async (params, context) => await answer(params, { era, context, server, kit: () => kit(params, context) })];
  });
  return new Map([...own, ...extended]);
}

/** What cannot be served is the protocol's failure, which names the address that was asked for. */
function served<T extends object>(answer: T | NotServed, { uri }: { readonly uri?: unknown } = {}): T {
  if (!("failure" in answer)) return answer;
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    answer.message,
    typeof uri === "string" ? { uri: uri.slice(0, 2000) } : undefined,
  );
}

interface CallParams {
  readonly name: string;
  readonly arguments?: unknown;
  readonly _meta?: { readonly progressToken?: string | number };
}

function elicit(
  ctx: ServerContext,
  ask: { message: string; schema: object },
  timeout: { ms: number; signal: AbortSignal },
): Promise<{ action: unknown; content?: unknown }> {
  return ctx.mcpReq.elicitInput(
    { message: ask.message, requestedSchema: ask.schema as never },
    { timeout: timeout.ms, signal: timeout.signal },
  );
}

function optionsOf(server: Server, params: CallParams, ctx: ServerContext, era: "modern" | "legacy"): CallOptions {
  const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined;
  const capabilities = (era === "modern" ? envelope?.[CLIENT_CAPABILITIES_META_KEY] : server.getClientCapabilities()) as
    | ClientCapabilities
    | undefined;
  const client = (era === "modern" ? envelope?.[CLIENT_INFO_META_KEY] : server.getClientVersion()) as CallOptions["client"];
  const token = (ctx.mcpReq._meta as CallParams["_meta"])?.progressToken ?? params._meta?.progressToken;
  const answer = presented(ctx);
  return {
    client,
    signal: ctx.mcpReq.signal,
    canAsk: showsForms(capabilities),
    ...(answer && { answer }),
    ...(token !== undefined && { progress: progressTo(ctx, token) }),
  };
}

/** The answer that a client put into its call, if any; in the 2025 era, where no state of ours is on the wire, it is always forged. */
function presented(ctx: ServerContext): PresentedAnswer | undefined {
  const request = ctx.mcpReq as typeof ctx.mcpReq & {
    inputResponses?: Record<string, unknown>;
    droppedInputResponseKeys?: readonly string[];
  };
  const state = request.requestState();
  if (request.inputResponses === undefined && state === undefined) return undefined;
  const given = request.inputResponses?.[QUESTION] as { action?: unknown; content?: unknown } | undefined;
  return { state, action: given?.action, content: given?.content };
}

/** Progress is lost with the connection; it is never the only copy of a fact. */
function progressTo(ctx: ServerContext, progressToken: string | number): NonNullable<CallOptions["progress"]> {
  const numbers = progressNumbers();
  return (message, done, total) => {
    const params = { progressToken, progress: numbers(done), message, ...(total !== undefined && { total }) };
    void ctx.mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}

function toWire(outcome: CallOutcome): object {
  if (outcome.unknownTool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, outcome.result.text);
  if (outcome.ask) {
    const { message, schema, state } = outcome.ask;
    return inputRequired({
      inputRequests: { [QUESTION]: inputRequired.elicit({ message, requestedSchema: schema as never }) },
      requestState: state,
    });
  }
  return {
    content: [{ type: "text", text: outcome.result.text }],
    structuredContent: outcome.result.data,
    ...(outcome.isError && { isError: true }),
  };
}
