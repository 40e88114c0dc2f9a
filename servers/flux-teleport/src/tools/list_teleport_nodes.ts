import { quoteData } from "@platform-ops/mcp-kit";
import type { RemoteNode } from "@platform-ops/remote-command";
import { z } from "zod";
import { moreLine, pageOf } from "../page.ts";
import { clusterOf } from "../target.ts";
import { cluster, cursor, limit } from "./params.ts";
import { done, operationsTool } from "./result.ts";

/** Of a machine's labels in one line of text; the data has all that fit. */
const SHOWN_LABELS = 160;

export const list_teleport_nodes = operationsTool({
  name: "list_teleport_nodes",
  title: "List Teleport nodes",
  description: "Machines, labels. filter: part of hostname, or label=value.",
  effect: "read",
  toolset: "teleport",
  empty: { nodes: [], count: 0 },
  input: z.strictObject({ cluster, filter: z.string().max(100).optional(), limit, cursor }),
  async run({ cluster: given, filter, ...asked }, deps, call, said) {
    const name = await clusterOf(deps, given, said);
    const found = (await (await deps.remote()).nodes(name, call.signal)).filter((one) => filter === undefined || matches(one, filter));
    const twice = new Set(found.map(({ hostname }) => hostname).filter((one, at, all) => all.indexOf(one) !== at));
    const lineOf = (one: RemoteNode): string => nodeLine(one, twice.has(one.hostname));
    const page = pageOf(found, asked, (one) => ({ line: lineOf(one), data: shapeOf(one) }));
    const { next_cursor } = page;
    const data = {
      nodes: page.shown.map(shapeOf),
      count: found.length,
      truncated: next_cursor !== undefined,
      ...(next_cursor === undefined ? {} : { next_cursor }),
    };
    const matching = filter === undefined ? "" : ` matching '${filter}'`;
    if (found.length === 0) return done(`No nodes found in ${name}${matching}`, data, "", "warn");
    const lines = page.shown.map(lineOf);
    if (next_cursor !== undefined) lines.push(moreLine(page));
    return done(`Found ${found.length} node(s) in ${name}${matching}`, data, quoteData("nodes", lines.join("\n")));
  },
});

const shapeOf = ({ hostname, id, address, labels }: RemoteNode): Record<string, unknown> => ({
  hostname,
  address,
  labels,
  ...(id === undefined ? {} : { id }),
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
