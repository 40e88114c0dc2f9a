import { OpsError } from "@platform-ops/errors";
import { quoteData } from "@platform-ops/mcp-kit";
import type { RunResult, Target } from "@platform-ops/remote-command";
import { z } from "zod";
import type { FluxTeleportDeps } from "../deps.ts";
import { permissionFor, recordRun } from "../run-permitted.ts";
import { clusterOf } from "../target.ts";
import { cluster, timeout, user } from "./params.ts";
import { done, failed, operationsTool, type Said } from "./result.ts";
import { runFailure } from "./run-answer.ts";
import { secondsOf } from "./seconds.ts";

/** Of all machines together a model is shown about so much, and of one at least and at most so much. */
const SHOWN_TOGETHER = 6000;
const SHOWN_LEAST = 120;
const SHOWN_MOST = 2000;
/** No further machine is begun once half of those that ended have failed. */
const STOP_AT = 0.5;

export const run_on_nodes = operationsTool({
  name: "run_on_nodes",
  title: "Run on nodes",
  description: "The same on many machines; stops when half fail.",
  effect: "destroy",
  toolset: "teleport",
  asks: true,
  empty: { results: [], failed: null },
  input: z.strictObject({ cluster, nodes: z.array(z.string().max(253)).max(500), user, command: z.string().max(65_536), timeout }),
  async run({ cluster: given, nodes, user: login, command, timeout: asked }, deps, call, said) {
    if (command.trim() === "") throw new OpsError("invalid_input", "Command cannot be empty", { hint: "Give the command to run." });
    const name = await clusterOf(deps, given, said);
    const seconds = secondsOf(deps, asked);
    const remote = await deps.remote();
    const targets = await Promise.all(
      nodes.map(async (node): Promise<Target> => ({ cluster: name, node, user: login ?? (await remote.userOn(name, node)) })),
    );
    const shell = { kind: "shell", text: command } as const;
    const limits = { effect: "free", timeoutMs: seconds * 1000 } as const;
    const title = `Run a command on ${targets.length} machine(s) of ${name}`;
    const verdict = await remote.judgeAll(targets, shell, limits);
    const permission = await permissionFor(deps, call, verdict, { title, said: { ...said, results: [], failed: null } });
    if ("answer" in permission) return permission.answer;
    const maxBytes = Math.min(SHOWN_MOST, Math.max(SHOWN_LEAST, Math.floor(SHOWN_TOGETHER / targets.length)));
    const { results, stopped } = await remote.runOnAll(targets, shell, {
      ...limits,
      ...permission,
      capture: { for: "model", maxBytes },
      signal: call.signal,
      concurrency: deps.config.settings.remote.concurrency,
      stopAtFailureRate: STOP_AT,
      onResult: (result, ended, total) => call.progress(`${result.target.node}: ${result.state}`, ended, total),
    });
    for (const run of results) if (run.state !== "not_started") await recordRun(deps, call, verdict, run, { title });
    return answerOf(deps, results, stopped, seconds, said);
  },
});

function answerOf(deps: FluxTeleportDeps, results: readonly RunResult[], stopped: boolean, seconds: number, said: Said) {
  const failures = results.map((run) => runFailure(run, seconds));
  const count = failures.filter((failure) => failure !== undefined).length;
  const data = {
    results: results.map((run, at) => ({
      node: run.target.node,
      user: run.target.user,
      state: run.state,
      exit_code: run.exit_code,
      stdout: run.stdout.text,
      stderr: run.stderr.text,
      ...(failures[at] === undefined ? {} : { code: failures[at].code }),
    })),
    failed: count,
    stopped,
    truncated: results.some(({ stdout, stderr }) => stdout.truncated || stderr.truncated),
  };
  const body = quoteData("each machine", results.map((run, at) => lineOf(run, failures[at])).join("\n"));
  if (count === 0) return done(`Command executed successfully on ${results.length} machine(s)`, data, body);
  const summary = `Command failed on ${count} of ${results.length} machine(s)${stopped ? "; stopped there, the others were not begun" : ""}`;
  return failed(
    deps,
    new OpsError("command_failed", summary, { hint: "Look at the lines of those that failed; run it again on those only." }),
    said,
    data,
    body,
  );
}

function lineOf(run: RunResult, failure: OpsError | undefined): string {
  const output = [run.stdout.text, run.stderr.text].map((text) => text.trimEnd()).filter((text) => text !== "");
  const how = failure === undefined ? "ok" : run.state === "completed" ? `exit ${run.exit_code}` : `${run.state}: ${failure.code}`;
  const lines = output.join("\n").split("\n");
  return lines.length === 1
    ? `${run.target.node}  ${how}  ${lines[0]}`
    : `${run.target.node}  ${how}\n${lines.map((line) => `    ${line}`).join("\n")}`;
}
