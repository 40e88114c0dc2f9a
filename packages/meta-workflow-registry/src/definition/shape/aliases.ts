import type { StepType } from "../definition.ts";

// Names that other runbook formats use for the same; both may be written, one at a time.

export const TYPE_ALIASES: Readonly<Record<string, StepType>> = {
  set: "set_state",
  for_each: "foreach",
  finish: "return",
  call: "mcp_call",
  human: "ask",
};

const AGENT_WORK = { message: "instructions" };

const COMMON = { if: "when", on_failure: "on_error" };

/** Alias → field, by type of step. */
export const FIELD_ALIASES: Readonly<Record<StepType, Readonly<Record<string, string>>>> = {
  condition: { on_failure: "on_error" },
  set_state: COMMON,
  foreach: COMMON,
  return: COMMON,
  shell: { ...COMMON, working_dir: "cwd" },
  mcp_call: { ...COMMON, parameters: "args", arguments: "args" },
  prompt: { ...COMMON, ...AGENT_WORK },
  wait: { ...COMMON, duration: "for", duration_seconds: "for" },
  delegate: { ...COMMON, ...AGENT_WORK },
  parallel: COMMON,
  switch: { ...COMMON, default: "else" },
  loop: COMMON,
  approval: { ...COMMON, timeout: "wait_at_most" },
  ask: { ...COMMON, timeout: "wait_at_most", message: "question" },
  check: COMMON,
  workflow: { ...COMMON, with: "inputs" },
  fail: COMMON,
};

export const TOP_ALIASES: Readonly<Record<string, string>> = { state: "initial_state" };
