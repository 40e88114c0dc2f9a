import { OpsError, type ErrorCode } from "@platform-ops/errors";

/** What is known of a kubectl that failed. */
export interface FailedKubectl {
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines of klog (`E0504 12:00:00.000000 123 memcache.go:265] …`), which come before the line that says why. */
const KLOG = /^[EWIF]\d{4} \d\d:/;
const SHOWN = 500;

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: (match: RegExpExecArray) => string;
  readonly hint?: string;
}

const NAME = `[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}`;
const KUBECONFIG =
  "Let the operator set `kubeconfig` (default, k3s, kubeadm or a path) and `sudo` of the environment in the operator's file.";

// Seen with kubectl 1.32 against API servers of 1.32 to 1.36. Anchored: texts of objects stand in quotes inside these lines.
const RULES: readonly Rule[] = [
  {
    pattern: /^sudo: (a password is required|a terminal is required|sorry, you must have a tty|.* is not in the sudoers file)/,
    code: "sudo_denied",
    message: () => "sudo does not let this login run kubectl without a password.",
  },
  {
    pattern: /^(?:sudo: )?(?:\S+: )?(?:line )?(?:\d+: )?(kubectl|k3s|timeout): (?:command )?not found$/,
    code: "program_missing",
    message: (match) => `${match[1]} is not installed on the machine, or not on the PATH of this login (sudo has one of its own).`,
    hint: KUBECONFIG,
  },
  {
    pattern: /(?:^|failed to run command '?|exec: "?)(kubectl|k3s)'?"?:? .*(?:No such file or directory|not found)/,
    code: "program_missing",
    message: (match) => `${match[1]} is not installed on the machine, or not on the PATH of this login (sudo has one of its own).`,
    hint: KUBECONFIG,
  },
  {
    pattern: new RegExp(`^error: the server doesn't have a resource type "(${NAME})"$`),
    code: "flux_missing",
    message: (match) => `Flux may not be installed: the cluster has no resource type ${match[1]}.`,
    hint: "Check with `flux check` and `kubectl get namespace flux-system`; or this component of Flux is not installed.",
  },
  {
    pattern: new RegExp(`^(?:error: )?[Ee]rror from server \\(NotFound\\): (${NAME}) "(${NAME})" not found`),
    code: "object_not_found",
    message: (match) => `Kubernetes has no ${match[1]} named ${match[2]} in that namespace.`,
  },
  {
    pattern: /^(?:error: )?[Ee]rror from server \(Forbidden\):/,
    code: "kubernetes_denied",
    message: () => "Kubernetes does not let this account do that.",
  },
  {
    pattern: /^error: You must be logged in to the server/,
    code: "kubernetes_denied",
    message: () => "Kubernetes does not accept the credentials of this kubeconfig.",
    hint: KUBECONFIG,
  },
  {
    pattern: /^error: (?:error loading config file|stat )|^Error in configuration:|^error: invalid configuration/,
    code: "kubernetes_unreachable",
    message: () => "kubectl cannot read its kubeconfig, or the kubeconfig does not fit.",
    hint: KUBECONFIG,
  },
  {
    pattern: /^The connection to the server localhost:8080 was refused/,
    code: "kubernetes_unreachable",
    message: () => "kubectl found no kubeconfig on this machine, or Kubernetes is not on it.",
    hint: KUBECONFIG,
  },
  {
    pattern:
      /^The connection to the server .* was refused|^Unable to connect to the server:|^(?:error: )?[Ee]rror from server \((?:ServiceUnavailable|Timeout|TooManyRequests|InternalError)\)/,
    code: "kubernetes_unreachable",
    message: () => "The Kubernetes API does not answer.",
  },
  {
    pattern: /^Error from server \(Conflict\)/,
    code: "conflict",
    message: () => "The object was changed by something else at the same time.",
  },
];

/**
 * Why a kubectl failed. It exits 1 for nearly everything, so its last line of stderr decides; of several objects the first line
 * that is known. The line itself is kept in `details.stderr`, as data.
 */
export function kubectlFailure(failed: FailedKubectl): OpsError {
  const lines = failed.stderr
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !KLOG.test(line));
  const details = { ...(failed.exit_code === null ? {} : { exit_code: failed.exit_code }), stderr: lines.join("\n").slice(-SHOWN) };
  if (/^Please enter (Username|Password):/m.test(failed.stdout)) {
    return new OpsError("kubernetes_denied", "The kubeconfig holds no credentials: kubectl asks for a user name.", {
      hint: KUBECONFIG,
      details,
    });
  }
  for (const line of lines.toReversed()) {
    for (const { pattern, code, message, hint } of RULES) {
      const match = pattern.exec(line);
      if (match !== null) return new OpsError(code, message(match), { details, ...(hint === undefined ? {} : { hint }) });
    }
  }
  return new OpsError("command_failed", `kubectl failed with exit code ${failed.exit_code ?? "unknown"}.`, { details });
}
