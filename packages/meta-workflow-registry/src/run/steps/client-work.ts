import type { Json, Step } from "../../definition/definition.ts";
import { StepFailure, type Made } from "../completion.ts";
import type { ActionDraft } from "../actions/action.ts";
import { filledProgram, filledTool } from "../server-call.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { ANYTHING, ask, common, outputOf, roleOf } from "./agent-work.ts";

type Work = Extract<Step, { type: "shell" | "mcp_call" }>;

const ATTEMPTS = 3;

/** `shell` and `mcp_call` that the client runs: it reports what came of them. */
export async function clientWork(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Work;
  const { type, executor, instructions, parameters } = step.type === "shell" ? shell(walk, here, step) : tool(walk, here, step);
  const draft: ActionDraft = {
    ...common(walk, here, 1),
    type,
    executor,
    instructions,
    parameters,
    context: [],
    result_schema: step.output === undefined ? ANYTHING : walk.schema(step.output, here),
    accept: [],
    evidence: step.type === "shell" ? ["exit_code"] : [],
    lease_ms: step.timeout,
    max_attempts: ATTEMPTS,
    on_deadline: "end",
    ...roleOf(undefined, here),
  };
  const output = outputOf(await ask(walk, here, draft, () => []));
  const code = exitCodeOf(output);
  if (step.type === "shell" && code !== undefined && code !== 0)
    throw new StepFailure("command_failed", `The command ended with exit code ${code}.`);
  return { kind: "output", output };
}

type Words = Pick<ActionDraft, "type" | "executor" | "instructions" | "parameters">;

function shell(walk: Walk, here: Here, step: Extract<Step, { type: "shell" }>): Words {
  const filled = filledProgram(walk, here, step);
  if (filled.kind !== "program") throw new StepFailure("bad_argument", "A program was expected.");
  const { argv, cwd, env, secret_env, stdin } = filled;
  const command = step.command === undefined ? undefined : walk.text(step.command, here);
  const parameters = {
    ...(command === undefined ? {} : { command }),
    ...(argv.length === 0 ? {} : { argv }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(secret_env === undefined ? {} : { secret_env }),
    ...(stdin === undefined ? {} : { stdin }),
  };
  return {
    type: "shell",
    executor: "client_shell",
    instructions: "Run this command, and report its exit code and what it wrote.",
    parameters,
  };
}

function tool(walk: Walk, here: Here, step: Extract<Step, { type: "mcp_call" }>): Words {
  const { kind: _, ...parameters } = filledTool(walk, here, step);
  return {
    type: "mcp_call",
    executor: "client_call",
    instructions: "Call this tool with these arguments, and report what it gave.",
    parameters: parameters as { readonly [name: string]: Json },
  };
}

function exitCodeOf(output: Json): number | undefined {
  if (typeof output !== "object" || output === null || Array.isArray(output)) return undefined;
  const { exit_code } = output as { readonly exit_code?: Json };
  return typeof exit_code === "number" ? exit_code : undefined;
}
