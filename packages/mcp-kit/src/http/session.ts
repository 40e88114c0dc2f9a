import type { JSONRPCMessage, Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import type { Access } from "./access.ts";
import { Refusal } from "./refusal.ts";

/** Requests of one session that may be worked on at once. */
const MAX_IN_FLIGHT = 64;

type Id = string | number;
interface Said {
  readonly id?: Id;
  readonly method?: string;
  readonly params?: { readonly requestId?: Id };
}

/** One session of the 2025 era: what of it is in flight, and since when nobody used it. */
export class Session {
  readonly access: Access;
  readonly #transport: WebStandardStreamableHTTPServerTransport;
  readonly #onend: () => void;
  /** Ids of requests without an answer; false for those that came with others in one message. */
  readonly #inFlight = new Map<Id, boolean>();
  #streams = 0;
  #lastUse = Date.now();
  #closed = false;

  constructor(transport: WebStandardStreamableHTTPServerTransport, access: Access, onend: () => void) {
    this.#transport = transport;
    this.access = access;
    this.#onend = onend;
  }

  /** Puts a server of the SDK behind it. */
  async connect(server: Server): Promise<void> {
    const send = this.#transport.send.bind(this.#transport);
    this.#transport.send = async (message, options) => {
      const { id, method } = message as Said;
      if (id !== undefined && method === undefined) this.#settle(id);
      await send(message, options);
    };
    await server.connect(this.#transport);
    const onclose = this.#transport.onclose;
    this.#transport.onclose = () => {
      onclose?.();
      this.#ended();
    };
  }

  /** Answers one HTTP request of it. @throws Refusal */
  async answer(request: Request, body: unknown): Promise<Response> {
    this.#lastUse = Date.now();
    const said = (Array.isArray(body) ? body : [body]) as Said[];
    const asked = said.flatMap((one) => (one?.id !== undefined && one.method !== undefined ? [one.id] : []));
    this.#begin(asked);
    const response = await this.#transport.handleRequest(request, body === undefined ? {} : { parsedBody: body });
    // Refused by the SDK before it was dispatched.
    if (!response.ok) for (const id of asked) this.#inFlight.delete(id);
    for (const { method, params } of said.filter((one) => one?.method === "notifications/cancelled"))
      if (method !== undefined && params?.requestId !== undefined) await this.#cancelled(params.requestId);
    return this.#watched(response);
  }

  /** Milliseconds since its last use; 0 while something of it is open. */
  idleSince(now: number): number {
    return this.#inFlight.size > 0 || this.#streams > 0 ? 0 : now - this.#lastUse;
  }

  /** Ends the stream on which nothing in particular is waited for. */
  closeStandingStream(): void {
    this.#transport.closeStandaloneSSEStream();
  }

  async close(): Promise<void> {
    await this.#transport.close();
    this.#ended();
  }

  #begin(asked: readonly Id[]): void {
    const twice = asked.find((id, at) => this.#inFlight.has(id) || asked.indexOf(id) !== at);
    if (twice !== undefined)
      throw new Refusal(400, "id_twice", "Invalid Request: a request of this id is still in flight in this session", { code: -32600 });
    if (this.#inFlight.size + asked.length > MAX_IN_FLIGHT)
      throw new Refusal(429, "in_flight", `At most ${MAX_IN_FLIGHT} requests of a session are worked on at once.`, {
        headers: { "retry-after": "1" },
      });
    for (const id of asked) this.#inFlight.set(id, asked.length === 1);
  }

  #settle(id: Id): void {
    this.#inFlight.delete(id);
    this.#lastUse = Date.now();
  }

  /** A cancelled request is never answered, so nothing else would end its stream, or have the transport forget it. */
  async #cancelled(id: Id): Promise<void> {
    if (this.#inFlight.get(id) !== true) return;
    this.#transport.closeSSEStream(id);
    await this.#transport.send({ jsonrpc: "2.0", id, result: {} } as JSONRPCMessage).catch(() => undefined);
  }

  /** Counts a stream as open until it ends, or its reader goes away. */
  #watched(response: Response): Response {
    if (response.body === null) return response;
    this.#streams += 1;
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#streams -= 1;
      this.#lastUse = Date.now();
    };
    const reader = response.body.getReader();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          end();
          throw error;
        });
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onend();
  }
}
