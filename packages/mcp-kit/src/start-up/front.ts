import type { ListedTool } from "../catalog.ts";
import type { Message } from "../stdio/parse-message.ts";

/**
 * The revisions that the front answers, newest first, as in the SDK 2.4.0 (`SUPPORTED_PROTOCOL_VERSIONS`); a test
 * compares every answer with the SDK's own.
 */
export const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"] as const;
export const MODERN_VERSION = "2026-07-28";

/** How long a client may keep the list of tools, in milliseconds (2026 era). */
export const LIST_TTL_MS = 300_000;

const META = "io.modelcontextprotocol/";

/** What the opening of a connection is answered with: a server's identity and its list of tools, as plain data. */
export interface Opening {
  readonly name: string;
  readonly title?: string;
  readonly version: string;
  readonly instructions: string;
  readonly tools: readonly ListedTool[];
  /** What it can do; tools alone where that is not said. */
  readonly capabilities?: Readonly<Record<string, object>>;
}

const capabilities = (opening: Opening): Readonly<Record<string, object>> => opening.capabilities ?? { tools: {} };

/** What the front has seen of a connection. */
export interface FrontState {
  readonly era: "none" | "legacy" | "modern";
}

/**
 * Answers the plain opening of a connection (initialize, initialized, server/discover, ping, tools/list) without the SDK, whose
 * loading costs more than all else at start. Gives the result, `"nothing"` for a notification that needs no answer,
 * or undefined for all that is not exactly such a message: then the SDK takes over, with what was said so far.
 */
export function frontAnswer(
  opening: Opening,
  state: FrontState,
  message: Message,
): { state: FrontState; result: object | "nothing" } | undefined {
  const { method, params = {} } = message;
  const meta = params._meta as Record<string, unknown> | undefined;
  if (meta === undefined || isPlainMeta(meta)) {
    const { _meta, ...others } = params;
    return legacyAnswer(opening, state, method, others, message.id !== undefined);
  }
  if (message.id === undefined || !plainEnvelope(params, meta) || state.era === "legacy") return undefined;
  const stamped = { resultType: "complete", _meta: { [`${META}serverInfo`]: identity(opening) } };
  if (method === "server/discover") {
    const result = {
      supportedVersions: [MODERN_VERSION],
      capabilities: capabilities(opening),
      ...words(opening),
      ttlMs: 0,
      cacheScope: "private",
      ...stamped,
    };
    return state.era === "none" ? { state, result } : undefined;
  }
  if (method !== "tools/list") return undefined;
  return { state: { era: "modern" }, result: { tools: opening.tools, ttlMs: LIST_TTL_MS, cacheScope: "private", ...stamped } };
}

function legacyAnswer(
  opening: Opening,
  state: FrontState,
  method: unknown,
  params: Record<string, unknown>,
  isRequest: boolean,
): { state: FrontState; result: object | "nothing" } | undefined {
  if (method === "initialize" && isRequest && state.era === "none") {
    if (!plainInitialize(params)) return undefined;
    const protocolVersion = LEGACY_VERSIONS.find((version) => version === params.protocolVersion) ?? LEGACY_VERSIONS[0];
    return {
      state: { era: "legacy" },
      result: { protocolVersion, capabilities: capabilities(opening), serverInfo: identity(opening), ...words(opening) },
    };
  }
  if (state.era !== "legacy" || Object.keys(params).length > 0) return undefined;
  if (method === "notifications/initialized" && !isRequest) return { state, result: "nothing" };
  if (method === "tools/list" && isRequest) return { state, result: { tools: opening.tools } };
  return undefined;
}

/** Name, version and title, as both eras show them. */
export function identity({ name, version, title }: Pick<Opening, "name" | "version" | "title">): {
  name: string;
  version: string;
  title?: string;
} {
  return { name, version, ...(title !== undefined && { title }) };
}

const words = ({ instructions }: Opening): { instructions?: string } => (instructions === "" ? {} : { instructions });

function plainInitialize({ protocolVersion, capabilities: asked, clientInfo, ...others }: Record<string, unknown>): boolean {
  return Object.keys(others).length === 0 && typeof protocolVersion === "string" && isCapabilities(asked) && isClient(clientInfo);
}

function plainEnvelope(params: Record<string, unknown>, meta: Record<string, unknown>): boolean {
  const { [`${META}protocolVersion`]: version, [`${META}clientCapabilities`]: asked, [`${META}clientInfo`]: client, ...others } = meta;
  const plain = Object.keys(params).length === 1 && isPlainMeta(others);
  return plain && version === MODERN_VERSION && isCapabilities(asked) && (client === undefined || isClient(client));
}

/** At most a progress token, which Codex (rmcp) puts on every request. */
const isPlainMeta = (meta: unknown): boolean =>
  isObject(meta) &&
  Object.entries(meta).every(([key, value]) => key === "progressToken" && (typeof value === "string" || Number.isSafeInteger(value)));

const isCapabilities = (value: unknown): boolean => isObject(value) && Object.values(value).every(isObject);

const isClient = (value: unknown): boolean => isObject(value) && typeof value["name"] === "string" && typeof value["version"] === "string";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
