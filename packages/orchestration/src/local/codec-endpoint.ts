import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A payload as Temporal's page sends it: bytes in base64. */
export interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

export interface CodecEndpoint {
  /** Without the path `/decode`, as `--ui-codec-endpoint` takes it. */
  readonly url: string;
  close(): Promise<void>;
}

const BODY_BYTES = 8 * 1024 * 1024;

/**
 * Opens sealed payloads for Temporal's own page (a remote codec: POST <url>/decode with `{"payloads": […]}`), on loopback
 * and under a path that cannot be guessed. Only the page's own origin may read the answer, and a request under another
 * host name (a page elsewhere whose name was pointed at this machine) is refused. It opens, and never seals.
 */
export async function serveCodec(
  origin: string,
  secret: string,
  decode: (payloads: JsonPayload[]) => Promise<JsonPayload[]>,
): Promise<CodecEndpoint> {
  const server = createServer((request, response) => {
    answer(request, response, origin, secret, decode).catch(() => refuse(response, 400));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}/${secret}`, close: () => closed(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  secret: string,
  decode: (payloads: JsonPayload[]) => Promise<JsonPayload[]>,
): Promise<void> {
  const { port } = request.socket.address() as { port: number };
  if (request.headers.host !== `127.0.0.1:${port}` || request.headers.origin !== origin) return refuse(response, 403);
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-headers", "content-type, x-namespace, authorization, caller-type");
  response.setHeader("access-control-allow-methods", "POST");
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("vary", "origin");
  if (request.method === "OPTIONS") return void response.writeHead(204).end();
  if (request.method !== "POST" || request.url?.split("?")[0] !== `/${secret}/decode`) return refuse(response, 404);
  const { payloads } = JSON.parse(await body(request)) as { payloads?: JsonPayload[] };
  if (!Array.isArray(payloads)) return refuse(response, 400);
  const opened = await decode(payloads);
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify({ payloads: opened }));
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
