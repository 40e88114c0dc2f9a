// The command lines of tsh. Global flags come first: a user's alias replaces a subcommand only as the first word.
import { OpsError } from "@platform-ops/errors";
import type { ClusterSettings } from "@platform-ops/ledger";
import type { Target } from "../target.ts";

/** What this tsh understands; asked of its own help once. */
export interface TshAbilities {
  /** `--no-relogin`: an expired certificate is an error, never a browser. Since 14. */
  readonly noRelogin: boolean;
  /** How it is kept from asking for access after a refusal: `--request-mode=off`, since 14; before it `--disable-access-request`. */
  readonly noRequest: "--request-mode=off" | "--disable-access-request" | undefined;
}

/** Reads `tsh help ssh`, which is written to stderr. */
export function abilitiesIn(help: string): TshAbilities {
  const has = (flag: string): boolean => new RegExp(`^\\s+(?:-\\w, )?--(?:\\[no-\\])?${flag}\\b`, "m").test(help);
  return {
    noRelogin: has("relogin"),
    noRequest: has("request-mode") ? "--request-mode=off" : has("disable-access-request") ? "--disable-access-request" : undefined,
  };
}

/** Flags that come before every subcommand. */
export function globalWords(settings: ClusterSettings["teleport"]): string[] {
  return [
    ...(settings.identity_file === undefined ? [] : ["-i", settings.identity_file]),
    ...(settings.proxy === undefined ? [] : [`--proxy=${settings.proxy}`]),
    ...(settings.insecure ? ["--insecure"] : []),
  ];
}

/**
 * `tsh … ssh … -- user@node LINE`. The line is one word: tsh joins words by one space and empty ones vanish, and `--` behind the
 * host would reach the remote shell.
 */
export function sshWords(settings: ClusterSettings["teleport"], abilities: TshAbilities, target: Target, line: string): string[] {
  return [
    ...globalWords(settings),
    "ssh",
    ...clusterWord(settings),
    ...(abilities.noRelogin ? ["--no-relogin"] : []),
    ...(abilities.noRequest === undefined ? [] : [abilities.noRequest]),
    "--",
    hostWord(target),
    commandLine(line),
  ];
}

/** The login shell's `-c -x` would take a line for an option, and tsh opens a shell when there is no command at all: a space helps. */
export function commandLine(line: string): string {
  return line === "" || line.startsWith("-") ? ` ${line}` : line;
}

/** `tsh ls`; it has no `--no-relogin`: only an identity file keeps it from trying a login. */
export function lsWords(settings: ClusterSettings["teleport"]): string[] {
  return [...globalWords(settings), "ls", ...clusterWord(settings), "--format=json"];
}

/** The byte pipe to a machine's SSH port that OpenSSH's ProxyCommand wants; `user@host:port` follows. */
export function proxySshWords(settings: ClusterSettings["teleport"]): string[] {
  return [...globalWords(settings), "proxy", "ssh", ...clusterWord(settings)];
}

/**
 * `user@node` for tsh. The core has checked the names; `=` (a label selector, which runs on every match), `:` (a port) and a
 * leading `-` (an option) are refused once more where it would hurt.
 * @throws OpsError invalid_input
 */
export function hostWord(target: Target): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,255}$/.test(target.node)) {
    throw new OpsError("invalid_input", "node is no hostname and no UUID.", { hint: "Take it from list_teleport_nodes." });
  }
  if (!/^[A-Za-z_][A-Za-z0-9_.@$+-]{0,253}$/.test(target.user)) {
    throw new OpsError("invalid_input", "user is no login of an operating system.");
  }
  return `${target.user}@${target.node}`;
}

function clusterWord(settings: ClusterSettings["teleport"]): string[] {
  return settings.cluster === "" ? [] : [`--cluster=${settings.cluster}`];
}
