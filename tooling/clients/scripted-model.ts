import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A tool call that the script wishes: the server's entry, the tool, its arguments. */
export interface WishedCall {
  readonly server: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What an agent does: it yields a call and is given the answer as the model saw it. */
export type Script = AsyncGenerator<WishedCall, void, string>;

/** A request of a client, read: the names of the tools that it offers, and the last answer that it shows. */
export interface ModelRequest {
  readonly tools: readonly string[];
  readonly lastAnswer: string;
}

/** How one maker's API is spoken. */
export interface ModelApi {
  /** Whether a path is that of a model's turn; all else is answered with an empty object. */
  isTurn(path: string): boolean;
  read(body: any): ModelRequest;
  /** Writes a turn: the call of a tool, or a last word. */
  answer(asked: { path: string; body: any }, call: ModelCall | undefined, reply: Reply): void;
}

/** A call by the name under which the client offers the tool; `turn` counts from 1. */
export interface ModelCall {
  readonly name: string;
  readonly args: unknown;
  readonly turn: number;
}

/** Ways to answer a request. */
export interface Reply {
  json(value: unknown): void;
  /** Server-sent events, each with its name where it has one. */
  events(events: readonly { readonly name?: string; readonly data: unknown }[]): void;
}

/** A model on loopback whose turns are a script. */
export interface ScriptedModel extends AsyncDisposable {
  readonly port: number;
  /** Rejects with what went wrong in the script; resolves when it came to its end. */
  readonly finished: Promise<void>;
}

/** Starts one. A tool of the script is known by the words of its server's entry and its own name, however a client joins them. */
export async function startModel(api: ModelApi, script: Script): Promise<ScriptedModel> {
  let turn = 0;
  let pending: Promise<unknown> = Promise.resolve();
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const finished = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
  // Whoever waits for the client's end looks afterwards.
  finished.catch(() => undefined);
  const server = createServer((request, response) => {
    // One turn after the other: a script has one place at a time.
    pending = pending.then(() => respond(request, response)).catch(reject);
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const body = await bodyOf(request);
    const reply = replyOn(response);
    if (!api.isTurn(path)) return reply.json({});
    const { tools, lastAnswer } = api.read(body);
    const answer = (call?: ModelCall): void => api.answer({ path, body }, call, reply);
    // Clients ask a model for titles and the like, too, without tools: no turn of the script.
    if (tools.length === 0) return answer();
    turn += 1;
    if (turn === 1 && tools.includes(WAIT)) return answer({ name: WAIT, args: {}, turn });
    const { value: wished, done } = await script.next(lastAnswer);
    if (done === true) {
      answer();
      return resolve();
    }
    const name = nameOf(wished, tools);
    if (name === undefined) throw new Error(`no ${wished.tool} of ${wished.server} among ${tools.join(", ")}`);
    answer({ name, args: wished.args, turn });
  }
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    finished,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Claude Code starts servers beside the first turn and has a tool to wait for them. */
const WAIT = "WaitForMcpServers";

function nameOf({ server, tool }: WishedCall, tools: readonly string[]): string | undefined {
  const joined = `${server}_${tool}`.replaceAll(/[-_]+/g, "_");
  return tools.find((name) => name.replaceAll(/[-_]+/g, "_").endsWith(joined));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
  return text === "" ? {} : (JSON.parse(text) as unknown);
}

function replyOn(response: ServerResponse): Reply {
  return {
    json(value) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    },
    events(events) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const { name, data } of events)
        response.write(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
      response.end();
    },
  };
}
