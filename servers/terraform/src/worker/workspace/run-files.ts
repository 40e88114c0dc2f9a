import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256, type DataDirectory } from "@platform-ops/ledger";

// Files of runs in the data directory: runs/<run>/<workspace>/{view.json,work/,<plan digest>/}.

/** What anyone may look up of one workspace of a run: digests of artifacts and times, nothing that needs masking. */
export interface WorkspaceView {
  /** Artifact of the masked plan (PlanView). */
  readonly plan_view?: string;
  /** Artifact of the plan record. */
  readonly plan?: string;
  readonly outputs?: string;
  /** Artifact of the failure's text. */
  readonly failure?: string;
  /** ISO 8601. */
  readonly planned_from?: string;
  readonly planned_to?: string;
  readonly applied_from?: string;
  readonly applied_to?: string;
}

/** A name as a file name: letters, digits, `_`, `-` and inner dots stay, all else is percent-encoded. */
export function fileNameOf(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, "%2E")
    .slice(0, 200);
}

/** Folder of a run. */
export function runFolder(directory: DataDirectory, run: string, ...rest: string[]): string {
  return directory.path("runs", fileNameOf(run), ...rest);
}

/** Folder of one workspace in a run. */
export function workspaceFolder(directory: DataDirectory, run: string, workspace: string, ...rest: string[]): string {
  return runFolder(directory, run, fileNameOf(workspace), ...rest);
}

/** Adds to the workspace's view. One activity at a time works on a workspace of a run, so that nothing is lost. */
export async function updateView(directory: DataDirectory, run: string, workspace: string, change: WorkspaceView): Promise<void> {
  const path = workspaceFolder(directory, run, workspace, "view.json");
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(temporary, JSON.stringify({ ...(await readView(directory, run, workspace)), ...change }), { mode: 0o600 });
  await rename(temporary, path);
}

/** The workspace's view; empty where nothing is known of it. */
export async function readView(directory: DataDirectory, run: string, workspace: string): Promise<WorkspaceView> {
  try {
    return JSON.parse(await readFile(workspaceFolder(directory, run, workspace, "view.json"), "utf8")) as WorkspaceView;
  } catch {
    return {};
  }
}

/** Data directory (TF_DATA_DIR) of a workspace in an environment, warm between runs. */
export function terraformDataFolder(directory: DataDirectory, workspace: { kind: string; dir: string }, environment: string): string {
  return directory.path("terraform-data", sha256(JSON.stringify([workspace.kind, workspace.dir, environment])).slice(0, 32));
}

/** Names the lock of a workspace: its folder, whatever program or environment works on it. */
export function lockKey(workspace: { dir: string }): string {
  return sha256(workspace.dir).slice(0, 32);
}
