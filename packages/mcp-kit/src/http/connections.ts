import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long clients are waited for that were told that their connection ends, in milliseconds. */
const FAREWELL_MS = 500;

/**
 * The connections on which requests came. They are ended by halves: who still sends while we close altogether gets a reset, and
 * may lose with it the answer that was on its way.
 */
export class Connections {
  /** With the answer to the latest request of each. */
  readonly #latest = new Map<Socket, ServerResponse>();
  #isEnding = false;

  /** A request came. */
  began({ socket }: IncomingMessage, response: ServerResponse): void {
    if (!this.#latest.has(socket)) socket.once("close", () => this.#latest.delete(socket));
    this.#latest.set(socket, response);
    // Also one whose head was sent before anybody knew that it is the last.
    response.once("finish", () => {
      if (this.#isEnding && this.#latest.get(socket) === response) socket.end();
    });
    if (this.#isEnding) response.shouldKeepAlive = false;
  }

  /** From now on each ends behind the answer that it waits for, which says so; those that wait for none, at once. */
  end(): void {
    this.#isEnding = true;
    for (const [socket, response] of this.#latest) {
      if (response.writableFinished) socket.end();
      else response.shouldKeepAlive = false;
    }
  }

  /** Resolves when the clients have closed them too, or have taken too long. */
  async ended(): Promise<void> {
    const until = performance.now() + FAREWELL_MS;
    while (this.#latest.size > 0 && performance.now() < until) await sleep(10);
  }
}
