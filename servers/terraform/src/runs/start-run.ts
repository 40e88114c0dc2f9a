import { environmentOf } from "@platform-ops/ledger";
import { OpsError } from "@platform-ops/errors";
import { namedTaskQueue, runQueue, type Orchestration } from "@platform-ops/orchestration";
import { ulid } from "ulid";
import type { TerraformDeps } from "../deps.ts";
import { DURABLE, SERVER, VERSION } from "../identity.ts";
import type { InfraConfig } from "../infra/infra-config.ts";
import { RUN_ID_PREFIX, WORKFLOW_TYPE, type RunInput } from "../worker/run-contract.ts";
import { startMemo } from "../worker/run-memo.ts";
import { captureEnvironment } from "./run-environment.ts";
import { isOwnQueue, runNodes } from "./run-nodes.ts";

/** What to run: a checked configuration, and which of its workspaces were asked for. */
export interface RunRequest {
  readonly config: InfraConfig;
  /** Names of the workspaces to run; the others serve their last outputs only. */
  readonly selected: readonly string[];
  readonly requester: string;
  /** True: what the selected workspaces made is destroyed. All that depends on them must be selected too. */
  readonly destroy?: boolean;
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
  const { directory, artifacts, audit } = await deps.ledger();
  const config = restrictTo(request.config, request.selected);
  const environment = environmentOf(deps.config.policy, {
    ...(config.config_path ? { config_path: config.config_path } : {}),
    workspace_root: config.workspace_root,
    dirs: config.workspaces.map((workspace) => workspace.dir),
  });
  // What is wrong is told in one order: the data directory, the set-up, the programs.
  const capturing = captureEnvironment(deps, config);
  capturing.catch(() => undefined);
  const configDigest = await artifacts.putJson(config, { kind: "config" });
  const orchestration = await deps.orchestration({ worker: true });
  const queue = runQueue(deps.durable, directory.id, orchestration.inUse.build);
  const captured = await capturing;
  await refuseUnpolledQueues(orchestration, config, queue);
  const environmentDigest = await artifacts.putJson(captured, { kind: "environment" });
  const nodes = runNodes({ whole: request.config, config, selected: new Set(request.selected), queue, destroy: request.destroy === true });
  const { terraform } = deps.config.settings;
  const input: RunInput = {
    config: configDigest,
    environment: environmentDigest,
    nodes,
    options: {
      parallelism: terraform.parallelism,
      approval_hours: terraform.approval_hours,
      lock_timeout_seconds: terraform.lock_timeout_seconds,
      environment: environment.name,
    },
    requester: request.requester,
    server_version: VERSION,
    ...(request.destroy === true ? { destroy: true } : {}),
    ...(request.refs ? { refs: request.refs } : {}),
  };
  const id = `${RUN_ID_PREFIX}${ulid().toLowerCase()}`;
  // Before it begins: whatever this run then does has a name on record, whoever asked for it and by whichever way.
  await audit.append({
    kind: "run",
    actor: request.requester,
    what: request.destroy === true ? "terraform destroy run" : "terraform run",
    target: config.config_path ?? config.workspace_root,
    digest: configDigest,
    outcome: "started",
    id,
  });
  const started = await orchestration.start({
    type: WORKFLOW_TYPE,
    id,
    args: [input],
    memo: startMemo(input, {
      ...(config.config_path === undefined ? {} : { config_path: config.config_path }),
      workspace_root: config.workspace_root,
      environment: environment.name,
      requester: request.requester,
      server_version: VERSION,
      plan_only: !nodes.some((node) => node.apply),
      variables: environmentDigest,
      ...(request.destroy === true ? { destroy: true } : {}),
    }),
    attributes: { kind: "terraform-run", server: SERVER, environment: environment.name },
    taskQueue: queue,
    summary: `${nodes.length} workspace(s)`,
  });
  return { ...started, environment: environment.name, workspaces: nodes.map((node) => node.name) };
}

/** The selected workspaces with those whose last outputs they take, in the order of the file. */
function restrictTo(config: InfraConfig, selected: readonly string[]): InfraConfig {
  const chosen = config.workspaces.filter((workspace) => selected.includes(workspace.name));
  const kept = new Set([...selected, ...chosen.flatMap((workspace) => workspace.inputs.map((input) => input.sourceWorkspace))]);
  return { ...config, workspaces: config.workspaces.filter((workspace) => kept.has(workspace.name)) };
}

/** A `taskQueue` is taken where a worker polls it: a step on any other would wait for ever. */
async function refuseUnpolledQueues(orchestration: Orchestration, config: InfraConfig, queue: string): Promise<void> {
  const asked = [
    ...new Set(config.workspaces.flatMap(({ taskQueue }) => (taskQueue === undefined || isOwnQueue(taskQueue, queue) ? [] : [taskQueue]))),
  ];
  const polled = new Set<string | undefined>();
  for (const name of asked) if (await orchestration.hasWorker(namedTaskQueue(DURABLE, name))) polled.add(name);
  const problems = config.workspaces
    .filter((workspace) => !isOwnQueue(workspace.taskQueue, queue) && !polled.has(workspace.taskQueue))
    .map((workspace) => ({
      message: `workspace ${workspace.name}: no worker polls taskQueue ${JSON.stringify(workspace.taskQueue)}`,
      path: "workspaces",
    }));
  if (problems.length > 0) {
    throw new OpsError("invalid_config", `Invalid config: ${problems.map((problem) => problem.message).join("; ")}`, {
      hint: `Leave taskQueue out, name ${queue}, or start a worker on that queue first.`,
      details: { problems },
    });
  }
}
