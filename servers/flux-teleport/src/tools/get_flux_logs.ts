import { OpsError } from "@platform-ops/errors";
import { quoteData } from "@platform-ops/mcp-kit";
import { checkName } from "@platform-ops/remote-command";
import { z } from "zod";
import { FLUX_CONTROLLERS } from "../flux/kinds.ts";
import { readLogs, type LogEntry } from "../flux/logs.ts";
import { withCluster } from "../flux/open-cluster.ts";
import { short } from "../page.ts";
import { kubernetes, since } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { logs: "", entries: [] };
/** Lines that are looked through when only some are wanted. */
const LOOKED_THROUGH = 3_000;
const SHOWN_MESSAGE = 600;
/** Lines, where the call does not say. */
const TAIL = 50;
const ROOM = 6_500;

export const get_flux_logs = operationsTool({
  name: "get_flux_logs",
  title: "Get Flux logs",
  description: "A controller's log, by [namespace/]name, level, since (30m).",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  failing: "Failed to get logs",
  input: z.strictObject({
    ...kubernetes,
    component: z.string().max(40).default("kustomize-controller"),
    tail: z.int().min(1).max(1000).optional(),
    name: z.string().max(253).optional(),
    level: z.string().max(10).optional(),
    since,
  }),
  async run({ cluster, node, component, tail = TAIL, name: about, level, since }, deps, call, said) {
    if (!FLUX_CONTROLLERS.some((one) => one === component)) {
      throw new OpsError("invalid_input", `Invalid component. Must be one of: [${FLUX_CONTROLLERS.join(", ")}]`);
    }
    const wanted = { ...objectOf(about), ...(level === undefined ? {} : { level }) };
    return withCluster(deps, call, { cluster, node }, said, { title: `Read the log of ${component}`, empty: EMPTY }, async (kubectl) => {
      const output = await kubectl.logs({
        namespace: "flux-system",
        selector: { app: component },
        container: "manager",
        tail: Object.keys(wanted).length > 0 ? LOOKED_THROUGH : tail,
        ...(since === undefined ? {} : { since }),
      });
      const all = readLogs(output, wanted);
      const { entries, truncated } = newest(all.slice(-tail));
      const lines = entries.map(logLine).join("\n");
      const data = { logs: lines, entries, count: entries.length, truncated: truncated || all.length > tail };
      return done(`Retrieved ${entries.length} lines from ${component}`, data, logsText(component, lines, data.truncated));
    });
  },
});

/** `name` or `namespace/name`. @throws OpsError invalid_input */
function objectOf(about: string | undefined): { name?: string; namespace?: string } {
  if (about === undefined) return {};
  const [name = "", namespace] = about.split("/").toReversed();
  return {
    name: checkName("object", name, "name"),
    ...(namespace === undefined ? {} : { namespace: checkName("namespace", namespace, "namespace") }),
  };
}

function logsText(component: string, lines: string, isTruncated: boolean): string {
  if (lines === "") return "Nothing of the kind in what the log still holds.";
  return `${quoteData(component, lines)}${isTruncated ? "\nOlder lines were left out: filter by name or level, or ask with since." : ""}`;
}

/** The newest entries that there is room for, in the order of time. */
function newest(all: readonly LogEntry[]): { entries: LogEntry[]; truncated: boolean } {
  let used = 0;
  let from = all.length;
  while (from > 0) {
    used += logLine(all[from - 1] as LogEntry).length;
    if (used > ROOM && from < all.length) break;
    from -= 1;
  }
  return { entries: all.slice(from).map(shortened), truncated: from > 0 };
}

const shortened = (entry: LogEntry): LogEntry => ({
  ...entry,
  message: short(entry.message, SHOWN_MESSAGE),
  ...(entry.error === undefined ? {} : { error: short(entry.error, SHOWN_MESSAGE) }),
});

function logLine({ time, level, object, message, error, count }: LogEntry): string {
  const words = [
    time,
    level,
    object ?? "",
    short(message, SHOWN_MESSAGE),
    error === undefined ? "" : `error: ${short(error, SHOWN_MESSAGE)}`,
  ];
  return `${words.filter((word) => word !== "").join("  ")}${count > 1 ? `  (${count} times)` : ""}`;
}
