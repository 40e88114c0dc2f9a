import { environmentOf } from "@platform-ops/ledger";
import { OpsError } from "@platform-ops/errors";
import { ulid } from "ulid";
import type { TerraformDeps } from "../deps.ts";
import { SERVER, VERSION } from "../identity.ts";
import type { InfraConfig, Workspace } from "../infra/infra-config.ts";
import { RUN_ID_PREFIX, WORKFLOW_TYPE, type RunInput, type RunNode } from "../worker/run-contract.ts";
import { startMemo } from "../worker/run-memo.ts";
import { captureEnvironment } from "./run-environment.ts";
import { runQueue } from "./task-queue.ts";

/** What to run: a checked configuration, and which of its workspaces were asked for. */
export interface RunRequest {
  readonly config: InfraConfig;
  /** Names of the workspaces to run; the others serve their last outputs only. */
  readonly selected: readonly string[];
  readonly requester: string;
  readonly refs?: Readonly<Record<string, string>>;
}

export interface StartedRun {
  readonly workflow_id: string;
  readonly run_id: string;
  readonly environment: string;
  readonly workspaces: readonly string[];
}

/**
 * Seals configuration and environment into artifacts and starts the durable run. Returns as soon as Temporal has it.
 * @throws OpsError setup_needed, program_missing, temporal_unavailable, invalid_config
 */
export async function startRun(deps: TerraformDeps, request: RunRequest): Promise<StartedRun> {
  const { directory, artifacts } = await deps.ledger();
  const config = restrictTo(request.config, request.selected);
  const queue = runQueue(deps.config, directory.id);
  refuseOtherQueues(config, queue);
  const environment = environmentOf(deps.config.policy, { ...(config.config_path ? { config_path: config.config_path } : {}), workspace_root: config.workspace_root, dirs: config.workspaces.map((workspace) => workspace.dir) });
  const [orchestration, configDigest, captured] = await Promise.all([
    deps.orchestration({ worker: true }),
    artifacts.putJson(config, { kind: "config" }),
    captureEnvironment(deps, config),
  ]);
  const environmentDigest = await artifacts.putJson(captured, { kind: "environment" });
  const nodes = toNodes(config, new Set(request.selected));
  const { terraform } = deps.config.settings;
  const input: RunInput = {
    config: configDigest,
    environment: environmentDigest,
    nodes,
    options: {
      parallelism: terraform.parallelism,
      approval_hours: deps.config.policy.approvals.hours,
      lock_timeout_seconds: terraform.lock_timeout_seconds,
      environment: environment.name,
    },
    requester: request.requester,
    server_version: VERSION,
    ...(request.refs ? { refs: request.refs } : {}),
  };
  const started = await orchestration.start({
    type: WORKFLOW_TYPE,
    id: `${RUN_ID_PREFIX}${ulid().toLowerCase()}`,
    args: [input],
    memo: startMemo(input, {
      ...(config.config_path === undefined ? {} : { config_path: config.config_path }),
      workspace_root: config.workspace_root,
      environment: environment.name,
      requester: request.requester,
      server_version: VERSION,
      plan_only: !nodes.some((node) => node.apply),
      variables: environmentDigest,
    }),
    attributes: { kind: "terraform-run", server: SERVER, environment: environment.name },
    taskQueue: queue,
    summary: `${nodes.length} workspace(s)`,
  });
  return { ...started, environment: environment.name, workspaces: nodes.map((node) => node.name) };
}

/** The selected workspaces with all they need, in the order of the file. */
function restrictTo(config: InfraConfig, selected: readonly string[]): InfraConfig {
  const byName = new Map(config.workspaces.map((workspace) => [workspace.name, workspace]));
  const kept = new Set<string>();
  const keep = (name: string): void => {
    const workspace = byName.get(name);
    if (workspace === undefined || kept.has(name)) return;
    kept.add(name);
    for (const need of needsOf(workspace)) keep(need);
  };
  for (const name of selected) keep(name);
  return { ...config, workspaces: config.workspaces.filter((workspace) => kept.has(workspace.name)) };
}

/** Direct dependencies and sources of inputs; a source may be a dependency of a dependency. */
function needsOf(workspace: Workspace): string[] {
  return [...new Set([...workspace.dependsOn, ...workspace.inputs.map((input) => input.sourceWorkspace)])];
}

function toNodes(config: InfraConfig, selected: ReadonlySet<string>): RunNode[] {
  const index = new Map(config.workspaces.map((workspace, i) => [workspace.name, i]));
  const indexes = (names: readonly string[]): number[] => [...new Set(names)].flatMap((name) => index.get(name) ?? []).sort((a, b) => a - b);
  return config.workspaces.map((workspace) => ({
    name: workspace.name,
    needs: selected.has(workspace.name) ? indexes(needsOf(workspace)) : [],
    uses: indexes(workspace.inputs.map((input) => input.sourceWorkspace)),
    takes: workspace.inputs.flatMap((input) => indexes([input.sourceWorkspace]).map((need) => [need, input.sourceOutput] as const)),
    operations: selected.has(workspace.name) ? workspace.operations : [],
    apply: selected.has(workspace.name) && workspace.operations.includes("apply"),
  }));
}

/** `taskQueue` is taken where this server's worker polls it. `terraform-task-queue` is the source's name for that. */
function refuseOtherQueues(config: InfraConfig, queue: string): void {
  const problems = config.workspaces
    .filter((workspace) => workspace.taskQueue !== undefined && workspace.taskQueue !== queue && workspace.taskQueue !== "terraform-task-queue")
    .map((workspace) => ({ message: `workspace ${workspace.name}: no worker polls taskQueue ${JSON.stringify(workspace.taskQueue)}; accepted: ${queue}`, path: "workspaces" }));
  if (problems.length > 0) {
    throw new OpsError("invalid_config", `Invalid config: ${problems.map((problem) => problem.message).join("; ")}`, { hint: "Leave taskQueue out, or name the queue that is polled.", details: { problems } });
  }
}
