import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Ask, Call, Tool, ToolResult } from "@platform-ops/mcp-kit";
import type { z } from "zod";
import { tool, type FluxTeleportDeps } from "../deps.ts";
import { failureMessage, remedyFor, type Facts } from "./remedy.ts";

/** What every result of this server has, besides what it is about. */
export interface Base {
  readonly success: boolean;
  readonly message: string;
  /** What a person may run to mend it; words of the operator's file, never run by us. */
  readonly ansible_command: string | null;
  readonly ansible_steps: readonly string[];
}

/** ok: done. warn: done, and something should be looked at. */
export type Mark = "ok" | "warn";
const MARKS = { ok: "✅", warn: "⚠️" } as const;

/** A result in the shape of the source: `body` is the text below the message, `data` the same facts as keys. */
export function done(message: string, data: Record<string, unknown>, body = "", mark: Mark = "ok"): ToolResult {
  const said = `${MARKS[mark]} ${message}`;
  return {
    text: body === "" ? said : `${said}\n${body}`,
    data: { success: true, message: said, ...data, ansible_command: null, ansible_steps: [] },
  };
}

/**
 * A failure with the keys that success has: `data` holds the tool's own, with null or empty values; `facts` are what is known
 * of the target, echoed. The message is the source's where it has one for this code.
 */
export function failed(
  deps: Pick<FluxTeleportDeps, "config">,
  failure: OpsError,
  facts: Facts,
  data: Record<string, unknown> = {},
  body = "",
): ToolResult {
  const message = `❌ ${failureMessage(failure, facts)}`;
  const { command, steps } = remedyFor(deps.config.settings.remote, failure, facts);
  const parts = [message, body, command === null ? "" : `A person may run: ${command}`, numbered(steps)].filter((part) => part !== "");
  return {
    text: parts.join("\n"),
    data: { success: false, message, ...facts, ...data, ...raw(failure), ansible_command: command, ansible_steps: steps },
    failure,
  };
}

/** What a program printed instead of what was asked for, or as its reason: data, whoever wrote it. */
function raw({ details: { raw_output, stderr } }: OpsError): Record<string, unknown> {
  return {
    ...(typeof raw_output === "string" ? { raw_output } : {}),
    ...(typeof stderr === "string" ? { raw_error: stderr } : {}),
  };
}

function numbered(steps: readonly string[]): string {
  return steps.length === 0 ? "" : `Steps for a person:\n${steps.map((step, index) => `${index + 1}. ${step}`).join("\n")}`;
}

/** What a tool learns on its way and every result of it echoes: cluster, node, user, name, namespace, … */
export type Said = Record<string, unknown>;

/** A tool of this server: `empty` are its own keys as a failure has them. `said` may be added to; all of it is echoed in success and failure. */
export interface OperationsTool<I extends z.ZodObject> extends Omit<Tool<I, FluxTeleportDeps>, "run"> {
  readonly empty?: Readonly<Record<string, unknown>>;
  /** Words before the reason where Kubernetes did not do it: `Failed to suspend`. */
  readonly failing?: string;
  run(input: z.infer<I>, deps: FluxTeleportDeps, call: Call, said: Said): Promise<ToolResult | Ask>;
}

/** Failures of what was begun in Kubernetes; others say themselves that it was not. */
const BEGUN: ReadonlySet<string> = new Set([
  "command_failed",
  "conflict",
  "flux_missing",
  "in_doubt",
  "kubernetes_denied",
  "kubernetes_unreachable",
  "object_not_found",
]);

function inWords(failure: OpsError, failing: string | undefined): OpsError {
  if (failing === undefined || !BEGUN.has(failure.code) || failure.message.startsWith(failing)) return failure;
  const { hint, details, retryable } = failure;
  return new OpsError(failure.code, `${failing}: ${failure.message}`, { hint, details, retryable, cause: failure });
}

/** Adds what should be known of the way to the cluster. */
async function warned(deps: FluxTeleportDeps, { cluster }: Said, result: ToolResult): Promise<ToolResult> {
  const warning = typeof cluster === "string" ? await deps.versionWarning(cluster, result.failure !== undefined) : undefined;
  if (warning === undefined) return result;
  return { ...result, text: `${result.text}\n${MARKS.warn} ${warning}`, data: { ...result.data, warning } };
}

/** The arguments that are echoed. */
const ECHOED = ["cluster", "node", "user", "name", "namespace", "kind", "command", "component", "filter"] as const;

/** Defines a tool whose failures have the shape of its successes, whatever the way they came. */
export function operationsTool<I extends z.ZodObject>(definition: OperationsTool<I>): Tool<I, FluxTeleportDeps> {
  const { empty = {}, failing, run, ...rest } = definition;
  return tool<I>({
    ...(rest as Omit<Tool<I, FluxTeleportDeps>, "run">),
    async run(input, deps, call) {
      const said: Said = {};
      for (const key of ECHOED) if (key in definition.input.shape) said[key] = (input as Said)[key] ?? null;
      try {
        const result = await run(input, deps, call, said);
        if ("ask" in result) return result;
        const { success, message, ...data } = result.data;
        return await warned(deps, said, { ...result, data: { success, message, ...said, ...data } });
      } catch (error) {
        if (!isOpsError(error)) throw error;
        return await warned(deps, said, failed(deps, inWords(error, failing), said, empty));
      }
    },
  });
}
