/** How long, how much, as whom: the same for both kinds of command. */
interface Circumstances {
  /** Given to the command as its stdin; without it the command reads from /dev/null. */
  readonly stdin?: string | Uint8Array;
  /** Absolute path on the target. */
  readonly cwd?: string;
  /** Run as root by `sudo -n`. */
  readonly sudo?: boolean;
}

/** A program with its arguments, quoted word by word by us. */
export interface ProgramCommand extends Circumstances {
  readonly kind: "program";
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the command's environment. Never for secrets: Teleport's audit and `ps` show it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A free text for the login shell of the target's user, judged as such by policy. */
export interface ShellCommand extends Circumstances {
  readonly kind: "shell";
  readonly text: string;
}

/** What is to be run, as data. */
export type RemoteCommand = ProgramCommand | ShellCommand;
