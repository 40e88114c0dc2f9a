import { OpsError } from "@platform-ops/errors";
import { paint, table, type Command, type Terminal, type Tone } from "@platform-ops/ledger";
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

function toneOf(word: string): Tone | undefined {
  if (/^(COMPLETED)$/.test(word)) return "good";
  if (/^(FAILED|TERMINATED|TIMED_OUT)$|in_doubt/.test(word)) return "bad";
  return word === "blocked" || word.startsWith("awaiting_") ? "warning" : undefined;
}

function rowsOf(runs: readonly RunDescription[], terminal: Terminal): string[][] {
  const toned = (word: string): string => {
    const tone = toneOf(word);
    return tone === undefined ? word : paint(terminal, tone, word);
  };
  const heading = ["RUN", "STATUS", "PHASE", "KIND", "ENVIRONMENT", "STARTED"].map((word) => paint(terminal, "quiet", word));
  const rows = runs.map((run) => [
    shown(run.workflow_id),
    toned(run.status),
    toned(phaseOf(run)),
    shown(run.attributes.kind ?? ""),
    shown(run.attributes.environment ?? ""),
    run.started_at.slice(0, 19),
  ]);
  return [heading, ...rows];
}

function show(terminal: Terminal, runs: readonly RunDescription[], cursor: string | undefined, json: boolean): void {
  if (json) return terminal.stdout(`${JSON.stringify({ runs, ...(cursor === undefined ? {} : { cursor }) }, undefined, 2)}\n`);
  if (runs.length === 0) return terminal.stdout("No runs.\n");
  terminal.stdout(table(terminal, rowsOf(runs, terminal)));
  if (cursor !== undefined) terminal.stderr(`There are more: runs --cursor ${cursor}\n`);
}

/** `runs`: the runs of the data directory's Temporal, open ones first. */
export function runsCommand(port: RunsPort): Command<void> {
  return {
    name: "runs",
    summary: "List runs, open ones first",
    examples: ["runs --open", "runs --limit 50 --json"],
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
