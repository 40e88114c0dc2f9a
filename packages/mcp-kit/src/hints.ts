import type { Tool } from "./tool.ts";

/**
 * The four hints of the protocol, all explicit, since its defaults differ from what a reader would guess. Without the title,
 * which stands beside them and goes before the one in here: a model pays for every word of a list.
 */
export interface Hints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** Derives the hints of a tool from its effect. They inform a client; nothing here relies on them. */
export function hintsOf(tool: Tool): Hints {
  return {
    readOnlyHint: tool.effect === "read",
    destructiveHint: tool.effect === "destroy",
    idempotentHint: tool.idempotent ?? tool.effect === "read",
    openWorldHint: tool.openWorld ?? true,
  };
}

/**
 * The `_meta` of a tool. `anthropic/requiresUserInteraction` makes Claude Code (2.1.199 or newer) prompt for every call,
 * in every permission mode; other clients ignore it.
 */
export function metaOf(tool: Tool): Record<string, unknown> | undefined {
  return tool.effect === "destroy" ? { "anthropic/requiresUserInteraction": true } : undefined;
}
