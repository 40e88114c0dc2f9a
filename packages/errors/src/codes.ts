/** What is known about a code wherever it is thrown. */
export interface ErrorCodeFacts {
  /** One sentence: when it is thrown. */
  readonly meaning: string;
  /** The default hint. */
  readonly cure: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
}

const code = (meaning: string, cure: string, retryable = false): ErrorCodeFacts => ({ meaning, cure, retryable });

/** The whole vocabulary of failure. Codes are stable: people, clients and tests rely on them. */
export const ERROR_CODES = {
  // asked wrongly
  invalid_input: code("An argument is missing, unknown, of the wrong type or out of bounds.", "Correct the named argument and call again."),
  invalid_config: code("A configuration breaks one of its rules.", "Correct every problem listed and call again."),
  config_not_found: code(
    "The configuration file is not there or cannot be read.",
    "Check config_path; it is resolved against each allowed root.",
  ),
  settings_invalid: code("The operator's settings are wrong.", "Correct every setting listed, then start again."),
  not_found: code("Nothing has that id.", "List what exists and use one of those ids."),
  already_exists: code("Something open already has that id.", "Use another id, or look at the existing one."),
  data_directory_unsafe: code(
    "The data directory, or something in it, could be changed by somebody else or is not what it should be.",
    "Correct its owner and mode (0700), or choose another PLATFORM_OPS_HOME.",
  ),
  // not allowed
  not_allowed: code("The operator's policy refuses this.", "Ask the operator to allow it; no argument can."),
  path_not_allowed: code("A path leads outside the allowed roots.", "Use a path inside an allowed root, or let the operator add the root."),
  read_only: code("The server was started read-only.", "Ask the operator to start it without read-only mode."),
  // approvals
  approval_not_found: code("No approval request has that id.", "List the open requests with `approvals`."),
  approval_closed: code("The request was decided or expired before.", "Look at the run; start a new one if it is still wanted."),
  approval_invalid: code(
    "The approval record is forged, altered, or signed by an unknown key.",
    "Decide the request through one of its channels.",
  ),
  approval_expired: code("The approval was given too late or has expired.", "Ask again with a new request."),
  approval_mismatch: code("The approval is for something else than what would now be done.", "Look at the new plan and decide anew."),
  approval_used: code("The approval was used before; each is used once.", "Ask again with a new request."),
  approval_channel: code("The policy does not accept this channel here.", "Use a channel that the request lists."),
  not_confirmed: code("It was sent, but no answer came in time.", "Send the same again; it is taken once.", true),
  // parts and processes
  setup_needed: code("A needed part is not installed.", "Run the `setup` command of this server.", true),
  unsupported_platform: code("This operating system or processor is not supported.", "Use Linux (glibc), macOS, or Windows through WSL2."),
  temporal_unavailable: code("Temporal cannot be reached.", "Run `doctor`; start Temporal or correct TEMPORAL_ADDRESS.", true),
  worker_missing: code("No worker polls the task queue of the run.", "Start one with the `worker` command of the server.", true),
  temporal_denied: code("Temporal refuses the credentials.", "Check TEMPORAL_API_KEY, the certificates and the namespace."),
  temporal_version: code(
    "The database belongs to another server version.",
    "Install the pinned release with `setup`, or move the database away.",
  ),
  port_taken: code("The port is used by another program.", "Free the port or configure another one."),
  lock_held: code("Another live process holds the lock.", "Wait, or stop that process.", true),
  needs_version: code("The run needs the worker build that started it.", "Run `setup` of the version that began it, or cancel the run."),
  key_missing: code("A key of the data directory is lost.", "Restore keys/ from a backup; what it sealed cannot be read without it."),
  artifact_missing: code("A stored artifact is gone or does not match its digest.", "Plan anew; the artifact may have expired."),
  storage_failed: code(
    "A file could not be written: the disk is full, read-only, or refuses.",
    "Make room, or correct what is named; then call again.",
    true,
  ),
  program_missing: code("A program is not installed or too old.", "Install it, or name its path in the settings."),
  worker_unavailable: code("No worker takes the work.", "Run `doctor`; start the worker.", true),
  // runs
  run_failed: code(
    "Workspaces of the run failed and nothing was applied.",
    "Look at the errors in the run's status, correct them and start a new run.",
  ),
  run_partial: code(
    "Some workspaces of the run were applied, others failed or are in doubt.",
    "Look at the run's status; what is in doubt must be looked at before a new run.",
  ),
  run_rejected: code("A person rejected the changes.", "Change the configuration, or ask the person; then start a new run."),
  run_expired: code("Nobody approved the changes in time.", "Start a new run and have it approved."),
  run_cancelled: code("The run was cancelled before all was done.", "Start a new run if it is still wanted."),
  output_missing: code(
    "An upstream workspace has no such output.",
    "Correct the input's sourceOutput, or add the output to the upstream workspace and apply it.",
  ),
  // machines
  not_logged_in: code("Nobody is logged in to Teleport.", "A person runs the named `tsh login`; then call again."),
  certificate_expired: code("The Teleport certificate has expired.", "A person runs the named `tsh login`; then call again."),
  cluster_unknown: code("Teleport knows no cluster of that name, or it is offline.", "Check the cluster's name in the operator's file."),
  node_unknown: code("No machine of that name is known, or it is offline.", "List the machines with list_teleport_nodes.", true),
  node_ambiguous: code("Several machines have that name.", "Use the UUID of one of them."),
  node_unreachable: code("The machine does not answer.", "Check that it is up; then call again.", true),
  access_denied: code("The login or the machine is not allowed to this account.", "Use a login that is allowed, or request access."),
  user_unknown: code("The machine has no such operating-system user.", "Use a login that exists on the machine."),
  proxy_unreachable: code("The Teleport proxy or jump host cannot be reached.", "Check the proxy's address and the network.", true),
  host_key_unknown: code("The machine's host key is not in known_hosts.", "A person checks the key and adds it to known_hosts."),
  host_key_changed: code(
    "The machine's host key is not the one in known_hosts.",
    "Do not go on: a person finds out why it changed, then corrects known_hosts.",
  ),
  authentication_failed: code("The machine accepts none of our keys.", "Add a key to the agent or the operator's file."),
  connect_timeout: code("The connection was not made in time.", "Check the network; then call again.", true),
  command_timeout: code("The command passed its time limit and was ended.", "Give it more time, or ask for less."),
  command_killed: code("The command was ended by a signal.", "Look at the machine: memory limits and operators end programs."),
  connection_lost: code("The connection broke while the command ran.", "Look at the target before anything is repeated: it may have run."),
  output_too_large: code("The output is larger than what can be read as a whole.", "Ask for less: a namespace, a name, a limit."),
  sudo_denied: code("sudo asks for a password, or does not allow this.", "Let the operator allow it in sudoers, or correct `sudo`."),
  approval_needed: code("The policy lets this run only when a person approves it.", "Ask the person by the named way; then call again."),
  // Kubernetes and Flux
  flux_missing: code("Flux is not installed in this cluster.", "Check the cluster; `flux check` tells."),
  object_not_found: code("Kubernetes has no such object.", "List what there is, and use one of those names."),
  kubernetes_denied: code("Kubernetes refuses this account.", "Use an account with the right, or let the operator grant it."),
  kubernetes_unreachable: code("The Kubernetes API does not answer.", "Check the kubeconfig and the cluster.", true),
  suspended: code("The object is suspended, so nothing would happen.", "Resume it first."),
  // runbooks
  definition_invalid: code("A definition of a runbook is wrong.", "Correct every problem listed; validate_meta_workflow checks it."),
  stale_attempt: code("The attempt lost its action, or the action is over.", "Call next_action; do not send this result again."),
  attempt_conflict: code("Another result was submitted for this attempt.", "Call next_action and go on from there."),
  action_ambiguous: code("It is not clear which action is meant.", "Send it again with action_id and attempt_id.", true),
  schema_invalid: code("The result does not fit what the action asks for.", "Correct it and submit it again with the same attempt_id."),
  check_failed: code("The server's checks refused the result.", "Remove the cause, then submit again with the new attempt_id."),
  outcome_unknown: code("It may have happened, and nobody has looked.", "Do not do it again; look for the effect_key."),
  not_your_action: code("Another agent or a person has this action.", "Call next_action for your own work."),
  awaiting_human: code("A person decides here.", "Call next_action with wait_seconds, and do other work meanwhile.", true),
  run_closed: code("The run is over.", "Read its end with get_workflow_status."),
  run_paused: code("The run is paused.", "control_run resume lets it go on."),
  locked: code("Another run holds what this one needs.", "Wait for it, or end it with control_run.", true),
  limit_reached: code("As many are open as the settings allow.", "Finish or cancel one of them, or raise the limit."),
  capability_unbound: code("Nothing is bound to what the step needs.", "Bind it in bindings.yaml, or allow it in the operator's file."),
  // programs
  credentials: code("Credentials are missing or expired.", "Renew them, then run `refresh-credentials` for the run."),
  command_failed: code("A program ended with a failure.", "Read its message."),
  timed_out: code("A time limit passed.", "Look at the status, then decide.", true),
  cancelled: code("It was cancelled.", "Start again if it is still wanted."),
  conflict: code("Something else holds or changed what this needs.", "Wait for the named holder, or look at what changed.", true),
  stale: code("The state moved after the plan was made.", "Plan anew."),
  in_doubt: code("It is not known whether the step took effect.", "Look at what is named before anything else is done."),
  state_damaged: code("A state file is empty or unreadable.", "Restore the state from a backup before anything else."),
  too_large: code("Something is larger than its bound.", "Ask for less, or raise the bound."),
  unexpected: code("A failure that we did not foresee.", "Report the id; details are in the log and the audit."),
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;
