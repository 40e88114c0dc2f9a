import { OpsError } from "@platform-ops/errors";
import type { Command, Terminal } from "@platform-ops/ledger";
import type { Orchestration } from "../contract/orchestration.ts";
import type { RunDescription } from "../contract/run.ts";

/** What `runs` needs: Temporal, opened only when the command is run. */
export interface RunsPort {
  open(): Promise<Pick<Orchestration, "list" | "close" | "inUse">>;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

function limitOf(value: string | boolean | string[] | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = typeof value === "string" && /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > MAX_LIMIT)
    throw new OpsError("invalid_input", `--limit accepts 1 to ${MAX_LIMIT}.`, { hint: "For example: runs --limit 50" });
  return limit;
}

/** Ids come from whoever could reach Temporal: nothing in them may move the cursor. */
const shown = (text: string): string => text.replace(CONTROL, "?");

function phaseOf(run: RunDescription): string {
  // Every server keeps the phase of its runs under the memo's key `run`.
  const phase = (run.memo["run"] as { phase?: unknown } | undefined)?.phase;
  return typeof phase === "string" ? shown(phase) : "";
}

function table(runs: readonly RunDescription[]): string {
  const rows = runs.map((run) => [
    shown(run.workflow_id),
    run.status,
    phaseOf(run),
    shown(run.attributes.kind ?? ""),
    shown(run.attributes.environment ?? ""),
    run.started_at.slice(0, 19),
  ]);
  const all = [["RUN", "STATUS", "PHASE", "KIND", "ENVIRONMENT", "STARTED"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function show(terminal: Terminal, runs: readonly RunDescription[], cursor: string | undefined, json: boolean): void {
  if (json) return terminal.stdout(`${JSON.stringify({ runs, ...(cursor === undefined ? {} : { cursor }) }, undefined, 2)}\n`);
  if (runs.length === 0) return terminal.stdout("No runs.\n");
  terminal.stdout(`${table(runs)}\n`);
  if (cursor !== undefined) terminal.stderr(`There are more: runs --cursor ${cursor}\n`);
}

/** `runs`: the runs of the data directory's Temporal, open ones first. */
export function runsCommand(port: RunsPort): Command<void> {
  return {
    name: "runs",
    summary: "List runs, open ones first",
    usage: "runs [--open] [--server NAME] [--limit N] [--cursor C] [--json]",
    options: {
      open: { type: "boolean", description: "Only runs that are open" },
      server: { type: "string", description: "Only runs of one server, e.g. terraform" },
      limit: { type: "string", description: `How many, 1 to ${MAX_LIMIT} (${DEFAULT_LIMIT})` },
      cursor: { type: "string", description: "Read on where the last list ended" },
      json: { type: "boolean", description: "As JSON" },
    },
    async run({ options }, _deps, terminal) {
      const { open, server, cursor, json } = options;
      const limit = limitOf(options["limit"]);
      const orchestration = await port.open();
      try {
        const page = await orchestration.list({
          limit,
          ...(open === true ? { open } : {}),
          ...(typeof server === "string" ? { server } : {}),
          ...(typeof cursor === "string" ? { cursor } : {}),
        });
        show(terminal, page.runs, page.cursor, json === true);
        return 0;
      } finally {
        await orchestration.close();
      }
    },
  };
}
