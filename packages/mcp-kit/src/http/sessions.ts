import { randomUUID } from "node:crypto";
import { isInitializeRequest } from "@modelcontextprotocol/server";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { createSdkServer } from "../sdk/sdk-server.ts";
import type { Access } from "./access.ts";
import { Refusal } from "./refusal.ts";
import { Session } from "./session.ts";

/** How many sessions there may be, and how long one that nobody uses stays. */
export interface SessionBounds {
  readonly sessions: number;
  readonly sessions_per_principal: number;
  readonly session_idle_minutes: number;
}

/** The sessions of the 2025 era: each a connection of the SDK's, of one principal. */
export class Sessions {
  readonly #bounds: SessionBounds;
  readonly #onerror: (error: Error) => void;
  readonly #open = new Map<string, Session>();

  constructor(bounds: SessionBounds, onerror: (error: Error) => void) {
    this.#bounds = bounds;
    this.#onerror = onerror;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers a request of the 2025 era; `body` is undefined for GET and DELETE. @throws Refusal */
  async answer(request: Request, body: unknown, access: Access): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return await this.#begin(request, body, access);
    const session = this.#open.get(id);
    // Somebody else's session is none; whoever began it may have lost the token meanwhile.
    if (session === undefined || session.access.id !== access.id)
      throw new Refusal(404, "no_session", "Session not found. Begin again with initialize.", { code: -32001 });
    return await session.answer(request, body);
  }

  /** Ends what nobody uses any more, and what belongs to a token that is no longer taken. */
  sweep(isAdmitted: (access: Access) => boolean, now: number = Date.now()): void {
    for (const session of this.#open.values())
      if (!isAdmitted(session.access) || session.idleSince(now) > this.#bounds.session_idle_minutes * 60_000) void session.close();
  }

  /** Ends those of one token at once. */
  async endOf(accessId: string): Promise<void> {
    await Promise.all([...this.#open.values()].filter(({ access }) => access.id === accessId).map((session) => session.close()));
  }

  /** Ends streams that wait for nothing in particular; requests go on. */
  closeIdleStreams(): void {
    for (const session of this.#open.values()) session.closeStandingStream();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((session) => session.close()));
  }

  async #begin(request: Request, body: unknown, access: Access): Promise<Response> {
    if (!isInitializeRequest(body))
      throw new Refusal(400, "no_session", "Bad Request: a session begins with initialize; later requests name it by Mcp-Session-Id");
    await this.#makeRoom(access);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void this.#open.set(id, session),
    });
    const session = new Session(transport, access, () => {
      if (transport.sessionId !== undefined) this.#open.delete(transport.sessionId);
    });
    const server = createSdkServer(access.definition, "legacy");
    server.onerror = this.#onerror;
    await session.connect(server);
    const response = await session.answer(request, body);
    if (transport.sessionId === undefined || !response.ok) await session.close();
    return response;
  }

  /** A client that comes back without having said goodbye takes the place of its own longest idle session. */
  async #makeRoom(access: Access): Promise<void> {
    const own = [...this.#open.values()].filter((session) => session.access.principal === access.principal);
    if (this.#open.size < this.#bounds.sessions && own.length < this.#bounds.sessions_per_principal) return;
    const now = Date.now();
    const idle = own.filter((session) => session.idleSince(now) > 0).sort((a, b) => b.idleSince(now) - a.idleSince(now))[0];
    if (idle === undefined)
      throw new Refusal(503, "sessions", "As many sessions are open as the operator allows. End one with DELETE, or try later.", {
        headers: { "retry-after": "30" },
      });
    await idle.close();
  }
}
