import type { IncomingMessage, ServerResponse } from "node:http";
import { createMcpHandler, isLegacyRequest, type McpHttpHandler } from "@modelcontextprotocol/server";
import type { HttpLimits } from "@platform-ops/ledger";
import { createSdkServer } from "../sdk/sdk-server.ts";
import type { ServerDefinition } from "../server-definition.ts";
import type { Access, Gatekeeper } from "./access.ts";
import { Exchanges } from "./exchanges.ts";
import { checkHost, checkOrigin, PREFLIGHT_HEADERS, type GuardOptions } from "./guard.ts";
import type { Metrics } from "./metrics.ts";
import { Places } from "./places.ts";
import { Gone, MessageReader } from "./read-message.ts";
import { RateLimit } from "./rate-limit.ts";
import { Refusal } from "./refusal.ts";
import type { Sessions } from "./sessions.ts";
import { sendWebResponse, webRequest } from "./web-bridge.ts";

/** Where the protocol is spoken, and the paths that operators look at. */
const PATHS = ["/mcp", "/healthz", "/readyz", "/metrics"];

/** Waits for changes: what a session's own stream is in the 2025 era. */
const LISTEN = "subscriptions/listen";

/** Lines of the log about what was refused: who floods the server must not flood the log as well. The figures count all. */
const LOGGED_REFUSALS = { burst: 100, perSecond: 10 };

/** What requests are answered with. */
export interface Answering {
  readonly definition: ServerDefinition;
  readonly gate: Gatekeeper;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly limits: HttpLimits;
  readonly guard: GuardOptions;
  readonly scheme: "http" | "https";
  /** Whether the figures are for everybody: on loopback only. */
  readonly openMetrics: boolean;
  /** Rejects where the server could not answer calls now. */
  ready(): Promise<unknown>;
}

/** Answers HTTP requests: who may, then what the protocol says, in both eras. */
export class RequestAnswers {
  readonly #with: Answering;
  readonly #modern: McpHttpHandler;
  readonly #reader: MessageReader;
  readonly #rate: RateLimit;
  readonly #onerror: (error: Error) => void;
  readonly #refusedLines = new RateLimit(LOGGED_REFUSALS.perSecond, LOGGED_REFUSALS.burst);
  readonly #active: Places;
  readonly #listening: Places;
  readonly #exchanges = new Exchanges();
  #isDraining = false;

  constructor(answering: Answering) {
    this.#with = answering;
    const { limits, definition } = answering;
    this.#reader = new MessageReader(limits);
    this.#rate = new RateLimit(limits.requests_per_second, limits.burst);
    this.#active = new Places(limits.concurrent_requests, limits.concurrent_requests_per_principal);
    this.#listening = new Places(limits.sessions, limits.sessions_per_principal);
    // The SDK's errors can hold a dump of what was sent.
    this.#onerror = ({ name }) => definition.logger.debug("protocol", { error: name });
    this.#modern = createMcpHandler(({ authInfo }) => createSdkServer(definitionOf(authInfo), "modern"), {
      legacy: "reject",
      // The bound is ours, which knows whose stream it is and says so in words.
      maxSubscriptions: limits.sessions + 1,
      onerror: this.#onerror,
    });
  }

  /** Requests that are worked on. */
  get active(): number {
    return this.#active.taken;
  }

  /** Looks for what nobody uses any more, and ends what nobody may have any more. */
  sweep(): void {
    this.#rate.sweep();
    this.#exchanges.sweep((access) => this.#with.gate.isAdmitted(access));
  }

  /** From now on nothing new is begun. */
  drain(): void {
    this.#isDraining = true;
    this.#with.sessions.closeIdleStreams();
  }

  /** Ends what is still open. */
  async close(): Promise<void> {
    await Promise.all([this.#modern.close(), this.#with.sessions.close()]);
  }

  /** Answers one request; never throws. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const { metrics, definition } = this.#with;
    const path = PATHS.find((one) => one === pathOf(request)) ?? "other";
    const facts: Record<string, unknown> = {};
    try {
      await this.#route(path, request, response, facts);
    } catch (error) {
      if (error instanceof Refusal) {
        metrics.refused(error.reason);
        facts["refused"] = error.reason;
        await refuse(request, response, error, facts["cors"] as Record<string, string> | undefined);
      } else if (!(error instanceof Gone)) {
        definition.logger.error("a request failed unexpectedly", { error });
        await refuse(
          request,
          response,
          new Refusal(500, "unexpected", "The request failed in a way that was not foreseen; details are in the server's log.", {
            code: -32603,
          }),
          undefined,
        );
      }
    }
    const seconds = (performance.now() - began) / 1000;
    const status = response.headersSent ? response.statusCode : 499;
    metrics.request(path, request.method ?? "", status, seconds);
    const { cors: _, ...logged } = facts;
    if (facts["refused"] !== undefined && this.#refusedLines.take("") !== undefined) return;
    const level = path === "/mcp" ? "info" : "debug";
    definition.logger[level]("request", {
      path,
      method: (request.method ?? "").slice(0, 10),
      status,
      duration_ms: Math.round(seconds * 1000),
      ...logged,
    });
  }

  async #route(path: string, request: IncomingMessage, response: ServerResponse, facts: Record<string, unknown>): Promise<void> {
    // Probes come by addresses that we cannot know, and learn nothing.
    if (path === "/healthz" || path === "/readyz") return await this.#health(path, request, response);
    const { guard, scheme, openMetrics, gate, metrics } = this.#with;
    checkHost(request, guard);
    const cors = checkOrigin(request, guard, scheme);
    facts["cors"] = cors;
    if (path === "other") throw new Refusal(404, "path", "There is nothing here; the protocol is spoken at /mcp.");
    if (path === "/metrics") {
      allow(request, ["GET", "HEAD"]);
      if (!openMetrics) gate.admit(request);
      return await send(response, 200, metrics.text(), { "content-type": "text/plain; version=0.0.4" });
    }
    allow(request, ["POST", "GET", "DELETE", "OPTIONS"]);
    if (request.method === "OPTIONS") {
      if (cors["access-control-allow-origin"] === undefined) throw new Refusal(403, "origin", "Web pages may not call this server.");
      return await send(response, 204, "", { ...cors, ...PREFLIGHT_HEADERS });
    }
    const access = gate.admit(request);
    facts["principal"] = access.principal;
    if (access.id !== "local") facts["id"] = access.id;
    if (this.#isDraining)
      throw new Refusal(503, "draining", "The server is about to end; call again.", { headers: { "retry-after": "5" } });
    this.#pay(access, 1);
    if (request.method !== "POST") {
      if (request.headers["mcp-session-id"] === undefined)
        throw new Refusal(405, "method", "Only POST is answered outside of a session.", { headers: { allow: "POST" } });
      return await sendWebResponse(await this.#with.sessions.answer(webRequest(request, response), undefined, access), response, cors);
    }
    await this.#post(request, response, access, cors);
  }

  async #post(request: IncomingMessage, response: ServerResponse, access: Access, cors: Record<string, string>): Promise<void> {
    const settle = this.#occupy(access.principal);
    const exchange = this.#exchanges.begin(access);
    let leave: (() => void) | undefined;
    try {
      const body = await this.#reader.read(request);
      if (Array.isArray(body)) this.#pay(access, body.length - 1);
      const web = webRequest(request, response, exchange.abort);
      const isLegacy = await isLegacyRequest(web, body);
      const isListening = !isLegacy && (body as { method?: unknown } | null)?.method === LISTEN;
      if (isListening) leave = this.#listen(access.principal);
      const answer = isLegacy
        ? await this.#with.sessions.answer(web, body, access)
        : await this.#modern.fetch(web, { parsedBody: body, authInfo: authInfoOf(access) });
      // What was cancelled with the token is told so, like any other request of it.
      if (exchange.isLost) this.#with.gate.admit(request);
      // A stream that waits for changes is no work, and has a bound of its own.
      if (isListening) settle();
      await sendWebResponse(answer, response, cors);
    } finally {
      exchange.end();
      leave?.();
      settle();
    }
  }

  /** Takes a place among the requests that are worked on; gives how to leave it. */
  #occupy(principal: string): () => void {
    const leave = this.#active.take(principal);
    if (leave === undefined) throw new Refusal(503, "busy", "The server is busy; call again.", { headers: { "retry-after": "1" } });
    return leave;
  }

  /** The same among the streams that wait for changes. */
  #listen(principal: string): () => void {
    const leave = this.#listening.take(principal);
    if (leave !== undefined) return leave;
    const { sessions, sessions_per_principal } = this.#with.limits;
    throw new Refusal(
      503,
      "listening",
      `As many streams wait for changes as the operator allows: ${sessions_per_principal} for each principal, ${sessions} in all. Close one, or try later; calls are answered without.`,
      { headers: { "retry-after": "30" } },
    );
  }

  async #health(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    allow(request, ["GET", "HEAD"]);
    const isWell =
      path === "/healthz" ||
      (!this.#isDraining &&
        (await this.#with.ready().then(
          () => true,
          () => false,
        )));
    await send(response, isWell ? 200 : 503, isWell ? "ok\n" : "not ready\n", { "content-type": "text/plain" });
  }

  #pay(access: Access, count: number): void {
    const wait = this.#rate.take(access.id, count);
    if (wait !== undefined)
      throw new Refusal(429, "rate", "Too many requests; call again after the time in Retry-After.", {
        headers: { "retry-after": String(Math.ceil(wait)) },
      });
  }
}

type AuthInfo = NonNullable<Parameters<Parameters<typeof createMcpHandler>[0]>[0]["authInfo"]>;

/** The token itself stays here: nothing behind needs it. */
function authInfoOf({ id, definition }: Access): AuthInfo {
  return { token: "", clientId: id, scopes: [], extra: { definition } };
}

function definitionOf(authInfo: AuthInfo | undefined): ServerDefinition {
  return authInfo?.extra?.["definition"] as ServerDefinition;
}

/** The path without its query; only plain paths are ours. */
function pathOf({ url = "" }: IncomingMessage): string {
  return url.slice(0, 200).split("?", 1)[0]!;
}

function allow({ method = "" }: IncomingMessage, methods: readonly string[]): void {
  if (!methods.includes(method)) throw new Refusal(405, "method", "Method not allowed.", { headers: { allow: methods.join(", ") } });
}

async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  cors: Record<string, string> | undefined,
): Promise<void> {
  if (response.headersSent || response.destroyed) return void response.destroy();
  // A body that nobody will read must not be read for its connection's sake.
  const isUnread = !request.complete;
  await send(response, refusal.status, refusal.body(), {
    "content-type": "application/json",
    ...cors,
    ...refusal.headers,
    ...(isUnread ? { connection: "close" } : {}),
  });
}

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string>): Promise<void> {
  const body = Buffer.from(text);
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.writeHead(status, {
      "cache-control": "no-store",
      ...headers,
      ...(status === 204 ? {} : { "content-length": String(body.length) }),
    });
    response.end(response.req.method === "HEAD" ? undefined : body, () => resolve());
  });
}
