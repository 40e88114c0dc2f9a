import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { OpsError, isOpsError, toPlain, type PlainError } from "@platform-ops/errors";
import { PROTOCOL, prepareSocketDirectory, socketPath, type EnsureLine, type EnsureRequest } from "./protocol.ts";
import type { TemporalUi } from "./start-dev.ts";
import type { Supervisor } from "./supervisor.ts";

const BODY_BYTES = 1024 * 1024;

/** How it was told to end: everything with it, or everything left for the next supervisor. */
export type EndMode = "stop" | "leave";

/**
 * Listens on the data directory's Unix socket, for this user alone. The caller holds the lock, so a socket that is there
 * already belongs to nobody who lives.
 */
export async function listen(home: string, supervisor: Supervisor, end: (mode: EndMode) => void): Promise<Server> {
  prepareSocketDirectory(home);
  const path = socketPath(home);
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    answer(request, response, supervisor, end).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: plain(error) }));
    });
  });
  server.keepAliveTimeout = 1_000;
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  supervisor: Supervisor,
  end: (mode: EndMode) => void,
): Promise<void> {
  const json = (value: unknown): void => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  switch (`${request.method} ${request.url}`) {
    case "GET /status":
      return json(supervisor.status());
    case "GET /watch":
      // Never answered to the end: the end of the connection tells.
      response.writeHead(200).flushHeaders();
      return;
    case "POST /touch":
      supervisor.touch();
      return json({});
    case "POST /stop":
      json({});
      return end("stop");
    case "POST /handover":
      json({});
      return end("leave");
    case "POST /ui":
      return json({ address: await supervisor.showUi(parseUi(await body(request))) });
    case "POST /ensure":
      return await ensure(parseEnsure(await body(request)), response, supervisor);
    default:
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: toPlain(new OpsError("invalid_input", "The supervisor knows no such request.")) }));
  }
}

/** Answers line by line: what is being waited for, then the status or the failure. */
async function ensure(request: EnsureRequest, response: ServerResponse, supervisor: Supervisor): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const line = (value: EnsureLine): void => void response.write(`${JSON.stringify(value)}\n`);
  try {
    line({ status: await supervisor.ensure(request, (progress) => line({ progress })) });
  } catch (error) {
    line({ error: plain(error) });
  }
  response.end();
}

function plain(error: unknown): PlainError {
  return toPlain(
    isOpsError(error) ? error : new OpsError("unexpected", "The supervisor failed.", { hint: "Its log says more.", cause: error }),
  );
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new OpsError("too_large", "The request is larger than 1 MB.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `{port, codecEndpoint}` on loopback, or null for no page. */
function parseUi(text: string): TemporalUi | undefined {
  const value = JSON.parse(text) as TemporalUi | null;
  if (value === null) return undefined;
  if (!Number.isInteger(value.port) || !/^http:\/\/127\.0\.0\.1:\d+\/[\w-]*$/.test(value.codecEndpoint))
    throw new OpsError("invalid_input", "The request for Temporal's page is wrong.");
  return { port: value.port, codecEndpoint: value.codecEndpoint };
}

/** @throws OpsError invalid_input */
export function parseEnsure(text: string): EnsureRequest {
  const wrong = (what: string): OpsError => new OpsError("invalid_input", `The request to the supervisor is wrong: ${what}.`);
  let value: Partial<EnsureRequest>;
  try {
    value = JSON.parse(text) as Partial<EnsureRequest>;
  } catch {
    throw wrong("it is not JSON");
  }
  if (typeof value !== "object" || value === null) throw wrong("it is not an object");
  if (typeof value.protocol !== "number" || value.protocol > PROTOCOL) throw wrong("protocol");
  const positive = (n: unknown): n is number => typeof n === "number" && Number.isFinite(n) && n > 0;
  if (!positive(value.idle_minutes) || !positive(value.timeout_ms)) throw wrong("idle_minutes and timeout_ms must be positive numbers");
  if (value.temporal === undefined || (value.temporal !== null && typeof value.temporal.binary !== "string")) throw wrong("temporal");
  if (
    value.temporal?.port !== undefined &&
    !(Number.isInteger(value.temporal.port) && value.temporal.port > 0 && value.temporal.port < 65_536)
  )
    throw wrong("temporal.port");
  if (!Array.isArray(value.workers)) throw wrong("workers");
  for (const worker of value.workers as unknown[]) {
    const spec = worker as Record<string, unknown>;
    const texts = ["server", "version", "builtAt", "build", "entry"].every((key) => typeof spec?.[key] === "string");
    if (!texts || !Array.isArray(spec["args"]) || typeof spec["env"] !== "object") throw wrong("workers");
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(spec["server"] as string))
      throw wrong("workers: server is a name of small letters, digits and hyphens");
  }
  return value as EnsureRequest;
}
