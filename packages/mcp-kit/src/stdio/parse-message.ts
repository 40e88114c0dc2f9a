/** A message as the SDK's transports carry it. */
export interface Message {
  readonly jsonrpc: "2.0";
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** A request that cannot be served and whose id is known: it is answered with this error. */
export interface RefusedMessage {
  readonly invalid: string | number;
  readonly error: { readonly code: number; readonly message: string };
}

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;

/**
 * A line → a message; what to refuse a request with that the SDK would drop without an answer; words for what is nothing of
 * the kind.
 */
export function parseMessage(line: string): Message | RefusedMessage | string {
  let value: any;
  try {
    value = JSON.parse(line);
  } catch {
    return "a line on stdin is not JSON; it was left out";
  }
  if (!isObject(value)) return "a line on stdin is JSON but no JSON-RPC message; it was left out";
  const { id, params } = value;
  const hasId = typeof id === "string" || (typeof id === "number" && Number.isFinite(id));
  const refused = (code: number, message: string): RefusedMessage | string =>
    hasId ? { invalid: id, error: { code, message } } : "a line on stdin is JSON but no JSON-RPC message; it was left out";
  const isShaped =
    value.jsonrpc === "2.0" &&
    (id === undefined || hasId) &&
    (typeof value.method === "string" || (hasId && ("result" in value || "error" in value))) &&
    (params === undefined || isObject(params));
  if (!isShaped)
    return refused(INVALID_REQUEST, 'Invalid Request: a JSON-RPC 2.0 message has jsonrpc "2.0" and a method, a result or an error');
  if (typeof id === "number" && !Number.isSafeInteger(id))
    return refused(INVALID_REQUEST, "Invalid Request: an id is a text or a whole number");
  if (value.method !== undefined && !isMeta(params?._meta))
    return refused(INVALID_PARAMS, "Invalid params: _meta is an object, and its progressToken a text or a whole number");
  return value as Message;
}

function isMeta(meta: unknown): boolean {
  if (meta === undefined) return true;
  if (!isObject(meta)) return false;
  const token = meta["progressToken"];
  return token === undefined || typeof token === "string" || Number.isSafeInteger(token);
}

const isObject = (value: unknown): value is Record<string, any> => typeof value === "object" && value !== null && !Array.isArray(value);
