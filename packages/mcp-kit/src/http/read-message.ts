import type { IncomingMessage } from "node:http";
import { isDeeperThan } from "../text/is-deeper-than.ts";
import { Refusal } from "./refusal.ts";

/** Levels of a message; the arguments of a call have a lower bound of their own. */
const MAX_DEPTH = 64;

/** Bytes of bodies that are held at once while they arrive, of all clients. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/** Reads the bodies of requests, within bounds of one and of all together. */
export class MessageReader {
  readonly #bytes: number;
  readonly #ms: number;
  #held = 0;

  constructor(limits: { body_bytes: number; body_seconds: number }) {
    this.#bytes = limits.body_bytes;
    this.#ms = limits.body_seconds * 1000;
  }

  /** The JSON of a request's body. @throws Refusal 400, 408, 413, 415, 503 */
  async read(request: IncomingMessage): Promise<unknown> {
    const { "content-type": type, "content-encoding": encoding } = request.headers;
    if (!/^application\/json\s*(?:;|$)/i.test(type ?? "") || (encoding !== undefined && encoding !== "identity"))
      throw new Refusal(415, "content_type", "Unsupported Media Type: Content-Type must be application/json, not encoded");
    const text = await this.#text(request);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Refusal(400, "not_json", "Parse error: Invalid JSON", { code: -32700 });
    }
    if (isDeeperThan(value, MAX_DEPTH))
      throw new Refusal(400, "too_deep", `Invalid Request: nested deeper than ${MAX_DEPTH} levels`, { code: -32600 });
    return value;
  }

  #text(request: IncomingMessage): Promise<string> {
    const tooLarge = (): Refusal => new Refusal(413, "too_large", `Request body must not exceed ${this.#bytes} bytes`);
    if (Number(request.headers["content-length"] ?? 0) > this.#bytes) throw tooLarge();
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let size = 0;
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#held -= size;
        request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
        settle();
      };
      const timer = setTimeout(
        () => end(() => reject(new Refusal(408, "too_slow", `Request Timeout: a body must have arrived within ${this.#ms / 1000} s`))),
        this.#ms,
      );
      const onData = (part: Buffer): void => {
        size += part.length;
        this.#held += part.length;
        if (size > this.#bytes) return end(() => reject(tooLarge()));
        if (this.#held > MAX_HELD_BYTES)
          return end(() => reject(new Refusal(503, "busy", "The server is busy; call again.", { headers: { "retry-after": "1" } })));
        parts.push(part);
      };
      const onEnd = (): void => end(() => resolve(Buffer.concat(parts).toString("utf8")));
      const onClose = (): void => end(() => reject(new Gone()));
      request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
    });
  }
}

/** The client went away before it had said all. */
export class Gone extends Error {}
