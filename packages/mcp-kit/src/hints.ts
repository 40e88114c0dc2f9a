import type { Tool } from "./tool.ts";

/**
 * The hints of the protocol. Of a tool that changes nothing the two about changes mean nothing, by the protocol, and are left
 * out, as is what the protocol assumes (an open world) and the title, which stands beside them: a model pays for every word of
 * a list. Of all others those that clients decide by are explicit, since they take an absent one for different things.
 */
export interface Hints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** Derives the hints of a tool from its effect. They inform a client; nothing here relies on them. */
export function hintsOf(tool: Tool): Hints {
  const openWorldHint = tool.openWorld ?? true;
  if (tool.effect === "read") return { readOnlyHint: true, ...(openWorldHint ? {} : { openWorldHint }) };
  return {
    readOnlyHint: false,
    destructiveHint: tool.effect === "destroy",
    ...(tool.idempotent && { idempotentHint: true }),
    openWorldHint,
  };
}

/**
 * The `_meta` of a tool. `anthropic/requiresUserInteraction` makes Claude Code (2.1.199 or newer) prompt for every call,
 * in every permission mode; other clients ignore it.
 */
export function metaOf(tool: Tool): Record<string, unknown> | undefined {
  return tool.effect === "destroy" ? { "anthropic/requiresUserInteraction": true } : undefined;
}
