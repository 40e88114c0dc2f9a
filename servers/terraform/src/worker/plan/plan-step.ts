import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { canonicalJson, sha256 } from "@platform-ops/ledger";
import { ensureInit } from "../../terraform/init.ts";
import { readOutputs } from "../../terraform/outputs.ts";
import { planWorkspace, type PlanResult } from "../../terraform/plan.ts";
import { holdsNothing } from "../../terraform/state.ts";
import type { StepContext } from "../../terraform/step.ts";
import { validateStep } from "./validate-step.ts";
import { resolveVariables, type WorkspaceOutputs } from "../../terraform/variables.ts";
import { checkCredentials } from "../workspace/credentials.ts";
import { failureOfOpening, isStepFailure, keepFailure } from "../failure-text.ts";
import { placeDigest } from "./place-digest.ts";
import { folderDigest } from "./folder-digest.ts";
import { keepPlanBytes } from "./plan-bytes.ts";
import type { PlanMaterial, PlanRecord, PlanView } from "./plan-record.ts";
import { releasePlan } from "../approvals/release-plan.ts";
import type { PlanAnswer, PlanTask } from "../activity-contract.ts";
import { settledOutputs } from "./known-outputs.ts";
import { updateView, type WorkspaceView } from "../workspace/run-files.ts";
import type { StepCall, WorkerDeps } from "../worker-deps.ts";
import { openWorkspace, type WorkspaceContext } from "../workspace/workspace-context.ts";

const HOUR = 3_600_000;

/**
 * Plans one workspace: takes its lock, checks credentials, resolves inputs, runs the program, keeps the plan. The lock
 * stays with the run only where a plan now waits to be applied. Failures of the step are answers; what is thrown is
 * cancellation, a handover, or the machinery's.
 */
export async function planStep(deps: WorkerDeps, call: StepCall, task: PlanTask): Promise<PlanAnswer> {
  const opened = await openWorkspace(deps, call, task).catch((error: unknown) => failureOfOpening(deps, call, task.name, error));
  if ("code" in opened) return { outcome: "failed", failure: opened };
  const { workspace, lock } = opened;
  if (task.operations.length === 0) {
    return await failuresAsAnswers(deps, call, opened, async () => ({
      outcome: "checked",
      outputs: await keepOutputs(deps, call, opened, {}, await lastOutputs(opened)),
    })).finally(() => clearWork(opened.step.work));
  }
  const taken = await lock.take({ run: call.run, workspace: workspace.name, dir: workspace.dir, since: new Date().toISOString() }, (run) =>
    call.isOpen(run),
  );
  if (!taken.held) return { outcome: "held", holder: taken.by.run };
  let keeps = false;
  try {
    const answer = await failuresAsAnswers(deps, call, opened, () => plan(deps, call, task, opened));
    keeps = answer.outcome === "changed" && task.apply;
    await deps.audit.append({
      kind: "run",
      actor: call.run,
      what: `${workspace.kind} plan`,
      target: workspace.dir,
      ...(answer.outcome === "changed" ? { digest: answer.plan } : {}),
      outcome: answer.outcome,
      ...("failure" in answer ? { code: answer.failure.code } : {}),
      id: call.run,
    });
    return answer;
  } finally {
    // After a handover another attempt may be at work in the same folder, under the same lock.
    if (!call.handover.aborted) {
      await clearWork(opened.step.work);
      if (!keeps) await lock.release(call.run);
    }
  }
}

/** Outputs of a workspace that this run does not work on. One that was never initialised here is, where that is what it takes. */
async function lastOutputs({ step }: WorkspaceContext): Promise<WorkspaceOutputs> {
  try {
    return await readOutputs(step);
  } catch (error) {
    if (!isStepFailure(error) || step.signal.aborted) throw error;
    await ensureInit(step);
    return await readOutputs(step);
  }
}

/** Streams, plan JSON and generated variables are in clear and hold secrets: they last no longer than their step. */
export async function clearWork(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function failuresAsAnswers(
  deps: WorkerDeps,
  call: StepCall,
  opened: WorkspaceContext,
  work: () => Promise<PlanAnswer>,
): Promise<PlanAnswer> {
  try {
    return await work();
  } catch (error) {
    if (!isStepFailure(error) || call.handover.aborted) throw error;
    const failure = await keepFailure(deps, call, opened.workspace.name, error, opened.redactor);
    return { outcome: error.code === "credentials" ? "credentials" : "failed", failure };
  }
}

async function plan(deps: WorkerDeps, call: StepCall, task: PlanTask, opened: WorkspaceContext): Promise<PlanAnswer> {
  const { workspace, step } = opened;
  const planned_from = new Date().toISOString();
  await checkCredentials(opened.variables);
  if (!task.operations.includes("plan") && !task.operations.includes("apply")) {
    // `validate` is satisfied by plan where a plan follows; here none does.
    await ensureInit(step);
    if (task.operations.includes("validate")) await validateStep(step);
    return { outcome: "checked", outputs: await keepOutputs(deps, call, opened) };
  }
  if (task.destroy === true && (await isDestroyed(step)))
    return { outcome: "unchanged", outputs: await keepOutputs(deps, call, opened, {}, {}) };
  const inputs = await resolveInputs(deps, task, opened);
  // Before its program runs: what a provider says of a plan that fails may hold them.
  for (const value of inputs.secrets) opened.redactor.addSecret(value);
  const result = await planWorkspace(step, {
    variables: inputs.variables,
    digestKey: deps.keys.mac,
    ...(task.destroy === true ? { destroy: true } : {}),
    ...(workspace.tfvars === undefined ? {} : { tfvars: workspace.tfvars }),
  });
  const secrets = [...result.sensitive_values, ...inputs.secrets];
  for (const value of result.sensitive_values) opened.redactor.addSecret(value);
  const planned_to = new Date().toISOString();
  const view = keepPlanView(deps, opened, result, planned_to);
  const times = { planned_from, planned_to };
  const { semantic_digest } = result;
  if (!result.changed || semantic_digest === null) {
    await rm(result.plan_file, { force: true });
    const outputs = await keepOutputs(deps, call, opened, { plan_view: await view, ...times }, result.final_outputs);
    return { outcome: "unchanged", outputs, counts: result.counts };
  }
  const { plan: made, digest } = await keepPlan(deps, call, task, opened, {
    result,
    semantic_digest,
    inputs: inputs.digest,
    view,
    material: { variables: inputs.variables, secrets },
    made_at: planned_to,
  });
  await updateView(deps.directory, call.run, workspace.name, { plan: digest, plan_view: made.view, ...times });
  const approval = task.apply
    ? await releasePlan(deps, { plan: made, digest, environment: opened.environment, requester: task.requester })
    : undefined;
  const left = task.destroy === true ? await keepLast(deps, opened) : task.apply ? {} : await keepSettled(deps, opened, result);
  return {
    outcome: "changed",
    plan: digest,
    counts: result.counts,
    kinds: result.kinds,
    serial: result.serial,
    ...(approval === undefined ? {} : { approval }),
    ...left,
  };
}

/** Nothing was ever made, or all of it is gone: its variables need not be known any more. */
async function isDestroyed(step: StepContext): Promise<boolean> {
  await ensureInit(step);
  return await holdsNothing(step);
}

/** For the workspaces that are planned after one which is to be destroyed, and destroyed before it: its outputs as they are. */
async function keepLast(deps: WorkerDeps, { step }: WorkspaceContext): Promise<{ outputs: string }> {
  return { outputs: await deps.artifacts.putJson(await readOutputs(step), { kind: "outputs" }) };
}

/** For the workspaces that come after one which stays unapplied: its last outputs, as far as they stay what they are. */
async function keepSettled(
  deps: WorkerDeps,
  { config, workspace, step }: WorkspaceContext,
  result: PlanResult,
): Promise<{ outputs: string; pending: string[] }> {
  const taken = new Set(
    config.workspaces.flatMap((other) =>
      other.inputs.filter((input) => input.sourceWorkspace === workspace.name).map((input) => input.sourceOutput),
    ),
  );
  const { outputs, pending } = await settledOutputs(result.outputs, taken, () => readOutputs(step));
  return { outputs: await deps.artifacts.putJson(outputs, { kind: "outputs" }), pending };
}

/** Variables of the workspace: extraVars overlaid by outputs of others, as raw JSON; a missing output fails here. */
async function resolveInputs(
  deps: WorkerDeps,
  task: PlanTask,
  { workspace }: WorkspaceContext,
): Promise<{ variables: Record<string, string>; secrets: string[]; digest: string }> {
  const sources = new Map<string, WorkspaceOutputs>();
  for (const [name, digest] of Object.entries(task.outputs)) sources.set(name, await deps.artifacts.getJson<WorkspaceOutputs>(digest));
  const { variables, sensitive } = resolveVariables(workspace, (name) => sources.get(name));
  const tfvars =
    workspace.tfvars === undefined
      ? null
      : createHash("sha256")
          .update(await readFile(workspace.tfvars))
          .digest("hex");
  const secrets = sensitive.flatMap((name) => stringsIn(variables[name] ?? "null"));
  return { variables, secrets, digest: sha256(canonicalJson({ variables, tfvars })) };
}

/** All texts in a JSON value: what must be masked when the value is sensitive. */
function stringsIn(json: string): string[] {
  const found: string[] = [];
  JSON.parse(json, (_, value: unknown) => {
    if (typeof value === "string") found.push(value);
    return value;
  });
  return found;
}

async function keepPlanView(
  deps: WorkerDeps,
  { workspace, step, redactor }: WorkspaceContext,
  result: PlanResult,
  made_at: string,
): Promise<string> {
  const view: PlanView = {
    workspace: workspace.name,
    counts: result.counts,
    kinds: result.kinds,
    changes: result.changes,
    drift: result.drift,
    // Known values of outputs are kept with the outputs; the view names what changes.
    outputs: result.outputs,
    checks: result.checks,
    ...(result.warnings.length === 0 ? {} : { warnings: result.warnings }),
    complete: result.complete,
    serial: result.serial,
    program: `${step.program.kind} ${step.program.version}`,
    made_at,
  };
  return await deps.artifacts.putJson(redactor.value(view), { kind: "plan_view" });
}

/** Plan bytes are sealed and leave the disk in clear; they expire with the longest possible approval. */
async function keepPlan(
  deps: WorkerDeps,
  call: StepCall,
  task: PlanTask,
  opened: WorkspaceContext,
  made: { result: PlanResult; semantic_digest: string; inputs: string; view: Promise<string>; material: PlanMaterial; made_at: string },
): Promise<{ plan: PlanRecord; digest: string }> {
  const { result } = made;
  const { kind, version, digest: program } = opened.step.program;
  const expiresAt = new Date(Date.now() + (deps.policy.approvals.hours + 24) * HOUR);
  // After the plan, because planning may write files (an archive, say) that the apply then takes as they are.
  const [files, plan_file, material, view] = await Promise.all([
    folderDigest(opened.workspace.dir, opened.step.dataDir),
    readFile(result.plan_file).then((bytes) => keepPlanBytes(deps.artifacts, bytes, expiresAt)),
    deps.artifacts.putJson(made.material, { kind: "plan_material", expiresAt }),
    made.view,
  ]);
  await rm(result.plan_file, { force: true });
  const record: PlanRecord = {
    version: 1,
    run: call.run,
    workspace: opened.workspace.name,
    dir: opened.workspace.dir,
    config: task.config,
    environment: task.environment,
    place: placeDigest(deps.keys, opened.variables),
    policy_environment: opened.environment.name,
    program: { kind, version, digest: program },
    plan_file,
    plan_sha256: result.plan_sha256,
    semantic_digest: made.semantic_digest,
    lineage: result.lineage,
    serial: result.serial,
    lock_file_sha256: result.lock_file_sha256,
    files,
    inputs: made.inputs,
    ...(task.destroy === true ? { destroy: true } : {}),
    counts: result.counts,
    kinds: result.kinds,
    view,
    material,
    made_at: made.made_at,
  };
  return { plan: record, digest: await deps.artifacts.putJson(record, { kind: "plan_record" }) };
}

/** Keeps the outputs sealed, for they may hold secrets: those that are `known` already, else as the program prints them. */
export async function keepOutputs(
  deps: WorkerDeps,
  call: StepCall,
  { step, workspace }: WorkspaceContext,
  view: WorkspaceView = {},
  known?: WorkspaceOutputs,
): Promise<string> {
  const outputs = await deps.artifacts.putJson(known ?? (await readOutputs(step)), { kind: "outputs" });
  await updateView(deps.directory, call.run, workspace.name, { ...view, outputs });
  return outputs;
}
