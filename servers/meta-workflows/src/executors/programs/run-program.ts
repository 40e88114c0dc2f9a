import { readFileSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { canonicalJson, pickVariables, sha256, USUAL_VARIABLES } from "@platform-ops/ledger";
import type { CallOptions, CallOutcome, ServerCall } from "@platform-ops/meta-workflow-registry/run";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { endDetached, isDetachedRunning, runDetached, type DetachedEnd } from "@platform-ops/orchestration";
import { allowedFolder } from "../allowed-path.ts";
import type { CallContext, ExecutorDeps } from "../executor-deps.ts";
import { failed } from "../outcome.ts";
import { secretValues } from "../secret-values.ts";
import { boundedFile } from "./bounded-file.ts";
import { definedEnvironment } from "./defined-environment.ts";
import { findProgram } from "./find-program.ts";

/** What is kept of a program's output, in bytes. */
const STDOUT_BYTES = 32_768;
const STDERR_BYTES = 16_384;
/** Larger standard outputs are not read as JSON. */
const JSON_BYTES = 65_536;
/** A program that writes more is ended: its output lies on the disk of the data directory. */
const FLOOD_BYTES = 256 * 1024 * 1024;
/** From the one SIGINT to the SIGKILL of all that is left. */
const GRACE_MS = 3_000;
const MAX_ARGUMENTS = 256;
const MAX_ARGUMENT_BYTES = 131_072;

export type ProgramCall = Extract<ServerCall, { kind: "program" }>;

/** How a program ended, as a run's expressions see it. `json`: its standard output, where that is JSON as a whole. */
export interface ProgramOutput {
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly duration_ms: number;
  readonly truncated: boolean;
  readonly json?: Json;
}

/** Why we ended it before it ended by itself. */
type Stopped = "timed_out" | "cancelled" | "too_large";

/**
 * Runs a program for a step. It outlives this process: whoever is asked to run the same step again follows it, and a step
 * that changes things is started once, whatever becomes of the workers. One that only reads is started anew each time.
 * @throws OpsError invalid_input, not_allowed, path_not_allowed, not_found, program_missing; cancelled where it was left
 * running for the next worker
 */
export async function runProgram(
  deps: ExecutorDeps,
  call: ProgramCall,
  options: Pick<CallOptions, "path" | "effect_key" | "read_only" | "timeout" | "retry">,
  context: CallContext,
): Promise<CallOutcome> {
  const [name = "", ...args] = checkedArguments(call.argv);
  const program = await findProgram(name, deps.settings.programs, deps.environment["PATH"]);
  const cwd = await allowedFolder(deps.settings.working_directories, call.cwd);
  const env = {
    ...pickVariables(deps.environment, [...USUAL_VARIABLES, ...deps.settings.variables]),
    ...definedEnvironment({ ...call.env, ...secretValues(deps, call.secret_env ?? {}, context) }),
  };
  const journal = journalOf(deps, options, context);
  const mayRepeat = options.read_only || options.retry.attempts > 1;
  await makeReady(journal, { fresh: options.read_only, again: mayRepeat && context.attempt > 1 });
  const stop = stopper(journal, options.timeout, deps.graceMs ?? GRACE_MS, context);
  let end: DetachedEnd;
  try {
    end = await runDetached({
      journal,
      program,
      args,
      cwd,
      env,
      ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
      signal: stop.signal,
      handover: context.handover,
      onTick: ({ out_bytes }) => {
        if (out_bytes > FLOOD_BYTES) stop.now("too_large");
        context.onProgress?.({ running_ms: Date.now() - begun(journal), output_bytes: out_bytes });
      },
    });
  } finally {
    stop.done();
  }
  const outcome = await outcomeOf(deps, journal, name, end, stop.why(), options);
  if (options.read_only) await rm(journal, { recursive: true, force: true });
  return outcome;
}

/** Where the journals of a run lie; they are deleted with its end. */
export function journalsOfRun(deps: Pick<ExecutorDeps, "journals">, runId: string): string {
  return join(deps.journals, sha256(runId).slice(0, 32));
}

function journalOf(deps: ExecutorDeps, { path, effect_key }: Pick<CallOptions, "path" | "effect_key">, { run_id }: CallContext): string {
  return join(journalsOfRun(deps, run_id), sha256(canonicalJson([path, effect_key])).slice(0, 32));
}

function checkedArguments(argv: readonly string[]): readonly string[] {
  const size = argv.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  if (argv.length === 0 || argv[0] === "") throw new OpsError("invalid_input", "A program call names no program.");
  if (argv.length > MAX_ARGUMENTS || size > MAX_ARGUMENT_BYTES)
    throw new OpsError("too_large", `A program call has at most ${MAX_ARGUMENTS} arguments and ${MAX_ARGUMENT_BYTES} bytes.`);
  if (argv.some((each) => each.includes("\0"))) throw new OpsError("invalid_input", "An argument holds a NUL character.");
  return argv;
}

/** Takes away what an earlier worker left, where the program may be run again. */
async function makeReady(journal: string, { fresh, again }: { fresh: boolean; again: boolean }): Promise<void> {
  if (fresh) {
    await endDetached(journal);
    await rm(journal, { recursive: true, force: true });
    return;
  }
  const isLost = written(join(journal, "started")) !== undefined && exitCode(journal) === undefined && !isDetachedRunning(journal);
  if (again && isLost) await rename(journal, `${journal}.${Date.now()}`);
}

/** Ends a program at its time limit or when the call is cancelled: one SIGINT, then all of its group. */
function stopper(journal: string, timeout: number, graceMs: number, context: CallContext) {
  const interrupt = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  let why: Stopped | undefined;
  const now = (reason: Stopped): void => {
    if (why !== undefined) return;
    why = reason;
    interrupt.abort();
    timers.add(setTimeout(() => void endDetached(journal), graceMs));
  };
  // One that another worker started has the rest of its time, not all of it again.
  const left = Math.max(0, timeout - (Date.now() - begun(journal)));
  timers.add(setTimeout(() => now("timed_out"), left));
  const cancel = (): void => now("cancelled");
  if (context.signal.aborted) cancel();
  context.signal.addEventListener("abort", cancel, { once: true });
  return {
    signal: interrupt.signal,
    now,
    why: () => why,
    done: () => {
      for (const timer of timers) clearTimeout(timer);
      context.signal.removeEventListener("abort", cancel);
    },
  };
}

async function outcomeOf(
  deps: ExecutorDeps,
  journal: string,
  name: string,
  end: DetachedEnd,
  stopped: Stopped | undefined,
  { read_only, timeout }: Pick<CallOptions, "read_only" | "timeout">,
): Promise<CallOutcome> {
  if (end.ended === "not_started") return failed("cancelled", `${name} was not started: the call was cancelled.`);
  const output = await outputOf(deps, journal, end.ended === "exited" ? end.code : null);
  if (end.ended === "exited" && end.code === 0) return { status: "done", output: output as unknown as Json, simulated: false };
  if (stopped !== undefined) {
    const said = {
      timed_out: `${name} did not end within ${timeout} ms; it and all that it started were ended.`,
      cancelled: `${name} was ended: the call was cancelled.`,
      too_large: `${name} wrote more than ${FLOOD_BYTES / 1024 / 1024} MB and was ended.`,
    }[stopped];
    return read_only
      ? failed(stopped, said, output as unknown as Json)
      : { status: "unknown", message: `${said} What it had done by then is not known.` };
  }
  if (end.ended === "lost")
    return read_only
      ? failed("command_killed", `${name} was ended from outside.`, output as unknown as Json)
      : { status: "unknown", message: `${name} was begun and its end is not known: look at what it changes before it is run again.` };
  if (end.survivors !== undefined && end.survivors.length > 0)
    return { status: "unknown", message: `${name} was killed, and processes that it started still run (${end.survivors.join(", ")}).` };
  return failed("command_failed", `${name} ended with code ${end.code}.`, output as unknown as Json);
}

async function outputOf(deps: ExecutorDeps, journal: string, code: number | null): Promise<ProgramOutput> {
  const [out, err] = await Promise.all([boundedFile(join(journal, "out"), STDOUT_BYTES), boundedFile(join(journal, "err"), STDERR_BYTES)]);
  const json = out.bytes <= JSON_BYTES ? parsed((await boundedFile(join(journal, "out"), JSON_BYTES)).text) : undefined;
  return {
    exit_code: code,
    stdout: deps.redactor.text(out.text),
    stderr: deps.redactor.text(err.text),
    duration_ms: Math.max(0, Math.round((written(join(journal, "rc")) ?? Date.now()) - begun(journal))),
    truncated: out.truncated || err.truncated,
    ...(json === undefined ? {} : { json: deps.redactor.value(json) }),
  };
}

function parsed(content: string): Json | undefined {
  if (!/^\s*[[{]/.test(content)) return undefined;
  try {
    return JSON.parse(content) as Json;
  } catch {
    return undefined;
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function written(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** When the program was begun; now, where it was not yet. */
const begun = (journal: string): number => written(join(journal, "started")) ?? Date.now();

function exitCode(journal: string): number | undefined {
  const code = text(join(journal, "rc"));
  return code === undefined || !code.endsWith("\n") ? undefined : Number(code);
}
