/** The most parts of a request that are named. */
const MOST_NAMED = 10;

/**
 * The answer to a request, with an error that the SDK did not word put into words of ours. Where its own schemas refuse a
 * request, it says all that the schema library found, as JSON in the message.
 */
export function wordedError<T>(message: T): T {
  const { error } = message as { error?: { code?: unknown; message?: unknown } };
  if (error?.code !== -32603 || typeof error.message !== "string" || !error.message.startsWith("[")) return message;
  const paths = pathsIn(error.message).slice(0, MOST_NAMED);
  if (paths.length === 0) return message;
  return { ...message, error: { code: -32602, message: `Invalid params: missing, or not what the protocol says: ${paths.join(", ")}` } };
}

/** `params.protocolVersion` and the like, of a list of problems. */
function pathsIn(text: string): string[] {
  try {
    const found = (JSON.parse(text) as { path?: unknown }[]).map(({ path }) => (Array.isArray(path) ? path.join(".") : ""));
    return [...new Set(found.filter((path) => path !== ""))];
  } catch {
    return [];
  }
}
