import { chmod, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { isOpsError, OpsError } from "@platform-ops/errors";
import { Redactor } from "@platform-ops/ledger";

import { classifyLock, type LockInfo } from "./lock-info.ts";
import { describeWarnings, saysInitNeeded } from "./diagnostics.ts";
import { holderRecordPath, listHolderRecords } from "./holder-records.ts";
import { ensureInit } from "./init.ts";
import { isRecord } from "./lossless-json.ts";
import { outputsOfPlan, type Outputs } from "./outputs.ts";
import { fileSha256, readPriorState } from "./plan-file.ts";
import { member, type PlanJson } from "./plan-json.ts";
import { quietPlan, type QuietPlan } from "./quiet-plan.ts";
import {
  NO_CHANGES,
  summarisePlan,
  type ChangeKind,
  type Counts,
  type FailedCheck,
  type OutputChange,
  type ResourceChange,
} from "./plan-summary.ts";
import { endLeftover, failureOf, privateFolder, runProgram, type ProgramEnd } from "./run-program.ts";
import { semanticDigest } from "./semantic-digest.ts";
import { maskingPlanned, showPlan } from "./show-plan.ts";
import { clearOwnEmptyState, emptyStateFailure, erroredStateFailure, erroredStatePath, isStateEmptyFile } from "./state.ts";
import type { RawJson, StepContext } from "./step.ts";
import { tfvarsJson } from "./variables.ts";
import { ephemeralValues } from "./write-only-values.ts";

/** What a plan is made from, beside the configuration. */
export interface PlanInputs {
  /** extraVars and mapped outputs, as raw JSON; they win over `tfvars`. */
  readonly variables?: Readonly<Record<string, RawJson>>;
  /** A variables file, absolute or relative to the folder. */
  readonly tfvars?: string;
  /** Plan to destroy everything. */
  readonly destroy?: boolean;
  /** Key of the hashes that stand for sensitive values in the semantic digest. */
  readonly digestKey: Uint8Array;
}

/** A plan, and all that an approval of it binds. */
export interface PlanResult {
  readonly changed: boolean;
  readonly counts: Counts;
  readonly kinds: ChangeKind[];
  /** Sensitive values masked. */
  readonly changes: ResourceChange[];
  readonly drift: ResourceChange[];
  readonly outputs: OutputChange[];
  readonly checks: FailedCheck[];
  readonly warnings: string[];
  readonly plan_file: string;
  readonly plan_sha256: string;
  /** null: nothing changes, and the plan was not looked into. */
  readonly semantic_digest: string | null;
  /** null: the plan was made from no state. */
  readonly lineage: string | null;
  readonly serial: number;
  readonly lock_file_sha256: string | null;
  readonly terraform_version: string;
  /** False: only a part was planned; such a workspace is not converged after apply. */
  readonly complete: boolean;
  /** For the redactor. */
  readonly sensitive_values: string[];
  /**
   * Where nothing changes: the outputs as `readOutputs` would give them, for one process less. Sensitive ones in clear:
   * not to be kept but sealed.
   */
  readonly final_outputs?: Outputs;
  /** Whether `init` had to run. */
  readonly initialised: boolean;
}

/** The generated variables file of a step. */
const variablesFile = (ctx: StepContext): string => join(ctx.work, "variables.tfvars.json");

/** The -var-file arguments; writes the generated file. Throws `invalid_config`. */
export async function variableArguments(ctx: StepContext, inputs: Pick<PlanInputs, "tfvars" | "variables">): Promise<string[]> {
  const args: string[] = [];
  if (inputs.tfvars !== undefined) {
    const path = resolve(ctx.dir, inputs.tfvars);
    if (
      !(await stat(path).then(
        (found) => found.isFile(),
        () => false,
      ))
    ) {
      throw new OpsError("invalid_config", `The variables file ${path} does not exist.`, {
        hint: "Correct `tfvars`; it is resolved against the workspace's folder.",
        details: { reason: "tfvars_missing" },
      });
    }
    args.push(`-var-file=${path}`);
  }
  if (inputs.variables !== undefined && Object.keys(inputs.variables).length > 0) {
    await writeFile(variablesFile(ctx), tfvarsJson(inputs.variables), { mode: 0o600 });
    args.push(`-var-file=${variablesFile(ctx)}`);
  }
  return args;
}

/** Adds to a lock failure whose lock it is; every other failure stays as it is. */
async function explainLock(ctx: StepContext, failure: OpsError): Promise<OpsError> {
  const lock = failure.details["lock"] as LockInfo | undefined;
  if (failure.code !== "conflict" || lock === undefined) return failure;
  const { owner, holder } = await classifyLock(lock, await listHolderRecords(ctx.dataDir));
  const hints = {
    ours_live: `Held by our own ${holder?.step ?? "program"} (pid ${holder?.pid ?? "unknown"}), which still runs: wait for it.`,
    ours_dead: `Held by our own ${holder?.step ?? "program"} (pid ${holder?.pid ?? "unknown"}), which is dead: \`${ctx.program.kind} force-unlock -force ${lock.id}\` is safe.`,
    foreign: `Lock ${lock.id} is held by ${lock.who ?? "somebody"} since ${lock.created ?? "an unknown time"} (${lock.operation ?? "unknown operation"}): ask them, or wait.`,
  };
  return new OpsError("conflict", failure.message, {
    hint: hints[owner],
    retryable: owner !== "ours_dead",
    details: { ...failure.details, lock_owner: owner },
    cause: failure,
  });
}

async function runPlan(ctx: StepContext, args: readonly string[]): Promise<{ end: ProgramEnd; initialised: boolean }> {
  const first = await ensureInit(ctx);
  const end = await runProgram(ctx, { step: "plan", args, events: true });
  if (end.code !== 1 || first || !saysInitNeeded(end.facts.diagnostics)) return { end, initialised: first };
  await ensureInit(ctx, true);
  return { end: await runProgram(ctx, { step: "plan", args, events: true }), initialised: true };
}

/** A var-file's undeclared names are only a warning for terraform; in a mapping they are a mistake. */
function requireDeclared(plan: PlanJson, variables: Readonly<Record<string, RawJson>>): void {
  const declared = member(member(plan["configuration"], "root_module"), "variables");
  const unknown = Object.keys(variables).filter((name) => member(declared, name) === undefined);
  if (unknown.length === 0) return;
  const known = isRecord(declared) ? Object.keys(declared) : [];
  throw new OpsError("invalid_config", `The configuration declares no variable ${unknown.map((name) => `"${name}"`).join(", ")}.`, {
    hint: known.length === 0 ? "Declare it, or remove it from inputs and extraVars." : `It declares: ${known.slice(0, 30).join(", ")}.`,
    details: { reason: "variable_undeclared", variables: unknown },
  });
}

/** True for a state file of 0 bytes, after a plan of ours that was killed while it held the lock has been cleared away. */
async function isStateLeftEmpty(ctx: StepContext): Promise<boolean> {
  if (!(await isStateEmptyFile(ctx))) return false;
  await endLeftover(holderRecordPath(ctx.dataDir, "plan", ctx.work), ctx.interruptGraceMs);
  await clearOwnEmptyState(ctx, "OperationTypePlan");
  return isStateEmptyFile(ctx);
}

/**
 * Plans a workspace: init where needed, `plan` with its event stream, `show -json` once; once more from the start where a
 * program of it was killed by somebody else, since none of them changes anything. The plan file stays in the private
 * folder. Throws invalid_config, credentials, conflict (state lock, with its owner), state_damaged (a state file of 0 bytes,
 * which terraform would take for none), in_doubt (an unsaved state lies there), command_failed, cancelled; a plan that
 * failed leaves no file, although terraform may write one.
 */
export async function planWorkspace(ctx: StepContext, inputs: PlanInputs): Promise<PlanResult> {
  try {
    return await planOnce(ctx, inputs);
  } catch (error) {
    if (!isOpsError(error) || error.details["reason"] !== "killed") throw error;
    return await planOnce(ctx, inputs);
  }
}

async function planOnce(ctx: StepContext, inputs: PlanInputs): Promise<PlanResult> {
  if (
    !(await stat(ctx.dir).then(
      (found) => found.isDirectory(),
      () => false,
    ))
  )
    throw new OpsError("invalid_config", `The folder ${ctx.dir} does not exist.`, { details: { reason: "bad_directory" } });
  privateFolder(ctx.work);
  const unsaved = await erroredStatePath(ctx);
  if (unsaved !== undefined) throw erroredStateFailure(ctx, unsaved);
  const planFile = join(ctx.work, "plan.tfplan");
  await rm(planFile, { force: true });
  const wasEmpty = await isStateLeftEmpty(ctx);
  const args = [
    "plan",
    "-json",
    "-detailed-exitcode",
    "-input=false",
    `-lock-timeout=${Math.max(0, Math.round(ctx.lockTimeoutSeconds))}s`,
    `-out=${planFile}`,
  ];
  if (inputs.destroy === true) args.push("-destroy");
  args.push(...(await variableArguments(ctx, inputs)));
  const { end, initialised } = await runPlan(ctx, args);
  if (end.code !== 0 && end.code !== 2) {
    const masking = await maskingPlanned(ctx, planFile, inputs.variables);
    await rm(planFile, { force: true });
    throw await explainLock(ctx, failureOf(masking, "plan", end));
  }
  // Empty before and after, though plan had the lock: no other program has it so, it is damaged.
  if (wasEmpty && (await isStateEmptyFile(ctx))) {
    await rm(planFile, { force: true });
    throw await emptyStateFailure(ctx);
  }
  await chmod(planFile, 0o600);
  return describePlan(ctx, inputs, planFile, end, initialised);
}

async function describePlan(
  ctx: StepContext,
  inputs: PlanInputs,
  planFile: string,
  end: ProgramEnd,
  initialised: boolean,
): Promise<PlanResult> {
  const quiet = inputs.destroy === true ? undefined : await quietPlan(end, planFile);
  if (quiet !== undefined)
    return { ...(await describeQuiet(ctx, planFile, quiet, initialised)), warnings: warningsOf(ctx, end, quiet.sensitive_values) };
  const plan = await showPlan(ctx, planFile);
  if (inputs.variables !== undefined) requireDeclared(plan, inputs.variables);
  const summary = summarisePlan(plan);
  const secrets = [...summary.sensitive_values, ...ephemeralValues(plan, inputs.variables)];
  if (summary.errored)
    throw new OpsError("command_failed", `${ctx.program.kind} plan wrote an errored plan.`, { details: { reason: "plan_errored" } });
  const [planSha, prior, lockFile] = await Promise.all([
    fileSha256(planFile),
    readPriorState(planFile),
    fileSha256(join(ctx.dir, ".terraform.lock.hcl")),
  ]);
  if (planSha === null) throw new OpsError("artifact_missing", "The plan file is gone.");
  // Either sign is enough: a gate must never open because one of the two was read wrongly.
  const changed = end.code === 2 || summary.applyable || summary.kinds.length > 0;
  const outputs = changed || inputs.destroy === true ? undefined : outputsOfPlan(plan);
  return {
    changed,
    counts: summary.counts,
    kinds: summary.kinds,
    changes: summary.changes,
    drift: summary.drift,
    outputs: summary.outputs,
    checks: summary.checks,
    warnings: warningsOf(ctx, end, secrets),
    plan_file: planFile,
    plan_sha256: planSha,
    semantic_digest: semanticDigest(plan, inputs.digestKey),
    lineage: prior.lineage,
    serial: prior.serial,
    lock_file_sha256: lockFile,
    terraform_version: ctx.program.version,
    complete: summary.complete,
    sensitive_values: secrets,
    ...(outputs === undefined ? {} : { final_outputs: outputs }),
    initialised,
  };
}

function warningsOf(ctx: StepContext, end: ProgramEnd, secrets: readonly string[]): string[] {
  const redactor = new Redactor(secrets);
  return describeWarnings(end.facts.diagnostics, (text) => redactor.text(ctx.redact?.(text) ?? text));
}

async function describeQuiet(ctx: StepContext, planFile: string, quiet: QuietPlan, initialised: boolean): Promise<PlanResult> {
  const [planSha, lockFile] = await Promise.all([fileSha256(planFile), fileSha256(join(ctx.dir, ".terraform.lock.hcl"))]);
  return {
    changed: false,
    counts: { ...NO_CHANGES },
    kinds: [],
    changes: [],
    drift: [],
    outputs: [],
    checks: [],
    warnings: [],
    plan_file: planFile,
    plan_sha256: planSha ?? "",
    semantic_digest: null,
    lineage: quiet.lineage,
    serial: quiet.serial,
    lock_file_sha256: lockFile,
    terraform_version: ctx.program.version,
    complete: true,
    sensitive_values: quiet.sensitive_values,
    final_outputs: quiet.outputs,
    initialised,
  };
}
