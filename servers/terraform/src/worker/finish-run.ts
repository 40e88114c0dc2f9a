import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FinishTask, WorkspaceState } from "./run-contract.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";
import { fileNameOf, workspaceFolder } from "./workspace/run-files.ts";
import { loadConfig, lockOf } from "./workspace/workspace-context.ts";

/** A closed run as it is kept after Temporal has forgotten it. */
export interface RunReport extends FinishTask {
  readonly version: 1;
  readonly workflow_id: string;
  /** Temporal's id of this execution. */
  readonly run_id: string;
  readonly environment: string;
  readonly config_path?: string;
  readonly workspace_root: string;
  /** ms since the epoch, as `started_at`. */
  readonly finished_at: number;
}

/** The pointer file reports/<run>.json: what a list shows, and the artifact with the rest. */
export interface ReportPointer {
  readonly workflow_id: string;
  readonly report: string;
  readonly phase: string;
  readonly started_at: number;
  readonly finished_at: number;
  readonly destroy?: true;
}

/**
 * Writes the report of a run that is about to close, and gives back what the run still holds. Answers the report's
 * artifact. Doing it twice is harmless.
 */
export async function finishRun(deps: WorkerDeps, call: StepCall, task: FinishTask): Promise<string> {
  const { config, environment } = await loadConfig(deps, task.config);
  const finished_at = Date.now();
  const report: RunReport = {
    version: 1,
    workflow_id: call.run,
    run_id: call.execution,
    environment: environment.name,
    ...(config.config_path === undefined ? {} : { config_path: config.config_path }),
    workspace_root: config.workspace_root,
    finished_at,
    ...task,
  };
  const digest = await deps.artifacts.putJson(report, { kind: "report" });
  const { phase, started_at, destroy } = task;
  const pointer: ReportPointer = {
    workflow_id: call.run,
    report: digest,
    phase,
    started_at,
    finished_at,
    ...(destroy === true ? { destroy } : {}),
  };
  const path = deps.directory.path("reports", `${fileNameOf(call.run)}.json`);
  await mkdir(deps.directory.path("reports"), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(pointer), { mode: 0o600 });
  await rename(`${path}.new`, path);
  for (const workspace of config.workspaces) await lockOf(deps, workspace).release(call.run);
  for (const node of task.nodes)
    if (isJudged(node.state) && node.plan !== undefined)
      await clearJournal(workspaceFolder(deps.directory, call.run, node.name, node.plan));
  await deps.audit.append({
    kind: "run",
    actor: task.requester,
    what: "terraform run",
    target: config.config_path ?? config.workspace_root,
    digest,
    outcome: task.phase,
    id: call.run,
  });
  return digest;
}

/** How its apply ended is known, and its failure is kept, masked; where it is in doubt, a person may want every word. */
const isJudged = (state: WorkspaceState): boolean => state === "applied" || state === "partial" || state === "failed";

/**
 * What the program printed may hold secrets, and nobody needs it once it is judged. The journal's own files stay: they make
 * a second start impossible, even by a worker that was frozen all the time.
 */
async function clearJournal(folder: string): Promise<void> {
  for (const name of ["out", "err"]) await rm(join(folder, name), { force: true });
}
