import { OpsError, type ErrorCode } from "@platform-ops/errors";
import { asStorageFailure, type AuditEntry } from "@platform-ops/ledger";
import { newCallId } from "./call-id.ts";
import { digestArguments, type AskSubject } from "./ask-state.ts";
import { believe, contentProblem, type PresentedAnswer } from "./believe-answer.ts";
import { checkInput } from "./check-input.ts";
import { didYouMean } from "./did-you-mean.ts";
import { explain, refuse } from "./failure.ts";
import { capResult } from "./result-cap.ts";
import { plainText } from "../text/plain-text.ts";
import { prepare, withheldBecause, type ServerDefinition } from "../server-definition.ts";
import { isAsk, type Call, type FormSchema, type Tool, type ToolResult } from "../tool.ts";

/** What a transport knows of a call. */
export interface CallOptions {
  readonly client?: { readonly name: string; readonly version: string } | undefined;
  readonly signal?: AbortSignal;
  /** Whether the client declared, for this call, that it shows forms. */
  readonly canAsk?: boolean;
  /** The answer that came with this call. */
  readonly answer?: PresentedAnswer | undefined;
  readonly progress?: (message: string, done?: number, total?: number) => void;
}

/** A question that the transport must now put to the person, with the state that the answer must bring back. */
export interface MintedAsk {
  readonly message: string;
  readonly schema: FormSchema;
  readonly state: string;
}

/** The end of a call. With `ask`, the call ended in a question, and `result` says so in words. */
export interface CallOutcome {
  readonly result: ToolResult;
  readonly isError: boolean;
  readonly ask?: MintedAsk;
  /** True if the server has no tool of that name. */
  readonly unknownTool?: true;
}

/**
 * One tool call, the way every transport makes it: find, check, run, shape, mask, cut, record. Never throws: a failure is a
 * result with `isError`. The record is written before the result is returned.
 */
export function callTool(definition: ServerDefinition, name: string, args: unknown, options: CallOptions = {}): Promise<CallOutcome> {
  const { inFlight } = prepare(definition);
  const ended = callOnce(definition, name, args, options).finally(() => inFlight.delete(ended));
  inFlight.add(ended);
  return ended;
}

/** Resolves when no call of the definition is in flight. */
export async function settled(definition: ServerDefinition): Promise<void> {
  const { inFlight } = prepare(definition);
  while (inFlight.size > 0) await Promise.allSettled(inFlight);
}

async function callOnce(definition: ServerDefinition, name: string, args: unknown, options: CallOptions): Promise<CallOutcome> {
  const call = startCall(definition, options);
  const started = performance.now();
  let end: { outcome: CallOutcome; word: string; code?: ErrorCode; detail?: string };
  try {
    const outcome = await run(definition, name, args, options, call);
    const { failure } = outcome.result;
    end = { outcome: shape(definition, outcome), word: outcome.ask ? "asked" : "done" };
    if (failure !== undefined) end = { ...end, word: failure.code === "cancelled" ? "cancelled" : "refused", code: failure.code };
  } catch (error) {
    const failure = refuse(asStorageFailure(error), { id: call.id, tool: name.slice(0, 80), signal: call.signal });
    const word = failure.code === "cancelled" ? "cancelled" : failure.code === "unexpected" ? "failed" : "refused";
    const outcome = shape(definition, {
      result: failure.result,
      isError: true,
      ...(error instanceof UnknownTool && { unknownTool: true }),
    });
    end = { outcome, word, code: failure.code };
    if (failure.unexpected !== undefined) end.detail = logUnexpected(definition, name, call.id, failure.unexpected);
  }
  const duration_ms = Math.round(performance.now() - started);
  // Names, codes and times only: argument values belong to the audit.
  definition.logger.debug("tool call", {
    tool: name.slice(0, 80),
    call: call.id,
    actor: call.actor,
    outcome: end.word,
    ...(end.code && { code: end.code }),
    duration_ms,
  });
  const recorded = await record(definition, {
    kind: "tool_call",
    actor: call.actor,
    what: name.slice(0, 80),
    arguments: definition.redactor.value(args ?? {}),
    outcome: end.word,
    id: call.id,
    duration_ms,
    ...(end.code && { code: end.code }),
    ...(end.detail && { detail: end.detail }),
  });
  return recorded ? end.outcome : { ...end.outcome, result: unrecorded(end.outcome.result) };
}

class UnknownTool extends OpsError {}

async function run(definition: ServerDefinition, name: string, args: unknown, options: CallOptions, call: Call): Promise<CallOutcome> {
  const tool = findTool(definition, name);
  const input = checkInput(tool, args);
  const subject: AskSubject = { tool: tool.name, argumentsDigest: digestArguments(args ?? {}), actor: call.actor };
  const given = options.answer ? believe(definition, options.answer, subject, call) : undefined;
  if (given && "refused" in given)
    return await finish(definition, tool, input, subject, await refusedCall(definition, tool, call, given.refused));
  if (!given) return await finish(definition, tool, input, subject, call);
  // The tool is asked once more what it would ask: an answer counts only if that is still what the person was shown.
  const now = await tool.run(input, definition.deps, call);
  if (!isAsk(now)) return endOf(now, call);
  const why = now.ask.binding === given.binding ? contentProblem(now, given) : "what it would decide has changed since the question";
  if (why) return await finish(definition, tool, input, subject, await refusedCall(definition, tool, call, why));
  return await finish(definition, tool, input, subject, { ...call, answer: given });
}

function findTool(definition: ServerDefinition, name: string): Tool {
  const { known, offered } = prepare(definition);
  const tool = known.get(name);
  if (!tool) {
    const near = didYouMean(name, offered.keys());
    throw new UnknownTool(
      "not_found",
      `this server has no tool ${JSON.stringify(name.slice(0, 80))}${near ? `; did you mean ${near}?` : "."}`,
      { hint: `Call one of: ${[...offered.keys()].join(", ")}.` },
    );
  }
  const withheld = withheldBecause(definition, tool);
  if (withheld === "read_only")
    throw new OpsError(
      "read_only",
      `${name} was not run: ${definition.offeredTo === undefined ? "this server was started" : `${definition.offeredTo} is`} read-only, and ${name} changes things.`,
    );
  if (withheld)
    throw new OpsError(
      "not_allowed",
      `${name} was not run: its toolset ${tool.toolset} is not offered ${definition.offeredTo === undefined ? "by this server as it was started" : `to ${definition.offeredTo}`}.`,
    );
  return tool;
}

/** Runs the tool; a question it returns gets its state here. */
async function finish(definition: ServerDefinition, tool: Tool, input: any, subject: AskSubject, call: Call): Promise<CallOutcome> {
  const end = await tool.run(input, definition.deps, call);
  if (!isAsk(end)) {
    if (tool.output && !tool.output.safeParse(end.data).success)
      definition.logger.warn("a result does not match its output schema", { tool: tool.name, call: call.id });
    return endOf(end, call);
  }
  if (!tool.asks) throw new Error(`${tool.name} asks a person, but its definition does not say so`);
  if (call.answer) throw new Error(`${tool.name} asked again after it was answered`);
  if (!call.canAsk)
    throw new OpsError("approval_channel", `${tool.name} needs a person's answer, and this client cannot show a form.`, {
      hint: "Use another channel for the decision, such as the `approve` command at a terminal.",
    });
  const state = prepare(definition).asks.mint(subject, end.ask.binding);
  const words = "A person is asked; the answer decides how this call goes on.";
  return {
    result: { text: words, data: { status: "asking", message: end.ask.message } },
    isError: false,
    ask: { message: end.ask.message, schema: end.ask.schema, state },
  };
}

/** What a tool gave back, with the words that every failure has where it failed. */
function endOf(result: ToolResult, call: Call): CallOutcome {
  const { failure } = result;
  if (failure === undefined) return { result, isError: false };
  return { result: { ...explain(result, failure, call.id), failure }, isError: true };
}

async function refusedCall(definition: ServerDefinition, tool: Tool, call: Call, why: string): Promise<Call> {
  await record(definition, {
    kind: "approval_refused",
    actor: call.actor,
    what: tool.name,
    outcome: "refused",
    code: "approval_invalid",
    id: call.id,
    target: why,
  });
  definition.logger.warn("an answer was not believed", { tool: tool.name, call: call.id, why });
  return { ...call, refusedAnswer: why };
}

function startCall(definition: ServerDefinition, options: CallOptions): Call {
  const client = { name: clientName(options.client?.name), version: String(options.client?.version ?? "").slice(0, 40) };
  return {
    id: newCallId(),
    actor: `agent:${client.name}@${definition.user}`,
    client,
    signal: options.signal ?? new AbortController().signal,
    canAsk: options.canAsk ?? false,
    progress: (message, done, total) => options.progress?.(shown(definition, message).slice(0, 500), done, total),
  };
}

/** A client's own name, made safe to stand in the name of a principal: it must not be able to look like another one. */
function clientName(name: unknown): string {
  return typeof name === "string" && name !== "" ? name.replaceAll(/[^A-Za-z0-9._ -]/g, "_").slice(0, 64) : "unknown";
}

/** Text as a person or a model may see it: masked, and nothing in it but text. What was put between the letters of a secret hides none. */
function shown({ redactor }: ServerDefinition, text: string): string {
  const masked = redactor.text(text);
  const plain = plainText(masked);
  return plain === masked ? masked : redactor.text(plain);
}

/** The one exit: everything that leaves is masked, then cut. Structured content keeps its characters: JSON escapes them. */
function shape(definition: ServerDefinition, outcome: CallOutcome): CallOutcome {
  const { redactor } = definition;
  const { text, data } = capResult({ text: shown(definition, outcome.result.text), data: redactor.value(outcome.result.data) });
  const ask = outcome.ask && {
    ...outcome.ask,
    message: shown(definition, outcome.ask.message),
    schema: redactor.value(outcome.ask.schema),
  };
  return { ...outcome, result: { text, data }, ...(ask && { ask }) };
}

function logUnexpected(definition: ServerDefinition, tool: string, id: string, error: unknown): string {
  const detail = definition.redactor.text(error instanceof Error ? (error.stack ?? error.message) : String(error));
  definition.logger.error("a tool failed unexpectedly", { tool, call: id, error: detail.slice(0, 4000) });
  return detail.slice(0, 1000);
}

async function record(definition: ServerDefinition, entry: AuditEntry & { detail?: string }): Promise<boolean> {
  try {
    await definition.audit.append(entry);
    return true;
  } catch (error) {
    definition.logger.error("the audit could not be written", {
      call: entry.id,
      error: error instanceof Error ? error.message : String(error),
    });
    return false;
  }
}

function unrecorded(result: ToolResult): ToolResult {
  return {
    text: `${result.text}\n(This call could not be written to the audit; tell the operator.)`,
    data: { ...result.data, audit: "not_written" },
  };
}
