import { readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { OpsError } from "@platform-ops/errors";

import { listHolderRecords } from "./holder-records.ts";
import { classifyLock, type LockInfo } from "./lock-info.ts";
import { isRecord, parseLossless } from "./lossless-json.ts";
import { parseStateHeader, type PriorState } from "./plan-file.ts";
import { member } from "./plan-json.ts";
import { failureOf, runProgram } from "./run-program.ts";
import type { StepContext } from "./step.ts";

const NO_STATE: PriorState = { lineage: null, serial: 0 };

/**
 * The local state file of a workspace; undefined where its state is elsewhere. The pointer that `init` leaves in the data
 * directory (terraform.tfstate, format 3) names the backend; without one it is terraform.tfstate in the folder.
 */
export async function localStatePath(ctx: StepContext): Promise<string | undefined> {
  const workspace = await readFile(join(ctx.dataDir, "environment"), "utf8").catch(() => "default");
  if (workspace.trim() !== "default") return undefined;
  const pointer = await readFile(join(ctx.dataDir, "terraform.tfstate"), "utf8").catch(() => undefined);
  if (pointer === undefined) return join(ctx.dir, "terraform.tfstate");
  try {
    const { backend } = JSON.parse(pointer) as { backend?: { type?: unknown; config?: { path?: unknown } } };
    if (backend === undefined || backend === null) return join(ctx.dir, "terraform.tfstate");
    if (backend.type !== "local") return undefined;
    const path = backend.config?.path;
    return resolve(ctx.dir, typeof path === "string" && path !== "" ? path : "terraform.tfstate");
  } catch {
    return undefined;
  }
}

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => found.size,
    () => undefined,
  );

/** True where the local state is a file of 0 bytes: a killed apply leaves it so, and a live first one has it so while it runs. */
export async function isStateEmptyFile(ctx: StepContext): Promise<boolean> {
  const path = await localStatePath(ctx);
  return path !== undefined && (await sizeOf(path)) === 0;
}

/** What the local backend keeps beside a locked state, `.<state file>.lock.info`; a killed program leaves it there. */
async function localLockInfo(statePath: string): Promise<LockInfo | undefined> {
  const text = await readFile(join(dirname(statePath), `.${basename(statePath)}.lock.info`), "utf8").catch(() => "");
  try {
    const { ID, Operation, Who, Created } = JSON.parse(text) as Record<string, unknown>;
    if (typeof ID !== "string" || typeof Operation !== "string" || typeof Who !== "string" || typeof Created !== "string") return undefined;
    return { id: ID, operation: Operation, who: Who, created: new Date(Created).toISOString() };
  } catch {
    return undefined;
  }
}

/**
 * Removes a state file of 0 bytes that a dead program of ours made only to lock it, as terraform does in a workspace that
 * has no state yet and undoes when it ends orderly. Proof is its own lock info: the last locker was ours, of that
 * operation, and is gone. For an apply the caller must know that nothing was begun. Returns whether it removed one.
 */
export async function clearOwnEmptyState(ctx: StepContext, operation: "OperationTypePlan" | "OperationTypeApply"): Promise<boolean> {
  const path = await localStatePath(ctx);
  if (path === undefined || (await sizeOf(path)) !== 0 || (await sizeOf(`${path}.backup`)) !== undefined) return false;
  const lock = await localLockInfo(path);
  if (lock?.operation !== operation) return false;
  const { owner } = await classifyLock(lock, await listHolderRecords(ctx.dataDir));
  if (owner !== "ours_dead" || (await sizeOf(path)) !== 0) return false;
  await rm(path, { force: true });
  await rm(join(dirname(path), `.${basename(path)}.lock.info`), { force: true });
  return true;
}

/** The failure for a local state file of 0 bytes, with what to look at; terraform itself would plan to create everything anew. */
export async function emptyStateFailure(ctx: StepContext): Promise<OpsError> {
  const path = (await localStatePath(ctx)) ?? join(ctx.dir, "terraform.tfstate");
  const backup = `${path}.backup`;
  const hasBackup = ((await sizeOf(backup)) ?? 0) > 0;
  return new OpsError("state_damaged", `The state file ${path} has 0 bytes: an apply was killed while it wrote it.`, {
    hint: hasBackup
      ? `Compare ${backup} with what really exists and restore it; do not plan before.`
      : "Look at what really exists; import it, or remove the empty file if nothing was made.",
    details: { reason: "state_empty", state: path, ...(hasBackup ? { backup } : {}) },
  });
}

/** `errored.tfstate` in the folder: terraform could not save the state; another apply would fork it. */
export async function erroredStatePath(ctx: StepContext): Promise<string | undefined> {
  const path = join(ctx.dir, "errored.tfstate");
  return (await sizeOf(path)) === undefined ? undefined : path;
}

/** The failure for an `errored.tfstate` that nobody pushed yet. */
export function erroredStateFailure(ctx: StepContext, path: string): OpsError {
  return new OpsError("in_doubt", `${path} holds a state that could not be saved.`, {
    hint: `Push it with \`${ctx.program.kind} state push errored.tfstate\` in that folder and remove the file, before anything else is done there.`,
    details: { reason: "state_not_saved", errored_state: path },
  });
}

/**
 * Serial and lineage of the current state: from the file where the state is local, else by `state pull` (40 ms and more).
 * No state is serial 0 without lineage. Throws `state_damaged`, or the classified failure of the program.
 */
export async function readState(ctx: StepContext): Promise<PriorState> {
  const text = await stateText(ctx);
  return text === undefined ? NO_STATE : parseStateHeader(text);
}

/**
 * True where there is no state, or one with neither resources nor outputs: nothing is left to destroy. An encrypted state
 * tells neither, and counts as one that holds something. Throws what `readState` throws.
 */
export async function holdsNothing(ctx: StepContext): Promise<boolean> {
  const text = await stateText(ctx);
  if (text === undefined) return true;
  parseStateHeader(text);
  const state = parseLossless(text);
  const [resources, outputs] = [member(state, "resources"), member(state, "outputs")];
  const hasNone = Array.isArray(resources) && resources.every((resource) => member(resource, "mode") === "data");
  return hasNone && isRecord(outputs) && Object.keys(outputs).length === 0;
}

/** The current state, in clear; undefined where there is none. */
async function stateText(ctx: StepContext): Promise<string | undefined> {
  const path = await localStatePath(ctx);
  if (path !== undefined) {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new OpsError("state_damaged", `The state file ${path} cannot be read (${error.code ?? "unknown reason"}).`, { cause: error });
    });
    if (text === "") throw await emptyStateFailure(ctx);
    return text;
  }
  const end = await runProgram(ctx, { step: "state-pull", args: ["state", "pull"] });
  if (end.code !== 0) throw failureOf(ctx, "state-pull", end);
  const text = await readFile(end.stdout, "utf8");
  // It holds secrets in clear, and is read once.
  await rm(end.stdout, { force: true });
  return text.trim() === "" ? undefined : text;
}
