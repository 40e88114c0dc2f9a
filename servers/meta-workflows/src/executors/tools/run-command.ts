import { isOpsError } from "@platform-ops/errors";
import { permit, type RemoteCommand, type RunResult } from "@platform-ops/remote-command";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { z } from "zod";
import type { ExecutorDeps } from "../executor-deps.ts";
import { failed } from "../outcome.ts";
import { builtInTool, type BuiltInContext } from "./built-in-tool.ts";

const word = z
  .string()
  .max(16_384)
  .refine((text) => !text.includes("\0"), "must not hold a NUL character");
/** What policies let a command take where they say nothing else. */
const USUAL_SECONDS = 600;
const CAPTURE = { for: "model", maxBytes: 32_768 } as const;

/** One command on one machine, by the operator's policy: what it asks for, a person decides, and the same call then runs it. */
export const runCommand = builtInTool({
  server: "remote",
  tool: "run_command",
  summary: "Runs one program on one machine through Teleport or SSH, as far as the operator's policy lets it.",
  readOnly: false,
  repeatable: false,
  input: z.strictObject({
    cluster: word.min(1).max(63),
    node: word.min(1).max(253),
    user: word.min(1).max(100).optional(),
    argv: z.array(word).min(1).max(256),
    cwd: word.max(4_096).optional(),
    stdin: word.optional(),
    sudo: z.boolean().optional(),
    timeout_seconds: z.int().min(1).max(86_400).optional(),
  }),
  async run(deps, { cluster, node, user, argv, cwd, stdin, sudo, timeout_seconds = USUAL_SECONDS }, context) {
    const remote = await deps.remote();
    const target = { cluster, node, user: user ?? (await remote.userOn(cluster, node)) };
    const [program = "", ...args] = argv;
    const command: RemoteCommand = {
      kind: "program",
      program,
      args,
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
      ...(sudo === undefined ? {} : { sudo }),
    };
    // A definition's word on its own effects is nobody's policy: every command of a runbook is judged as a free one.
    const bounds = { effect: "free", timeoutMs: Math.min(context.timeout, timeout_seconds * 1_000) } as const;
    const verdict = await remote.judge(target, command, bounds);
    if (verdict.verdict === "refuse") return failed("not_allowed", `The operator's policy refuses this: ${verdict.because}`);
    if (verdict.verdict === "run")
      return outcomeOfRun(deps, await remote.run(target, command, { ...bounds, capture: CAPTURE, signal: context.signal }), context);
    const port = { approvals: deps.approvals, policy: deps.policy, requester: context.requester, server: "meta-workflows" };
    const permitted = await permit(port, verdict, { title: `Run ${program} on ${node} for run ${context.run_id}` });
    if ("waiting" in permitted)
      return failed(
        "approval_needed",
        `Nothing was run: ${verdict.because} A person decides ${permitted.waiting.id} (environment ${verdict.environment}, by ${permitted.waiting.channels.join(" or ")}); the same call then runs it, once.`,
        { approval: permitted.waiting.id, environment: verdict.environment, expires_at: permitted.waiting.expires_at },
      );
    const run = await remote.run(target, command, { ...bounds, capture: CAPTURE, signal: context.signal, consent: permitted.consent });
    return outcomeOfRun(deps, run, context);
  },
});

async function outcomeOfRun(deps: ExecutorDeps, run: RunResult, context: BuiltInContext): Promise<CallOutcome> {
  const { target, state, exit_code, stdout, stderr, duration_ms, failure } = run;
  await deps.audit.append({
    kind: "command",
    actor: context.requester,
    what: "run_command",
    target: `${target.user}@${target.node} of ${target.cluster}`,
    outcome: state === "completed" ? `exit ${exit_code}` : state,
    ...(failure === undefined ? {} : { code: failure.code }),
    id: context.run_id,
    duration_ms: Math.round(duration_ms),
  });
  const output: Json = {
    exit_code,
    stdout: deps.redactor.text(stdout.text),
    stderr: deps.redactor.text(stderr.text),
    duration_ms: Math.round(duration_ms),
    truncated: stdout.truncated || stderr.truncated,
  };
  if (state === "completed" && exit_code === 0 && failure === undefined) return { status: "done", output, simulated: false };
  const why = isOpsError(failure) ? failure.message : `It ended with code ${exit_code}.`;
  if (state === "not_started") return failed(failure?.code ?? "command_failed", why);
  if (state === "completed") return failed(failure?.code ?? "command_failed", why, output);
  return context.read_only ? failed(failure?.code ?? "command_failed", why, output) : { status: "unknown", message: why };
}
