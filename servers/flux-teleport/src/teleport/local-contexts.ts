import { execFile } from "node:child_process";
import { OpsError } from "@platform-ops/errors";
import type { ServerConfig } from "../config.ts";

const WITHIN_MS = 10_000;
const MOST_BYTES = 256 * 1024;
const SHOWN = 200;

/**
 * The contexts of the local kubeconfig, by the local kubectl; the API is not asked.
 * @throws OpsError program_missing, command_failed, timed_out
 */
export async function localContexts(
  config: Pick<ServerConfig, "settings" | "env">,
  signal: AbortSignal,
): Promise<{ contexts: string[]; current: string | null }> {
  const program = config.settings.remote.kubectl_path ?? "kubectl";
  const env = Object.fromEntries(
    ["PATH", "HOME", "KUBECONFIG", "LANG"].flatMap((name) => (config.env[name] === undefined ? [] : [[name, config.env[name]]])),
  );
  const ask = (...args: string[]): Promise<Told> => tell(program, ["config", ...args], env, signal);
  const [listed, current] = await Promise.all([ask("get-contexts", "-o", "name"), ask("current-context")]);
  if (listed.failure === "missing")
    throw new OpsError("program_missing", "kubectl is not installed here.", {
      hint: "Install it, or name its path in remote.kubectl_path.",
    });
  if (listed.failure === "timed_out") throw new OpsError("timed_out", "kubectl config did not answer in time.");
  if (listed.failure !== undefined)
    throw new OpsError("command_failed", `kubectl config failed: ${listed.stderr.slice(0, 300)}`, { hint: "Check the local kubeconfig." });
  const contexts = listed.stdout.split("\n").filter((line) => line !== "");
  return { contexts: contexts.slice(0, SHOWN), current: current.failure === undefined ? current.stdout.trim() || null : null };
}

interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly failure?: "missing" | "timed_out" | "failed";
}

/** One program from an array of words, with this environment alone. */
function tell(program: string, args: readonly string[], env: Record<string, string | undefined>, signal: AbortSignal): Promise<Told> {
  return new Promise((resolve) => {
    const options = { env, timeout: WITHIN_MS, maxBuffer: MOST_BYTES, signal };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout, stderr });
      const failure = error.code === "ENOENT" ? "missing" : error.killed === true && error.code === null ? "timed_out" : "failed";
      resolve({ stdout, stderr, failure });
    });
    child.stdin?.end();
  });
}
