import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * A request of node:http as the SDK takes it, without its body, which is given parsed, and without credentials, which nothing
 * behind this needs. Its signal is that of `gone`, which is aborted when the client goes away before it was answered.
 */
export function webRequest(request: IncomingMessage, response: ServerResponse, gone = new AbortController()): Request {
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (/^(?:accept|content-type|last-event-id|mcp-.*)$/.test(name) && typeof value === "string") headers.set(name, value);
  return new Request("http://localhost/mcp", { method: request.method ?? "GET", headers, signal: gone.signal });
}

/** Sends what the SDK answers: JSON at once, a stream as it comes, at the pace of the client. Resolves when it was sent, or the client went away. */
export async function sendWebResponse(answer: Response, response: ServerResponse, more: Readonly<Record<string, string>>): Promise<void> {
  const headers: Record<string, string> = { ...Object.fromEntries(answer.headers), ...more };
  // What a connection does is for node:http to say.
  delete headers["connection"];
  if (answer.body === null || answer.headers.get("content-type")?.startsWith("application/json") === true) {
    const body = Buffer.from(await answer.arrayBuffer());
    if (response.destroyed) return;
    response.writeHead(answer.status, { ...headers, "content-length": String(body.length) });
    return await ended(response, body);
  }
  const reader = answer.body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  response.once("close", cancel);
  if (response.destroyed) return cancel();
  response.writeHead(answer.status, headers);
  response.flushHeaders();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || response.destroyed) break;
    if (!response.write(value)) await drained(response);
  }
  response.off("close", cancel);
  if (!response.destroyed) await ended(response);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off("drain", end).off("close", end);
      resolve();
    };
    response.on("drain", end).on("close", end);
  });
}

function ended(response: ServerResponse, body?: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.end(body, () => resolve());
  });
}
