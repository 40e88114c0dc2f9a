import { Client } from "@modelcontextprotocol/client";
import { isOpsError, type OpsError } from "@platform-ops/errors";
import { ChildTransport, type ChildCommand } from "./child-transport.ts";
import { callFailure, endedFailure, rpcFailure } from "./tool-failure.ts";

/** How a server is started and within which bounds it is used. */
export interface ToolServerOptions extends ChildCommand {
  /** Under which it is spoken of in messages. */
  readonly name: string;
  /** Our version, as the server is told it. */
  readonly version: string;
  /** Abort closes it for good. */
  readonly signal?: AbortSignal;
  /** Milliseconds for start and handshake; 30,000 by default. */
  readonly openWithinMs?: number;
  /** The largest answer that is passed on, in characters of its JSON; 1,048,576 by default. */
  readonly maxResult?: number;
}

/** A tool as the server describes it: its words, to be shown as data. */
export interface RemoteTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly readOnly: boolean | undefined;
  readonly destructive: boolean | undefined;
}

/** A tool's answer. `data` is its structured content, else what its only text is as a JSON object, else empty. */
export interface ToolReply {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

export interface CallLimits {
  /** Milliseconds from the call to its answer, opening included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One server's tools. Started by the first call, kept warm, started anew where it ended. */
export interface ToolServer {
  /** @throws OpsError as `call` */
  tools(limits?: CallLimits): Promise<readonly RemoteTool[]>;
  /**
   * Calls a tool. What the tool says, its failures too, is an answer.
   * @throws OpsError program_missing, command_failed, connection_lost, timed_out, cancelled, too_large, invalid_input,
   * approval_needed; `details.may_have_run` says whether the tool may have run.
   */
  call(tool: string, args: Readonly<Record<string, unknown>>, limits: CallLimits): Promise<ToolReply>;
  /** The process of the server that is warm now. */
  readonly pid: number | undefined;
  /** Ends it and all that it started. */
  close(): Promise<void>;
}

const OPEN_MS = 30_000;
const MAX_RESULT = 1_048_576;
const MAX_TOOLS = 2_000;
const MAX_PAGES = 20;
/** How long a server may take to say whether it speaks the newer protocol; a silent one is spoken to in the older. */
const PROBE_MS = 10_000;

/** A server's tools over stdio. Starts nothing yet. */
export function openToolServer(options: ToolServerOptions): ToolServer {
  return new StdioToolServer(options);
}

/** One process of the server, with the calls that it has now. */
interface Warm {
  readonly client: Client;
  readonly transport: ChildTransport;
  calls: number;
  /** Takes no further calls and ends with its last one. */
  retired: boolean;
}

class StdioToolServer implements ToolServer {
  readonly #options: ToolServerOptions;
  readonly #all = new Set<ChildTransport>();
  #warm: Promise<Warm> | undefined;
  #pid: number | undefined;
  #closed = false;

  constructor(options: ToolServerOptions) {
    this.#options = options;
    if (options.signal?.aborted === true) this.#closed = true;
    options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  async tools(limits: CallLimits = { timeoutMs: OPEN_MS }): Promise<readonly RemoteTool[]> {
    const listed = await this.#within("tools/list", limits, (client, request) => client.listTools(undefined, request));
    if (listed.tools.length > MAX_TOOLS)
      throw callFailure("too_large", this.#options.name, `it lists more than ${MAX_TOOLS} tools.`, { mayHaveRun: false });
    return listed.tools.map(({ name, description, inputSchema, annotations }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      inputSchema: inputSchema as Record<string, unknown>,
      readOnly: annotations?.readOnlyHint,
      destructive: annotations?.destructiveHint,
    }));
  }

  async call(tool: string, args: Readonly<Record<string, unknown>>, limits: CallLimits): Promise<ToolReply> {
    const result = await this.#within(tool, limits, (client, request) => client.callTool({ name: tool, arguments: { ...args } }, request));
    return this.#replyOf(tool, result);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#warm = undefined;
    await Promise.all([...this.#all].map((transport) => transport.close()));
  }

  /** One request within its time; whatever ends it early is told as an OpsError. */
  async #within<T>(
    what: string,
    limits: CallLimits,
    send: (client: Client, request: { timeout: number; signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const { name } = this.#options;
    const deadline = Date.now() + limits.timeoutMs;
    // The SDK's own timers are set later than ours, so that ours tell the two ends apart.
    const timer = AbortSignal.timeout(limits.timeoutMs);
    const signal = limits.signal === undefined ? timer : AbortSignal.any([timer, limits.signal]);
    const warm = await this.#ready(limits, deadline, signal);
    warm.calls += 1;
    try {
      return await send(warm.client, { timeout: Math.max(1, deadline - Date.now()) + 1_000, signal });
    } catch (error) {
      if (isOpsError(error)) throw error;
      if (signal.aborted) {
        this.#retire(warm);
        throw timer.aborted && limits.signal?.aborted !== true
          ? callFailure("timed_out", name, `${what} did not end within ${limits.timeoutMs} ms; the server is ended.`, {
              mayHaveRun: true,
              hint: "Look whether it took effect before it is called again.",
            })
          : callFailure("cancelled", name, `${what} was cancelled; the server is ended.`, { mayHaveRun: true });
      }
      if (warm.transport.end !== undefined) throw endedFailure(name, warm.transport.end, "calling", warm.transport.stderr);
      throw rpcFailure(name, what, error);
    } finally {
      warm.calls -= 1;
      if (warm.retired && warm.calls === 0) warm.transport.kill();
    }
  }

  /** The warm server, opened where there is none; a caller that cannot wait so long leaves it to the next one. */
  async #ready(limits: CallLimits, deadline: number, signal: AbortSignal): Promise<Warm> {
    const { name } = this.#options;
    const early = (): OpsError =>
      limits.signal?.aborted === true
        ? callFailure("cancelled", name, "the call was cancelled before it was made.", { mayHaveRun: false })
        : callFailure("timed_out", name, "it was not ready in time.", { mayHaveRun: false });
    if (this.#closed) throw callFailure("cancelled", name, "it was closed.", { mayHaveRun: false });
    if (signal.aborted || Date.now() >= deadline) throw early();
    let give: (error: OpsError) => void = () => undefined;
    const over = new Promise<never>((_resolve, reject) => (give = reject));
    const stop = (): void => give(early());
    signal.addEventListener("abort", stop, { once: true });
    try {
      const opening = this.#open();
      return await Promise.race([opening, over]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #open(): Promise<Warm> {
    if (this.#warm !== undefined) return this.#warm;
    const opening = this.#start("auto").catch((error: unknown) => {
      // One that ends at a question it does not know is spoken to in the older protocol, by a process of its own.
      if (endedAtProbe(error)) return this.#start("legacy");
      throw error;
    });
    const kept = opening.catch((error: unknown) => {
      this.#forget(kept);
      throw isOpsError(error)
        ? error
        : callFailure("command_failed", this.#options.name, "it does not speak MCP as it should.", { mayHaveRun: false, cause: error });
    });
    this.#warm = kept;
    void kept.then((warm) => warm.transport.ended.then(() => this.#forget(kept))).catch(() => undefined);
    return kept;
  }

  #forget(which: Promise<Warm>): void {
    if (this.#warm === which) {
      this.#warm = undefined;
      this.#pid = undefined;
    }
  }

  async #start(mode: "auto" | "legacy"): Promise<Warm> {
    const { name, version, openWithinMs = OPEN_MS } = this.#options;
    const transport = new ChildTransport(this.#options);
    this.#all.add(transport);
    void transport.ended.then(() => this.#all.delete(transport));
    const client = new Client({ name: "platform-ops", version }, clientOptions(mode));
    const timer = setTimeout(() => transport.kill(), openWithinMs);
    try {
      await client.connect(transport as never, { timeout: openWithinMs + 1_000 });
      this.#pid = transport.pid;
      return { client, transport, calls: 0, retired: false };
    } catch (cause) {
      const end = transport.end;
      const { stderr } = transport;
      transport.kill();
      if (end?.why === "closed")
        throw callFailure("timed_out", name, `it did not answer within ${openWithinMs} ms and was ended.`, {
          mayHaveRun: false,
          stderr,
          cause,
        });
      if (end !== undefined) {
        const failure = endedFailure(name, end, "opening", stderr);
        throw end.why === "exited" && mode === "auto" ? Object.assign(failure, { [AT_PROBE]: true }) : failure;
      }
      throw callFailure("command_failed", name, "it does not speak MCP as it should.", { mayHaveRun: false, stderr, cause });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next call gets another process; this one ends with its last call. */
  #retire(warm: Warm): void {
    warm.retired = true;
    this.#warm = undefined;
    this.#pid = undefined;
  }

  #replyOf(tool: string, result: unknown): ToolReply {
    const { content, structuredContent, isError } = result as {
      content?: readonly { readonly type: string; readonly text?: string }[];
      structuredContent?: Record<string, unknown>;
      isError?: boolean;
    };
    const blocks = content ?? [];
    const text = blocks.map((block) => (block.type === "text" ? (block.text ?? "") : `[${block.type} left out]`)).join("\n");
    const data = structuredContent ?? objectIn(text);
    const size = text.length + JSON.stringify(data).length;
    const { name, maxResult = MAX_RESULT } = this.#options;
    if (size > maxResult)
      throw callFailure("too_large", name, `the answer of ${tool} has ${size} characters, more than ${maxResult}.`, { mayHaveRun: true });
    return { text, data, isError: isError === true };
  }
}

const AT_PROBE: unique symbol = Symbol("ended while it was asked for its protocol");
const endedAtProbe = (error: unknown): boolean => (error as { [AT_PROBE]?: boolean })[AT_PROBE] === true;

/** No forms: there is no person here, and a server that needs one says so in its answer. Its schemas are not compiled: they are its words. */
function clientOptions(mode: "auto" | "legacy"): ConstructorParameters<typeof Client>[1] {
  return {
    capabilities: {},
    versionNegotiation: { mode, probe: { timeoutMs: PROBE_MS } },
    inputRequired: { autoFulfill: false },
    jsonSchemaValidator: { getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }) },
    listMaxPages: MAX_PAGES,
  };
}

function objectIn(text: string): Record<string, unknown> {
  if (!text.trimStart().startsWith("{")) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
