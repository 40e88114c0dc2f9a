import { isVariableNamed, NETWORK_VARIABLES, pickVariables, USUAL_VARIABLES } from "@platform-ops/ledger";

/** Names that every child gets where the run's environment has them. */
const BASE: readonly string[] = [
  ...USUAL_VARIABLES,
  ...NETWORK_VARIABLES,
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "SSH_AUTH_SOCK",
  "GIT_SSH_COMMAND",
  "GIT_TERMINAL_PROMPT",
  "TF_CLI_CONFIG_FILE",
  "TF_PLUGIN_CACHE_DIR",
  "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
  "TF_REGISTRY_*",
  "TF_STATE_PERSIST_INTERVAL",
  "TF_ENCRYPTION",
];

/** Never handed on: each changes silently what a plan means, or writes secrets into a log. */
const DROPPED = [
  "TF_CLI_ARGS",
  "TF_CLI_ARGS_*",
  "TF_LOG",
  "TF_LOG_*",
  "TF_WORKSPACE",
  "TF_REATTACH_PROVIDERS",
  "TF_DATA_DIR",
  "TF_INPUT",
  "TF_IN_AUTOMATION",
] as const;

/** Whether every child gets a variable of that name, whatever the operator's list says. */
export function isBaseVariable(name: string): boolean {
  return isVariableNamed(name, BASE);
}

const isDropped = (name: string): boolean => isVariableNamed(name, DROPPED);

/**
 * Picks the variables that a run keeps as its own environment: the base names and those that the operator's globs name
 * (`AWS_*`, `TF_VAR_*`, …), sorted by name.
 */
export function collectEnvironment(env: Readonly<Record<string, string | undefined>>, globs: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(pickVariables(env, [...BASE, ...globs])).filter(([name]) => !isDropped(name)));
}

/**
 * The whole environment of a terraform or tofu process: the run's own variables without those that change a command's
 * meaning, and the settings of a machine-driven run. Nothing comes from the worker's own environment.
 */
export function childEnvironment(runEnv: Readonly<Record<string, string>>, dataDir: string): Record<string, string> {
  const kept = Object.entries(runEnv).filter(([name, value]) => !isDropped(name) && !name.includes("\0") && !value.includes("\0"));
  return {
    ...Object.fromEntries(kept),
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    TF_INPUT: "0",
    TF_DATA_DIR: dataDir,
  };
}
