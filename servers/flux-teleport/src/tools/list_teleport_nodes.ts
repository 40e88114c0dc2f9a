import { OpsError } from "@platform-ops/errors";
import { quoteData } from "@platform-ops/mcp-kit";
import type { RemoteNode } from "@platform-ops/remote-command";
import { z } from "zod";
import { clusterOf } from "../target.ts";
import { cluster, cursor } from "./params.ts";
import { done, operationsTool } from "./result.ts";

/** Machines in one answer. */
const SHOWN = 60;
/** Of a machine's labels in one line of text; the data has all that fit. */
const SHOWN_LABELS = 160;

export const list_teleport_nodes = operationsTool({
  name: "list_teleport_nodes",
  title: "List Teleport nodes",
  description: "Machines with labels. filter: part of a hostname, or label=value.",
  effect: "read",
  toolset: "teleport",
  empty: { nodes: [], count: 0 },
  input: z.strictObject({ cluster, filter: z.string().max(100).optional(), cursor }),
  async run({ cluster: given, filter, cursor: from }, deps, call, said) {
    const name = await clusterOf(deps, given, said);
    const found = (await (await deps.remote()).nodes(name, call.signal)).filter((one) => filter === undefined || matches(one, filter));
    const start = startOf(from);
    const nodes = found
      .slice(start, start + SHOWN)
      .map(({ hostname, id, address, labels }) => ({ hostname, address, labels, ...(id === undefined ? {} : { id }) }));
    const next = start + SHOWN < found.length ? String(start + SHOWN) : undefined;
    const data = { nodes, count: found.length, truncated: next !== undefined, ...(next === undefined ? {} : { next_cursor: next }) };
    const matching = filter === undefined ? "" : ` matching '${filter}'`;
    if (found.length === 0) return done(`No nodes found in ${name}${matching}`, data, "", "warn");
    const twice = new Set(found.map(({ hostname }) => hostname).filter((one, at, all) => all.indexOf(one) !== at));
    const lines = nodes.map((one) => nodeLine(one, twice.has(one.hostname)));
    if (next !== undefined) lines.push(`Showing ${nodes.length} of ${found.length}; more with cursor ${next}`);
    return done(`Found ${found.length} node(s) in ${name}${matching}`, data, quoteData("nodes", lines.join("\n")));
  },
});

/** A part of the hostname in any case, or an exact `label=value`. */
function matches({ hostname, labels }: RemoteNode, filter: string): boolean {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(filter) ?? [];
  return hostname.toLowerCase().includes(filter.toLowerCase()) || (key !== undefined && labels[key] === value);
}

function nodeLine({ hostname, id, address, labels }: RemoteNode, isTwin: boolean): string {
  const shown = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
  const cut = shown.length > SHOWN_LABELS ? `${shown.slice(0, SHOWN_LABELS)}…` : shown;
  return [hostname, address === "" ? "(tunnel)" : address, isTwin ? `id ${id ?? "unknown"}` : "", cut]
    .filter((part) => part !== "")
    .join("  ");
}

function startOf(given: string | undefined): number {
  if (given === undefined) return 0;
  if (!/^\d{1,6}$/.test(given))
    throw new OpsError("invalid_input", "cursor is not one that this tool gave.", { hint: "Use next_cursor of the last answer, or none." });
  return Number(given);
}
