import { spawn } from "node:child_process";
import { OpsError } from "@platform-ops/errors";

/** How a short program that we chose ourselves ended. */
export interface BoundedRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST = 1_048_576;

/**
 * Runs a short program that changes nothing, in a group of its own, which is ended at the time limit, on abort, or when it
 * says more than 1 MB.
 * @throws OpsError program_missing, timed_out, cancelled, output_too_large
 */
export function runBounded(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<BoundedRun> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(new OpsError("cancelled", `${program} was not started: the call was cancelled.`));
    const child = spawn(program, [...args], {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kept = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let size = 0;
    const end = (failure: OpsError): void => {
      if (child.pid !== undefined) killGroup(child.pid);
      settle(() => reject(failure));
    };
    const take = (stream: "stdout" | "stderr") => (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST) end(new OpsError("output_too_large", `${program} said more than 1 MB.`));
      else kept[stream].push(chunk);
    };
    const cancel = (): void => end(new OpsError("cancelled", `${program} was ended: the call was cancelled.`));
    const timer = setTimeout(
      () => end(new OpsError("timed_out", `${program} did not end within ${options.timeoutMs} ms.`)),
      options.timeoutMs,
    );
    options.signal.addEventListener("abort", cancel, { once: true });
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", cancel);
      child.stdout.destroy();
      child.stderr.destroy();
      how();
    };
    child.stdout.on("data", take("stdout"));
    child.stderr.on("data", take("stderr"));
    child.once("error", (cause) => settle(() => reject(new OpsError("program_missing", `${program} cannot be started here.`, { cause }))));
    child.once("close", (code) =>
      settle(() =>
        resolve({ code, stdout: Buffer.concat(kept.stdout).toString("utf8"), stderr: Buffer.concat(kept.stderr).toString("utf8") }),
      ),
    );
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    return; // it has ended
  }
}
