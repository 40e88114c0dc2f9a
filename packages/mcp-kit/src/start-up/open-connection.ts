import type { Message } from "../stdio/parse-message.ts";
import type { StdioTransport } from "../stdio/stdio-transport.ts";
import { frontAnswer, type FrontState, type Opening } from "./front.ts";

/** A connection that can be closed. */
export interface Connection {
  close(): Promise<void>;
}

/** Connects a transport to the SDK. */
export type ServeBySdk = (transport: StdioTransport, onerror: (error: Error) => void) => Connection;

/**
 * Opens a connection with the front; at the first message that the front does not answer, the SDK is loaded, hears again
 * what was said so far (its answers to that are dropped, since the client has them) and keeps the connection from then on.
 */
export function openConnection(
  opening: Opening,
  transport: StdioTransport,
  onerror: (error: Error) => void,
  load: () => Promise<ServeBySdk>,
): Connection {
  const said: Message[] = [];
  const waiting: Message[] = [];
  let state: FrontState = { era: "none" };
  let takeover: Promise<Connection> | undefined;

  const takeOver = async (): Promise<Connection> => {
    const serve = await load();
    const connection = serve(transport, onerror);
    transport.hush(said.flatMap(({ id }) => (id === undefined ? [] : [id])));
    for (const message of [...said, ...waiting]) transport.onmessage?.(message);
    return connection;
  };
  transport.onerror = onerror;
  transport.onmessage = (message: Message) => {
    const answer = takeover ? undefined : frontAnswer(opening, state, message);
    if (!answer) {
      waiting.push(message);
      takeover ??= takeOver();
      takeover.catch((error: Error) => (onerror(error), transport.close()));
      return;
    }
    state = answer.state;
    said.push(message);
    if (answer.result !== "nothing") void transport.send({ jsonrpc: "2.0", id: message.id, result: answer.result }).catch(onerror);
  };
  void transport.start();
  return {
    close: async () => {
      if (takeover) await (await takeover).close();
      await transport.close();
    },
  };
}
