import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { EVENT_PROJECTION, foldEvents, isSince, type FoldedEvent } from "../flux/events.ts";
import { fluxKind } from "../flux/kinds.ts";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { moreLine, pageOf, short } from "../page.ts";
import { milliseconds } from "../flux/read-since.ts";
import { cursor, kind, kubernetes, limit, namespace, objectName, since } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { events: [], count: 0 };
const SHOWN_MESSAGE = 500;

export const get_kustomization_events = operationsTool({
  name: "get_kustomization_events",
  title: "Get Kustomization events",
  description: "Of any kind, newest first.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  failing: "Failed to get events",
  input: z.strictObject({ ...kubernetes, name: objectName, namespace, kind, since, limit, cursor }),
  async run({ cluster, node, name, namespace: given, kind, since, ...asked }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const of = fluxKind(kind ?? "Kustomization").kind;
    const from = since === undefined ? undefined : new Date(Date.now() - milliseconds(since));
    return withCluster(
      deps,
      call,
      { cluster, node },
      said,
      { title: `Read the events of ${of} ${name}`, empty: EMPTY },
      async (kubectl) => {
        const fields = { "involvedObject.kind": of, "involvedObject.name": name };
        const { rows } = await kubectl.list(["events"], { namespace, fields }, EVENT_PROJECTION);
        const events = foldEvents(rows).filter((event) => from === undefined || isSince(event, from));
        const page = pageOf(events, asked, (event) => ({ line: eventLine(event), data: shapeOf(event), more: eventLine(event).length }));
        const more = moreLine(page);
        const lines = [...page.shown.map(eventLine), ...(more === "" ? [] : [more])].join("\n");
        const data = {
          events: page.shown.map(shapeOf),
          count: events.length,
          truncated: page.next_cursor !== undefined,
          ...(page.next_cursor === undefined ? {} : { next_cursor: page.next_cursor }),
        };
        return done(
          `Retrieved events for ${name}`,
          data,
          lines === "" ? "No events: Kubernetes keeps them for an hour." : quoteData("events", lines),
        );
      },
    );
  },
});

const shapeOf = ({ type, reason, message, count, first, last, from }: FoldedEvent): Record<string, unknown> => ({
  type,
  reason,
  message: short(message, SHOWN_MESSAGE),
  count,
  first,
  last,
  ...(from === undefined ? {} : { from }),
});

function eventLine({ last, type, reason, message, count }: FoldedEvent): string {
  return `${last}  ${type}  ${reason}${count > 1 ? ` (${count} times)` : ""}  ${short(message, SHOWN_MESSAGE)}`;
}
