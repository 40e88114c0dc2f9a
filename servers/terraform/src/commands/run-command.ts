import { setTimeout as sleep } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { defineCommand, paint, printable, type Terminal, type Tone } from "@platform-ops/ledger";
import { OpsError } from "@platform-ops/errors";
import type { TerraformDeps } from "../deps.ts";
import { loadInfra } from "../infra/load-infra.ts";
import { markdownReport } from "../runs/markdown-report.ts";
import { nextCalls, printTally, renderStatus } from "../runs/render-status.ts";
import { readRun, type RunView } from "../runs/run-view.ts";
import { requireDependents } from "../runs/require-dependents.ts";
import { startRun } from "../runs/start-run.ts";

const POLL_MS = 300;

/** `run`: the source's starter. Starts, waits with a live view, and exits 0 when all is done, 1 when not. */
export const runCommand = defineCommand<TerraformDeps>({
  name: "run",
  summary: "Start a run and follow it to its end",
  usage: "run [CONFIG_PATH] [--plan [--expect-no-changes]] [--destroy] [--only NAME] [--markdown FILE] [--no-wait]",
  examples: [
    "run",
    "run --plan",
    "run environments/staging.yaml --only network --markdown plan.md",
    "run --plan --expect-no-changes",
    "run --destroy --plan",
  ],
  options: {
    plan: { type: "boolean", description: "Only plan, whatever the operations say" },
    "expect-no-changes": { type: "boolean", description: "With --plan: exit 1 where something has drifted or would change" },
    destroy: { type: "boolean", description: "Destroy what the workspaces made, dependents first, after an approval" },
    only: { type: "string", multiple: true, description: "Run only this workspace" },
    markdown: { type: "string", description: "Write a Markdown report, for a pull request" },
    "no-wait": { type: "boolean", description: "Print the id and return" },
  },
  async run({ positionals, options }, deps, terminal, signal) {
    const only = Array.isArray(options["only"]) ? options["only"] : undefined;
    const expectsNoChanges = options["expect-no-changes"] === true;
    if (expectsNoChanges && (options["plan"] !== true || options["no-wait"] === true))
      throw new OpsError("invalid_input", "--expect-no-changes is about the plans of a run: give --plan with it, and not --no-wait.");
    const loaded = await loadInfra({
      config_path: positionals[0] ?? "infra.yaml",
      roots: [...deps.roots],
      cwd: deps.config.cwd,
      ...(only === undefined ? {} : { only }),
    });
    const destroy = options["destroy"] === true;
    if (destroy) requireDependents(loaded);
    const config =
      options["plan"] === true
        ? {
            ...loaded.config,
            workspaces: loaded.config.workspaces.map((w) => ({
              ...w,
              operations: w.operations.filter((operation) => operation !== "apply"),
            })),
          }
        : loaded.config;
    const started = await startRun(deps, { config, selected: loaded.selected, requester: `tty:${deps.config.user}`, destroy });
    terminal.stdout(`WorkflowID: ${started.workflow_id}\nRunID: ${started.run_id}\n`);
    if (options["no-wait"] === true) return 0;
    const view = await follow(deps, started.workflow_id, signal, terminal);
    if (view.open)
      terminal.stderr(
        `Interrupted; the run goes on. To end it: ${deps.config.startedAs} call cancel_workflow '{"workflow_id":"${view.workflow_id}"}'\n`,
      );
    terminal.stdout(
      `${paintedStatus(printable(renderStatus(view, nextCalls(view, deps.config.startedAs, false), new Date())), terminal)}\n`,
    );
    const file = options["markdown"];
    if (typeof file === "string") await writeFile(file, markdownReport(view));
    const moved = expectsNoChanges ? view.workspaces.filter(({ phase }) => phase === "planned" || phase === "deferred") : [];
    if (moved.length > 0) terminal.stderr(`Not as it was left: ${printable(moved.map(({ name }) => name).join(", "))}.\n`);
    return view.phase === "completed" && moved.length === 0 ? 0 : 1;
  },
});

/** Prints what changes until the run has ended or the terminal is interrupted; the run itself goes on in that case. */
async function follow(deps: TerraformDeps, id: string, signal: AbortSignal, terminal: Terminal): Promise<RunView> {
  const seen = new Map<string, string>();
  let asked: string | undefined;
  for (;;) {
    const view = await readRun(deps, id);
    for (const workspace of view.workspaces) {
      if (seen.get(workspace.name) === workspace.phase) continue;
      seen.set(workspace.name, workspace.phase);
      if (workspace.phase !== "waiting")
        terminal.stderr(
          `${paint(terminal, "quiet", new Date().toISOString().slice(11, 19))}  ${printable(workspace.name)}: ${tonedPhase(workspace.phase, terminal)}${workspace.because === undefined ? "" : ` (${printable(workspace.because)})`}\n`,
        );
    }
    if (view.approval !== undefined && view.approval.id !== asked) {
      asked = view.approval.id;
      terminal.stderr(
        `Waiting for an approval until ${view.approval.expires_at} (${printTally(view.workspaces)}):\n  ${deps.config.startedAs} show ${asked}\n  ${deps.config.startedAs} approve ${asked}\n`,
      );
    }
    if (!view.open || signal.aborted) return view;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/^(applied|planned|unchanged|validated|completed)$/, "good"],
  [/^(failed|partial|in_doubt|rejected|expired|cancelled|conflict)$/, "bad"],
  [/^(awaiting_approval|held|credentials|blocked|deferred|needs_version)$/, "warning"],
];

function tonedPhase(phase: string, terminal: Terminal): string {
  const tone = TONES.find(([words]) => words.test(phase))?.[1];
  return tone === undefined ? phase : paint(terminal, tone, phase);
}

/** The status with its phases in colour and its labels standing back. */
function paintedStatus(text: string, terminal: Terminal): string {
  return text
    .replaceAll(/^(Phase: |- [^:]+: )(\w+)/gm, (_, before: string, phase: string) => before + tonedPhase(phase, terminal))
    .replaceAll(/^[A-Z][A-Za-z ]*:/gm, (label) => paint(terminal, "quiet", label));
}
