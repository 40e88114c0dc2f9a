import { OpsError } from "@platform-ops/errors";
import type { ToolReply } from "@platform-ops/mcp-kit/client";
import type { Json, Template } from "@platform-ops/meta-workflow-registry/definition";
import { fillTemplate } from "@platform-ops/meta-workflow-registry/expression";
import type { CallOptions, CallOutcome, ServerCall } from "@platform-ops/meta-workflow-registry/run";
import { NO_BINDINGS } from "../bindings/bindings.ts";
import { simulate } from "../bindings/simulate.ts";
import type { CallContext, ExecutorDeps } from "../executor-deps.ts";
import { secretValues } from "../secret-values.ts";
import { failed } from "../outcome.ts";
import type { BuiltInTool } from "./built-in-tool.ts";
import { plainArguments } from "./plain-arguments.ts";
import type { ToolServers } from "./tool-servers.ts";

export type ToolCall = Extract<ServerCall, { kind: "tool" }>;

/** What tools are called with. */
export interface ToolPorts {
  readonly deps: ExecutorDeps;
  readonly servers: ToolServers;
  /** Tools of ours that need no server, by `server/tool`. */
  readonly builtIn: ReadonlyMap<string, BuiltInTool>;
}

/** What stays in a run; a larger answer becomes an artifact. */
const INLINE = 131_072;
const HEAD = 4_096;
/** Codes of our own servers which say that something may have happened. */
const MAY_HAVE_HAPPENED = new Set(["in_doubt", "not_confirmed", "connection_lost", "timed_out", "unexpected"]);

/**
 * Calls a tool for a step: by server and name, or by a capability that `bindings.yaml` binds.
 * @throws OpsError as `ToolServer.call`; not_found (a capability that is not bound, a tool that is not there), not_allowed
 */
export async function callTool(
  ports: ToolPorts,
  call: ToolCall,
  options: Pick<CallOptions, "effect_key" | "read_only" | "timeout">,
  context: CallContext,
): Promise<CallOutcome> {
  const { capability } = call;
  const args = { ...call.args, ...secretValues(ports.deps, call.secret_args ?? {}, context) };
  if (capability === undefined) return callNamed(ports, call.server ?? "", call.tool ?? "", args, options, context);
  const { capabilities } = ports.deps.bindings();
  const binding = Object.hasOwn(capabilities, capability) ? capabilities[capability] : undefined;
  if (binding === undefined)
    throw new OpsError("not_found", `The capability ${JSON.stringify(capability.slice(0, 100))} is not bound to anything.`, {
      hint: "Let the operator bind it in the file that meta_workflows.bindings names.",
    });
  if (binding.kind === "simulated") return simulate(capability, binding.answers, args);
  const filled = binding.args === undefined ? args : asArguments(fill(binding.args, { args }, capability), capability);
  const outcome = await callNamed(ports, binding.server, binding.tool, filled, options, context);
  if (binding.output === undefined || outcome.status !== "done") return outcome;
  return { ...outcome, output: fill(binding.output, { args, data: outcome.output }, capability) };
}

/** Whether the tool itself sees to it that a repeated call does nothing twice. */
export function isRepeatable({ deps, builtIn }: ToolPorts, { server, tool, capability }: ToolCall): boolean {
  const { capabilities } = capability === undefined ? NO_BINDINGS : deps.bindings();
  const binding = capability !== undefined && Object.hasOwn(capabilities, capability) ? capabilities[capability] : undefined;
  if (binding?.kind === "simulated") return true;
  return builtIn.get(binding === undefined ? `${server}/${tool}` : `${binding.server}/${binding.tool}`)?.repeatable === true;
}

async function callNamed(
  ports: ToolPorts,
  server: string,
  tool: string,
  args: { readonly [name: string]: Json },
  options: Pick<CallOptions, "effect_key" | "read_only" | "timeout">,
  context: CallContext,
): Promise<CallOutcome> {
  const { deps, servers, builtIn } = ports;
  const name = `${server}/${tool}`;
  const own = builtIn.get(name);
  if (own !== undefined) {
    if (options.read_only && !own.readOnly) throw changes(name);
    return own.run(deps, plainArguments(args), {
      ...context,
      effect_key: options.effect_key,
      read_only: options.read_only,
      timeout: options.timeout,
    });
  }
  const known = await servers.tool(server, tool, context.signal);
  if (known === undefined)
    throw new OpsError("not_found", `The MCP server ${server} has no tool ${JSON.stringify(tool.slice(0, 128))}.`, {
      hint: "Correct the step, or the binding.",
    });
  // What is only looked at is looked at again without a thought: a tool that does not say that it only reads is no look.
  if (options.read_only && known.readOnly !== true) throw changes(name);
  const reply = await (await servers.server(server)).call(tool, args, { timeoutMs: options.timeout, signal: context.signal });
  return outcomeOfReply(deps, name, reply, options.read_only);
}

const changes = (name: string): OpsError =>
  new OpsError("not_allowed", `${name} does not say that it only reads, so it is no look and no step with effects: read.`, {
    hint: "Give the step the effects that it has: write or destructive.",
  });

async function outcomeOfReply(deps: ExecutorDeps, name: string, reply: ToolReply, readOnly: boolean): Promise<CallOutcome> {
  const output = await outputOf(deps, reply);
  if (!reply.isError) return { status: "done", output, simulated: reply.data["simulated"] === true };
  const { error, status, approval } = reply.data as { error?: { code?: unknown }; status?: unknown; approval?: unknown };
  const code = typeof error?.code === "string" && /^[a-z][a-z0-9_]{0,62}$/.test(error.code) ? error.code : "tool_failed";
  if (status === "awaiting_approval" && typeof approval === "string" && /^apr_[0-9A-Za-z]{10,64}$/.test(approval))
    return failed(
      "approval_needed",
      `${name} did nothing: it waits for a person to decide ${approval}. Decided, the same call does it.`,
      output,
    );
  if (!readOnly && MAY_HAVE_HAPPENED.has(code))
    return { status: "unknown", message: `${name} says that it is not known what it did (${code}).` };
  return failed(code, `${name} answered with a failure${code === "tool_failed" ? "" : ` (${code})`}; its words are in the output.`, output);
}

/** The tool's data, else its text: masked, and whole only where it is small enough to stay in a run. */
async function outputOf(deps: ExecutorDeps, { text, data }: ToolReply): Promise<Json> {
  const whole = deps.redactor.value(Object.keys(data).length === 0 ? { text } : data) as Json;
  const json = JSON.stringify(whole);
  if (json.length <= INLINE) return whole;
  const artifact = await deps.artifacts.put(json, { kind: "tool_result" });
  return { artifact, bytes: Buffer.byteLength(json), truncated: true, text: deps.redactor.text(text).slice(0, HEAD) };
}

function fill(template: Template, scope: { readonly [name: string]: Json }, capability: string): Json {
  try {
    return fillTemplate(template, scope);
  } catch (cause) {
    throw new OpsError(
      "invalid_config",
      `The binding of ${capability} cannot be filled in: ${cause instanceof Error ? cause.message : ""}`,
      {
        hint: "Correct it in bindings.yaml, or what the step gives it.",
        cause,
      },
    );
  }
}

function asArguments(value: Json, capability: string): { readonly [name: string]: Json } {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as { readonly [name: string]: Json };
  throw new OpsError("invalid_config", `The binding of ${capability} gives no arguments.`);
}
