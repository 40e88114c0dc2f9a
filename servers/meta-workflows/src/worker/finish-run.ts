import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { FinishTask } from "./activity-contract.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** A closed run as it is kept when Temporal has forgotten it. */
export interface RunReport extends FinishTask {
  readonly run_id: string;
  readonly finished_at: string;
}

/** What reports/<run>.json holds: where the report is, and enough to list it. */
export interface ReportPointer {
  readonly server: "meta-workflows";
  readonly run_id: string;
  readonly workflow: string;
  readonly status: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly report: string;
}

/** Writes the report of a run before it closes, and its line in the audit. */
export async function finishRun({ artifacts, audit, directory }: WorkerDeps, run_id: string, task: FinishTask): Promise<void> {
  const finished_at = new Date().toISOString();
  const report: RunReport = { ...task, run_id, finished_at };
  const digest = await artifacts.putJson(report, { kind: "report" });
  const pointer: ReportPointer = {
    server: "meta-workflows",
    run_id,
    workflow: task.workflow,
    status: task.end.status,
    started_at: new Date(task.started_at).toISOString(),
    finished_at,
    report: digest,
  };
  const path = directory.path("reports", `${encodeURIComponent(run_id)}.json`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.partial`, JSON.stringify(pointer), { mode: 0o600 });
  await rename(`${path}.partial`, path);
  await audit.append({
    kind: "run",
    actor: task.requester,
    what: task.workflow,
    target: run_id,
    digest,
    outcome: task.end.status,
    id: run_id,
    ...(task.end.error === undefined ? {} : { code: task.end.error.code }),
  });
}
