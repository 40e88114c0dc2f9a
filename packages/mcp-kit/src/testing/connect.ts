import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { Client as Client2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport as InMemory1 } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server as Server1 } from "@modelcontextprotocol/sdk/server/index.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import type { ListedTool } from "../catalog.ts";
import { registerResources, registerTools } from "../sdk-v1.ts";
import { serveStdio } from "../stdio/serve-stdio.ts";
import type { ServerDefinition } from "../server-definition.ts";
import { StreamTransport } from "./stream-transport.ts";

/**
 * The ways to reach a definition: SDK 2.x client in either era and SDK 1.x client over stdio's path, and
 * SDK 1.x client to a host's own SDK 1.x server on which the tools are registered.
 */
export const CLIENTS = ["sdk-2-modern", "sdk-2-legacy", "sdk-1", "sdk-1-host"] as const;
export type ClientMake = (typeof CLIENTS)[number];

/** What a person would answer to a form; may throw to fail as clients do. */
export type AnswerForm = (form: {
  message: string;
  requestedSchema: unknown;
}) => Promise<{ action: "accept" | "decline" | "cancel"; content?: Record<string, unknown> }>;

export interface ConnectOptions {
  readonly make?: ClientMake;
  /** Given: the client declares forms and answers by this. */
  readonly answer?: AnswerForm;
}

/** A tool's answer as a client got it; a protocol error becomes `protocolError`. */
export interface ToolAnswer {
  readonly text: string;
  readonly data: Record<string, any>;
  readonly isError: boolean;
  readonly protocolError?: { readonly code: number; readonly message: string };
}

/** A connected client. `await using` closes it. */
export interface Connected extends AsyncDisposable {
  listTools(): Promise<ListedTool[]>;
  call(
    name: string,
    args?: unknown,
    options?: { signal?: AbortSignal; onprogress?: (progress: { progress: number; message?: string }) => void },
  ): Promise<ToolAnswer>;
  readonly instructions: string | undefined;
  /** Addresses of the listed resources and of the templates. */
  listResources(): Promise<{ uris: string[]; templates: string[] }>;
  /** The text of a resource; throws as the client does. */
  read(uri: string): Promise<string>;
  listPrompts(): Promise<{ name: string; arguments?: { name: string; required?: boolean | undefined }[] | undefined }[]>;
  /** The text of a prompt. */
  prompt(name: string, args?: Record<string, string>): Promise<string>;
  close(): Promise<void>;
}

/** Connects a client of one make to a definition, in this process. */
export async function connect(definition: ServerDefinition, options: ConnectOptions = {}): Promise<Connected> {
  const make = options.make ?? "sdk-2-modern";
  const link = make === "sdk-1-host" ? await linkToHost(definition) : linkToStdio(definition);
  const client = make.startsWith("sdk-2") ? client2(make, options.answer) : client1(options.answer);
  await client.connect(link.transport as never);
  const close = async (): Promise<void> => {
    await client.close();
    await link.ended;
  };
  return {
    listTools: async () => (await client.listTools()).tools as unknown as ListedTool[],
    call: (name, args, callOptions = {}) => answerOf(call(client, name, args, callOptions)),
    instructions: client.getInstructions(),
    async listResources() {
      const [{ resources }, { resourceTemplates }] = [await client.listResources(), await client.listResourceTemplates()];
      return { uris: resources.map(({ uri }) => uri), templates: resourceTemplates.map(({ uriTemplate }) => uriTemplate) };
    },
    async read(uri) {
      const { contents } = await client.readResource({ uri });
      return contents.map((content) => ("text" in content ? content.text : "")).join("\n");
    },
    listPrompts: async () => (await client.listPrompts()).prompts,
    async prompt(name, args = {}) {
      const { messages } = await client.getPrompt({ name, arguments: args });
      return messages.map(({ content }) => (content.type === "text" ? content.text : "")).join("\n");
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type CallWith = { signal?: AbortSignal; onprogress?: (progress: any) => void };

function call(client: Client1 | Client2, name: string, args: unknown, options: CallWith): Promise<any> {
  const params = { name, ...(args !== undefined && { arguments: args }) } as never;
  return client instanceof Client1 ? client.callTool(params, undefined, options as never) : client.callTool(params, options as never);
}

function client2(make: ClientMake, answer: AnswerForm | undefined): Client2 {
  const mode = make === "sdk-2-modern" ? { pin: "2026-07-28" } : ("legacy" as const);
  const client = new Client2(
    { name: `test ${make}`, version: "1" },
    { capabilities: answer ? { elicitation: { form: {} } } : {}, versionNegotiation: { mode } },
  );
  if (answer) client.setRequestHandler("elicitation/create", async (request) => (await answer(request.params as never)) as never);
  return client;
}

function client1(answer: AnswerForm | undefined): Client1 {
  const client = new Client1({ name: "test sdk-1", version: "1" }, { capabilities: answer ? { elicitation: { form: {} } } : {} });
  if (answer) client.setRequestHandler(ElicitRequestSchema, async (request) => (await answer(request.params as never)) as never);
  return client;
}

function linkToStdio(definition: ServerDefinition): { transport: StreamTransport; ended: Promise<void> } {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const ended = serveStdio(definition, { input: toServer, output: toClient, signals: new EventEmitter() }).finally(() => toClient.end());
  return { transport: new StreamTransport(toClient, toServer), ended };
}

async function linkToHost(definition: ServerDefinition): Promise<{ transport: InMemory1; ended: Promise<void> }> {
  const [clientEnd, serverEnd] = InMemory1.createLinkedPair();
  const server = new Server1(
    { name: definition.name, version: definition.version },
    { capabilities: {}, instructions: definition.instructions },
  );
  registerTools(server, definition);
  registerResources(server, definition);
  await server.connect(serverEnd);
  return { transport: clientEnd, ended: Promise.resolve() };
}

async function answerOf(result: Promise<any>): Promise<ToolAnswer> {
  try {
    const { content, structuredContent, isError } = await result;
    return {
      text: content.map((block: { text?: string }) => block.text ?? "").join("\n"),
      data: structuredContent ?? {},
      isError: isError === true,
    };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    // -32001 is made by the client itself, when its caller cancels or it waited too long.
    if (typeof code !== "number" || code === -32001) throw error;
    return { text: message, data: {}, isError: true, protocolError: { code, message } };
  }
}
