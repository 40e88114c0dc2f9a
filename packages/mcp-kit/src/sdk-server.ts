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
import type { PresentedAnswer } from "./believe-answer.ts";
import { callTool, type CallOptions, type CallOutcome } from "./call-tool.ts";
import { listTools } from "./catalog.ts";
import { elicitOnce } from "./elicit.ts";
import { progressNumbers } from "./progress-numbers.ts";
import type { ServerDefinition } from "./server-definition.ts";
import {
  capabilitiesOf,
  getPrompt,
  listPrompts,
  listResources,
  listResourceTemplates,
  readResource,
  textsOf,
  type NotServed,
} from "./serve-resources.ts";
import { type ClientCapabilities, showsForms } from "./shows-forms.ts";
import { identity, LIST_TTL_MS } from "./start-up/front.ts";

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
  server.setRequestHandler("tools/list", { params: asSent }, () => ({ tools: listTools(definition) }) as never);
  server.setRequestHandler("tools/call", { params: asSent }, (async (params: CallParams, ctx: ServerContext) => {
    const options = optionsOf(server, params, ctx, era);
    const outcome =
      era === "modern"
        ? await callTool(definition, params.name, params.arguments, options)
        : await elicitOnce(definition, params.name, params.arguments, options, (ask, signal) => elicit(ctx, ask, signal));
    return toWire(outcome);
  }) as never);
  if (definition.resources !== undefined) serveResources(server, definition);
  if (definition.prompts !== undefined) servePrompts(server, definition);
  return server;
}

function serveResources(server: Server, definition: ServerDefinition): void {
  server.setRequestHandler("resources/list", { params: asSent }, (() => listResources(definition)) as never);
  server.setRequestHandler("resources/templates/list", { params: asSent }, (() => listResourceTemplates(definition)) as never);
  server.setRequestHandler("resources/read", { params: asSent }, (async ({ uri }: { uri?: unknown }) =>
    served(await readResource(definition, String(uri)))) as never);
}

function servePrompts(server: Server, definition: ServerDefinition): void {
  server.setRequestHandler("prompts/list", { params: asSent }, (() => listPrompts(definition)) as never);
  server.setRequestHandler("prompts/get", { params: asSent }, (async (params: { name?: unknown; arguments?: unknown }) =>
    served(await getPrompt(definition, String(params.name), textsOf(params.arguments)))) as never);
}

/** The protocol's failures: a resource that is not there has a code of its own. */
function served<T extends object>(answer: T | NotServed): T {
  if (!("failure" in answer)) return answer;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, answer.message);
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

function toWire(outcome: CallOutcome): unknown {
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
