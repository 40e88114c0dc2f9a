import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { OpsError, toPlain, type PlainError } from "@platform-ops/errors";
import { Redactor } from "@platform-ops/ledger";
import { identify, runDetached, type DetachedEnd } from "@platform-ops/orchestration";

import { decideOutcome, inDoubt, type ApplyOutcome, type Reconciled } from "./apply-outcome.ts";
import { programFailure } from "./diagnostics.ts";
import { EventTail } from "./events.ts";
import { holderRecordPath, removeHolderRecord, writeHolderRecord } from "./holder-records.ts";
import { outputsOfStream, type Outputs } from "./outputs.ts";
import { hasEphemeralVariables } from "./plan-file.ts";
import { planWorkspace, variableArguments, type PlanInputs } from "./plan.ts";
import type { Counts } from "./plan-summary.ts";
import { preflight, preflightFailure, type ExpectedState } from "./preflight.ts";
import { privateFolder } from "./run-program.ts";
import { readSensitiveValues } from "./sensitive-values.ts";
import { clearOwnEmptyState, emptyStateFailure, erroredStateFailure, erroredStatePath, isStateEmptyFile, readState } from "./state.ts";
import type { StepContext } from "./step.ts";
import { StreamFacts, type ChangeSummary, type StartedResource } from "./stream-facts.ts";

/** One saved plan, once. */
export interface ApplyRequest {
  readonly planFile: string;
  readonly planSha256: string;
  readonly expected: ExpectedState;
  /** Private folder of this one apply; the same for every attempt of it. It makes a second start impossible. */
  readonly journal: string;
  /** What the plan was made from: lets a doubtful end be settled by planning again. */
  readonly replan?: PlanInputs;
  /** False: only follow or judge what was started before. */
  readonly mayStart?: boolean;
}

/** How an apply ended, found by looking. */
export interface ApplyResult {
  readonly outcome: ApplyOutcome;
  /** null: the program was lost, or never started. */
  readonly exit_code: number | null;
  /** Whether it was interrupted by us or by somebody else. */
  readonly interrupted: boolean;
  readonly counts?: ChangeSummary;
  readonly completed: number;
  /** Begun and finished. At most 200. */
  readonly finished: StartedResource[];
  /** Begun, and neither finished nor failed by a provider's word: may exist without being in the state. At most 200. */
  readonly in_flight: StartedResource[];
  /** Begun and failed. At most 200. */
  readonly failed: StartedResource[];
  /** Of the state now; null where it could not be read. */
  readonly serial: number | null;
  readonly lineage: string | null;
  readonly error?: PlainError;
  /** After a whole apply without sensitive outputs: what `readOutputs` would give, for one process less. */
  readonly final_outputs?: Outputs;
  /** What a new plan would still change, where one was made to find out. */
  readonly remaining?: Counts;
}

const MAX_LISTED = 200;
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** True where an attempt of this apply was begun before: from then on the state may have moved by our own hand. */
async function wasStarted(journal: string): Promise<boolean> {
  return (await exists(join(journal, "started"))) || (await exists(join(journal, "rc")));
}

function refused(error: OpsError): ApplyResult {
  return {
    outcome: "not_done",
    exit_code: null,
    interrupted: false,
    completed: 0,
    finished: [],
    in_flight: [],
    failed: [],
    serial: null,
    lineage: null,
    error: toPlain(error),
  };
}

/**
 * The arguments of this apply, the same for every attempt: they are written down once, because the plan file may be gone
 * when a later attempt only asks how it ended.
 */
async function applyArguments(ctx: StepContext, request: ApplyRequest): Promise<string[]> {
  const path = join(request.journal, "arguments.json");
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as string[];
  const again =
    request.replan !== undefined && (await hasEphemeralVariables(request.planFile)) ? await variableArguments(ctx, request.replan) : [];
  const args = [
    "apply",
    "-json",
    "-input=false",
    `-lock-timeout=${Math.max(0, Math.round(ctx.lockTimeoutSeconds))}s`,
    ...again,
    request.planFile,
  ];
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(args), { mode: 0o600 });
  await rename(temporary, path);
  return args;
}

/** Who takes the state lock for this apply. */
async function holderOf(journal: string, pid: number): Promise<Parameters<typeof writeHolderRecord>[1]> {
  const started = await stat(join(journal, "started")).then(
    (found) => found.mtime,
    () => new Date(),
  );
  return { pid, start: identify(pid)?.start_time ?? "", step: "apply", started_at: started.toISOString() };
}

async function runApply(ctx: StepContext, request: ApplyRequest, facts: StreamFacts): Promise<DetachedEnd> {
  const tail = new EventTail(join(request.journal, "out"));
  const record = holderRecordPath(ctx.dataDir, "apply", createHash("sha256").update(request.journal).digest("hex"));
  const args = await applyArguments(ctx, request);
  let reading: Promise<void> = Promise.resolve();
  let holder: Parameters<typeof writeHolderRecord>[1] | undefined;
  const look = async (pid: number): Promise<void> => {
    if (holder === undefined) {
      const found = await holderOf(request.journal, pid);
      writeHolderRecord(record, found);
      holder = found;
    }
    for (const event of await tail.read()) facts.add(event);
    ctx.onProgress(facts.progress("apply"));
  };
  const end = await runDetached({
    journal: request.journal,
    program: ctx.program.path,
    args,
    cwd: ctx.dir,
    env: { ...ctx.env, TF_DATA_DIR: ctx.dataDir },
    signal: ctx.signal,
    ...(ctx.handover === undefined ? {} : { handover: ctx.handover }),
    ...(request.mayStart === undefined ? {} : { mayStart: request.mayStart }),
    onTick: ({ pid }) => {
      // A look that fails, on a full disk say, is made up for by the next one.
      reading = reading.then(() => look(pid)).catch(() => undefined);
    },
  });
  await reading;
  for (const event of await tail.finish()) facts.add(event);
  // The record of a killed one stays: it proves later that the holder of a lock is dead.
  if (end.ended === "exited" && end.code < 128) removeHolderRecord(record);
  else if (end.ended !== "not_started") {
    holder ??= await holderOf(request.journal, Number(await readFile(join(request.journal, "pid"), "utf8").catch(() => "")));
    if (holder.pid > 1) writeHolderRecord(record, { ...holder, ended_at: new Date().toISOString() });
  }
  return end;
}

/** Plans again, read-only in effect, to see what is left; any failure of it leaves the matter in doubt. */
async function reconcile(ctx: StepContext, inputs: PlanInputs): Promise<Reconciled> {
  const signal = ctx.handover ?? new AbortController().signal;
  try {
    const plan = await planWorkspace({ ...ctx, work: join(ctx.work, "look"), signal, onProgress: () => undefined }, inputs);
    return {
      changed: plan.changed,
      counts: plan.counts,
      creates: plan.changes.filter((change) => change.action === "create").map((change) => change.address),
    };
  } catch (error) {
    if (error instanceof OpsError && error.code === "cancelled") throw error;
    return { error: error instanceof OpsError ? error : new OpsError("unexpected", "The state could not be looked at.", { cause: error }) };
  }
}

/** What speaks for itself, before anything is planned: a damaged or unsaved state, children that still run. */
async function obstacle(ctx: StepContext, end: DetachedEnd): Promise<OpsError | undefined> {
  const unsaved = await erroredStatePath(ctx);
  if (unsaved !== undefined) return erroredStateFailure(ctx, unsaved);
  if (await isStateEmptyFile(ctx)) return await emptyStateFailure(ctx);
  const survivors = end.ended === "exited" ? (end.survivors ?? []) : [];
  if (survivors.length === 0) return undefined;
  return new OpsError(
    "in_doubt",
    `${ctx.program.kind} was killed, and processes that it had started still run (${survivors.slice(0, 10).join(", ")}).`,
    {
      hint: "Let them end, or end them; then look at the listed resources.",
      details: { reason: "survivors", pids: survivors.slice(0, 50) },
    },
  );
}

/**
 * Applies a saved plan at most once in the life of its journal, in a program that outlives this process; called again with
 * the same journal it follows that one or judges how it ended. Before the first start everything that was approved is
 * compared again; what differs is `not_done` with the reason. Abort of `ctx.signal` interrupts the program once; it is
 * never killed. Throws `cancelled` on handover (the program goes on), and the failures of `preflight`.
 */
export async function applyPlan(ctx: StepContext, request: ApplyRequest): Promise<ApplyResult> {
  if (!(await wasStarted(request.journal)) && request.mayStart !== false) {
    if (ctx.signal.aborted) return refused(new OpsError("cancelled", "It was cancelled before it began."));
    const verdict = await preflight(ctx, request.expected, request);
    // Another attempt may have begun meanwhile: then it was that one which moved the state.
    if (verdict !== "ok" && !(await wasStarted(request.journal))) return refused(preflightFailure(ctx, verdict));
  }
  if (request.mayStart === false && !(await exists(join(request.journal, "arguments.json"))))
    return refused(new OpsError("cancelled", "It was never started."));
  privateFolder(ctx.work);
  privateFolder(request.journal);
  const facts = new StreamFacts();
  const end = await runApply(ctx, request, facts);
  return await judge(ctx, request, facts, end);
}

async function judge(ctx: StepContext, request: ApplyRequest, facts: StreamFacts, end: DetachedEnd): Promise<ApplyResult> {
  if (end.ended === "not_started")
    return refused(new OpsError("cancelled", request.mayStart === false ? "It was never started." : "It was cancelled before it began."));
  const code = end.ended === "exited" ? end.code : null;
  const wasKilled = code === null || code >= 128;
  if (wasKilled && facts.started.size === 0 && request.expected.lineage === null) await clearOwnEmptyState(ctx, "OperationTypeApply");
  const stderr = await readFile(join(request.journal, "err"), "utf8").then(
    (text) => text.slice(0, 64 * 1024),
    () => "",
  );
  const blocked = code === 0 ? undefined : await obstacle(ctx, end);
  const state = await readState({ ...ctx, signal: ctx.handover ?? new AbortController().signal }).catch(() => undefined);
  const moved = state === undefined ? undefined : state.serial !== request.expected.serial || state.lineage !== request.expected.lineage;
  const verdict = await decideOutcome({
    code,
    facts,
    ...(blocked === undefined ? {} : { blocked }),
    moved,
    reconcile: request.replan === undefined ? undefined : () => reconcile(ctx, request.replan as PlanInputs),
  });
  const failure =
    code === 0 && verdict.outcome === "done"
      ? undefined
      : (verdict.error ?? (verdict.outcome === "done" ? undefined : failureOfApply(await maskingMore(ctx, facts), facts, code, stderr)));
  const outputs = code === 0 && verdict.outcome === "done" ? outputsOfStream(facts.outputs) : undefined;
  const lost = facts.lostByProvider();
  const summary = facts.summaries.get("apply") ?? facts.summaries.get("destroy");
  return {
    outcome: verdict.outcome,
    exit_code: code,
    interrupted: facts.interrupted,
    ...(summary === undefined ? {} : { counts: summary }),
    completed: facts.completed.size,
    finished: [...facts.completed.values()].slice(0, MAX_LISTED),
    in_flight: [...facts.inFlight(), ...lost].slice(0, MAX_LISTED),
    failed: [...facts.errored.values()].filter((resource) => !lost.includes(resource)).slice(0, MAX_LISTED),
    serial: state?.serial ?? null,
    lineage: state?.lineage ?? null,
    ...(failure === undefined ? {} : { error: toPlain(failure) }),
    ...(outputs === undefined ? {} : { final_outputs: outputs }),
    ...(verdict.remaining === undefined ? {} : { remaining: verdict.remaining }),
  };
}

/** The same context, which masks too what this apply made: a provider's words of failure may hold it. */
async function maskingMore(ctx: StepContext, facts: StreamFacts): Promise<StepContext> {
  if (facts.started.size === 0) return ctx;
  const made = new Redactor(await readSensitiveValues({ ...ctx, signal: ctx.handover ?? new AbortController().signal }));
  return { ...ctx, redact: (text) => made.text(ctx.redact?.(text) ?? text) };
}

function failureOfApply(ctx: StepContext, facts: StreamFacts, code: number | null, stderr: string): OpsError {
  const killed = code === null || code >= 128;
  const failure = programFailure({
    step: "apply",
    kind: ctx.program.kind,
    code,
    signal: killed ? (code === null ? "an unknown cause" : `signal ${code - 128}`) : null,
    diagnostics: facts.diagnostics,
    stderr,
    ...(ctx.redact === undefined ? {} : { redact: ctx.redact }),
  });
  const lost = facts.lostByProvider();
  if (lost.length > 0) return inDoubt("provider", lost, failure);
  if (!facts.interrupted || failure.code !== "command_failed") return failure;
  return new OpsError("cancelled", failure.message, {
    hint: "Resources that were begun may exist without being in the state: look at those listed.",
    details: failure.details,
  });
}
