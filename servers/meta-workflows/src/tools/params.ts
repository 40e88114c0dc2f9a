import { OpsError } from "@platform-ops/errors";
import type { Call } from "@platform-ops/mcp-kit";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { Agent } from "@platform-ops/meta-workflow-registry/run";
import { z } from "zod";
import { readJsonText } from "../runs/json-text.ts";

// Arguments that several tools have. What they mean is said once: a model reads every word of this.

export const workflowId = z.string().min(1).max(200);
export const workflow = z.string().min(1).max(200).describe("Its id.");
export const role = z.string().max(100).optional();
export const note = z.string().max(4_000).optional();
export const agentId = z.string().min(1).max(200);
export const agent = z
  .union([agentId, z.strictObject({ id: agentId, kind: z.string().max(100).optional(), parent: agentId.optional() })])
  .optional();
/** JSON as text is taken too. */
export const inputs = z.union([z.record(z.string().max(200), z.unknown()), z.string().max(300_000)]).optional();

/** Who asks: the agent that the call names, else the client's own name. */
export function agentOf(given: z.infer<typeof agent>, call: Call): Agent {
  if (given === undefined) return { id: call.actor };
  if (typeof given === "string") return { id: given };
  const { id, kind, parent } = given;
  return { id, ...(kind === undefined ? {} : { kind }), ...(parent === undefined ? {} : { parent }) };
}

/** @throws OpsError invalid_input */
export function inputsOf(given: z.infer<typeof inputs>): { readonly [name: string]: Json } {
  if (given === undefined) return {};
  const value = typeof given === "string" ? readJsonText(given === "" ? "{}" : given, "inputs") : given;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new OpsError("invalid_input", "inputs must be an object, or JSON of one.", { hint: 'Such as {"service": "shop"}.' });
  return value as { readonly [name: string]: Json };
}
