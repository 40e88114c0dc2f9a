import { environmentOf, Redactor, isMarkOfSecret, type Environment } from "@platform-ops/ledger";
import { OpsError } from "@platform-ops/errors";
import { mkdir, realpath } from "node:fs/promises";
import type { InfraConfig, Workspace } from "../../infra/infra-config.ts";
import { isInside } from "../../infra/paths.ts";
import { childEnvironment } from "../../terraform/child-environment.ts";
import { requireSameProgram } from "../../terraform/program.ts";
import type { Progress, StepContext } from "../../terraform/step.ts";
import type { RunEnvironment } from "../run-contract.ts";
import { lockKey, terraformDataFolder, workspaceFolder } from "./run-files.ts";
import type { StepCall, WorkerDeps } from "../worker-deps.ts";
import { WorkspaceLock } from "./workspace-lock.ts";

/** All that a step on one workspace needs, from artifacts and the worker's own policy. */
export interface WorkspaceContext {
  readonly config: InfraConfig;
  readonly workspace: Workspace;
  readonly environment: Environment;
  readonly variables: Readonly<Record<string, string>>;
  readonly redactor: Redactor;
  readonly step: StepContext;
  readonly lock: WorkspaceLock;
}

/** The configuration of a run and the environment that the worker's policy gives it. */
export async function loadConfig(deps: WorkerDeps, digest: string): Promise<{ config: InfraConfig; environment: Environment }> {
  const config = await deps.artifacts.getJson<InfraConfig>(digest);
  const { config_path, workspace_root } = config;
  // The folders count too: a configuration put elsewhere must not take them out of their environment.
  const dirs = config.workspaces.map((workspace) => workspace.dir);
  return {
    config,
    environment: environmentOf(deps.policy, { workspace_root, dirs, ...(config_path === undefined ? {} : { config_path }) }),
  };
}

/** The workspace with that name. @throws OpsError not_found */
export function workspaceOf(config: InfraConfig, name: string): Workspace {
  const found = config.workspaces.find((workspace) => workspace.name === name);
  if (found === undefined) throw new OpsError("not_found", `The run's configuration has no workspace ${JSON.stringify(name)}.`);
  return found;
}

/** The lock of a workspace. */
export function lockOf(deps: WorkerDeps, workspace: Workspace): WorkspaceLock {
  return new WorkspaceLock(deps.directory.path("locks"), lockKey(workspace));
}

/**
 * Opens a workspace for a step: folders, environment of the child, redactor that knows the run's secrets. With
 * `onlyFollows` nothing is begun any more, so that what was allowed when it was begun is not judged again.
 * @throws OpsError artifact_missing, conflict, path_not_allowed, program_missing, not_found
 */
export async function openWorkspace(
  deps: WorkerDeps,
  call: StepCall,
  task: { config: string; environment: string; name: string; lock_timeout_seconds: number },
  { onlyFollows = false } = {},
): Promise<WorkspaceContext> {
  const [{ config, environment }, run] = await Promise.all([
    loadConfig(deps, task.config),
    deps.artifacts.getJson<RunEnvironment>(task.environment),
  ]);
  const workspace = workspaceOf(config, task.name);
  if (!onlyFollows) requireSameFile(deps.operatorsFile, run.operators_file);
  if (!onlyFollows) await requireInside(workspace, deps.policy.roots ?? run.roots);
  const program = run.programs[workspace.kind];
  if (program === undefined)
    throw new OpsError("program_missing", `The run knows no ${workspace.kind}.`, {
      hint: `Install ${workspace.kind} and start a new run.`,
    });
  if (!onlyFollows) await requireSameProgram({ kind: workspace.kind, ...program }, deps.directory.path("programs.json"));
  const redactor = new Redactor();
  for (const [name, value] of Object.entries(run.variables)) if (isSecretVariable(name)) redactor.addSecret(value);
  const dataDir = terraformDataFolder(deps.directory, workspace, environment.name);
  const work = workspaceFolder(deps.directory, call.run, workspace.name, "work");
  await Promise.all([dataDir, work].map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  const step: StepContext = {
    program: { kind: workspace.kind, ...program },
    dir: workspace.dir,
    dataDir,
    env: childEnvironment(run.variables, dataDir),
    work,
    lockTimeoutSeconds: task.lock_timeout_seconds,
    signal: call.signal,
    handover: call.handover,
    redact: (text) => redactor.text(text),
    onProgress: (progress: Progress) => call.progress({ workspace: workspace.name, ...progress }),
  };
  return { config, workspace, environment, variables: run.variables, redactor, step, lock: lockOf(deps, workspace) };
}

/** A worker that another client started may decide by another file than the one that this run was started under. */
function requireSameFile(own: string | undefined, wanted: string | undefined): void {
  if (own === undefined || wanted === undefined || own === wanted) return;
  throw new OpsError("conflict", `The worker decides by the operator's file ${own}; this run was started under ${wanted}.`, {
    hint: "Start every client with the same PLATFORM_OPS_CONFIG. Then run `supervisor stop` at a terminal, and start the run again: it starts a worker with its file.",
    retryable: false,
  });
}

/** Variables whose values are secrets by their names; TF_TOKEN_<host> is terraform's own for registries. */
function isSecretVariable(name: string): boolean {
  return name.startsWith("TF_TOKEN_") || isMarkOfSecret(name.replace(/^TF_VAR_/, ""));
}

/**
 * The worker's own roots hold, where its policy names some; else those with which the run was started. The folder and the
 * variables file must still be what was checked then: a symbolic link that was put in their place since leads elsewhere.
 */
async function requireInside({ dir, tfvars }: Workspace, roots: readonly string[]): Promise<void> {
  for (const path of tfvars === undefined ? [dir] : [dir, tfvars]) {
    if (!roots.some((root) => isInside(root, path))) throw notAllowed(`${path} is outside the roots that this worker allows.`, roots);
    const now = await realpath(path).catch(() => path);
    if (now !== path) throw notAllowed(`${path} leads to another place (${now}) than when the run was started.`, roots);
  }
}

function notAllowed(message: string, roots: readonly string[]): OpsError {
  return new OpsError("path_not_allowed", message, { details: { roots: roots.slice(0, 20) } });
}
