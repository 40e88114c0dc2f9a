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
  const { execa } = await import("execa");
  const program = config.settings.remote.kubectl_path ?? "kubectl";
  const env = Object.fromEntries(
    ["PATH", "HOME", "KUBECONFIG", "LANG"].flatMap((name) => (config.env[name] === undefined ? [] : [[name, config.env[name]]])),
  );
  const ask = async (...args: string[]) =>
    await execa(program, ["config", ...args], {
      env,
      extendEnv: false,
      stdin: "ignore",
      timeout: WITHIN_MS,
      maxBuffer: MOST_BYTES,
      cancelSignal: signal,
      reject: false,
    });
  const [listed, current] = await Promise.all([ask("get-contexts", "-o", "name"), ask("current-context")]);
  if (listed.code === "ENOENT")
    throw new OpsError("program_missing", "kubectl is not installed here.", {
      hint: "Install it, or name its path in remote.kubectl_path.",
    });
  if (listed.timedOut) throw new OpsError("timed_out", "kubectl config did not answer in time.");
  if (listed.failed)
    throw new OpsError("command_failed", `kubectl config failed: ${listed.stderr.slice(0, 300)}`, { hint: "Check the local kubeconfig." });
  const contexts = listed.stdout.split("\n").filter((line) => line !== "");
  return { contexts: contexts.slice(0, SHOWN), current: current.failed ? null : current.stdout.trim() || null };
}
