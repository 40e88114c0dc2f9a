import { spawn } from "node:child_process";
import { isAbsolute } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { NoticeTask } from "./activity-contract.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";

const LIMIT_MS = 20_000;

/**
 * Tells the operator's command (JSON on stdin) or webhook (JSON by POST) of something that waits for a person. The notice
 * names run, request, workspaces, states and codes; it holds no values. Throws where the operator's side did not take it,
 * so that it is tried again a few times.
 */
export async function notify(deps: WorkerDeps, call: StepCall, task: NoticeTask): Promise<void> {
  const { command, webhook } = deps.policy.approvals.notify;
  const notice = JSON.stringify({ version: 1, server: "terraform", run: call.run, ...task, at: new Date().toISOString() });
  // Each gets its time: one that fails must not cut the other short, nor leave it behind.
  const told = await Promise.allSettled([
    command === undefined || command.length === 0 ? undefined : runCommand(command, notice, deps.notifyEnvironment, call.handover),
    webhook === undefined ? undefined : post(webhook, notice, call.handover),
  ]);
  const failed = told.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** An argv, never a shell line. */
function runCommand(command: readonly string[], notice: string, env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const failed = (why: string): void =>
      reject(new OpsError("command_failed", `The notify command ${why}.`, { hint: "Check approvals.notify.command." }));
    if (program === undefined || !isAbsolute(program)) return failed("is not an absolute path");
    const child = spawn(program, args, {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...env },
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
      signal,
    });
    child.once("error", () => failed(signal.aborted ? "was given up" : "cannot be started"));
    child.once("exit", (code, by) => (code === 0 ? resolve() : failed(by === null ? `ended with ${code}` : `was ended by ${by}`)));
    // A command that does not read its input still counts by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(notice);
  });
}

async function post(url: string, notice: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    body: notice,
    headers: { "content-type": "application/json" },
    redirect: "error",
    signal: AbortSignal.any([AbortSignal.timeout(LIMIT_MS), signal]),
  }).catch((cause: unknown) => {
    throw new OpsError("command_failed", "The notify webhook cannot be reached.", { hint: "Check approvals.notify.webhook.", cause });
  });
  await answer.body?.cancel();
  if (!answer.ok)
    throw new OpsError("command_failed", `The notify webhook answered ${answer.status}.`, { hint: "Check approvals.notify.webhook." });
}
