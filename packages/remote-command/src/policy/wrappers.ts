import { plainWords } from "./plain-words.ts";
import { visibleCommands } from "./shell-commands.ts";

/** What a command line really calls, as far as it can be told without running it. */
export interface Calls {
  /** The program with its arguments, then each that it is a wrapper for, outermost first. */
  readonly commands: readonly (readonly string[])[];
  /** Why there may be more than what is listed; undefined: there is not. */
  readonly unknown?: string;
  /** Whether something on the way changes to another account, by default root. */
  readonly isRoot: boolean;
}

/** How a program that calls another one reads its own arguments. */
interface Wrapper {
  /** Letters of short options without a value. */
  readonly flags?: string;
  /** Letters of short options that take one. */
  readonly values?: string;
  readonly longFlags?: readonly string[];
  readonly longValues?: readonly string[];
  /** Words of its own before the command. */
  readonly operands?: number;
  /** NAME=value may stand before the command. */
  readonly assignments?: true;
  readonly root?: true;
}

/** From the manuals of sudo 1.9, doas, coreutils 9, util-linux 2.38, bash 5.2, time 1.9. Options that are not listed make it unknown. */
const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: {
    flags: "ABbEHikNnPSs",
    values: "CDghprRTtUu",
    longFlags: [
      "askpass",
      "background",
      "bell",
      "preserve-env",
      "set-home",
      "non-interactive",
      "preserve-groups",
      "stdin",
      "reset-timestamp",
      "shell",
      "login",
    ],
    longValues: ["close-from", "chdir", "group", "host", "prompt", "chroot", "command-timeout", "role", "type", "user"],
    assignments: true,
    root: true,
  },
  doas: { flags: "n", values: "u", root: true },
  pkexec: { longFlags: ["disable-internal-agent", "keep-cwd"], longValues: ["user"], root: true },
  env: {
    flags: "i0v",
    values: "uC",
    longFlags: ["ignore-environment", "null", "debug"],
    longValues: ["unset", "chdir"],
    assignments: true,
  },
  nice: { values: "n", longValues: ["adjustment"] },
  ionice: { flags: "t", values: "cn", longFlags: ["ignore"], longValues: ["class", "classdata"] },
  nohup: {},
  setsid: { flags: "cfw", longFlags: ["ctty", "fork", "wait"] },
  stdbuf: { values: "ioe", longValues: ["input", "output", "error"] },
  timeout: {
    flags: "v",
    values: "ks",
    longFlags: ["preserve-status", "foreground", "verbose"],
    longValues: ["kill-after", "signal"],
    operands: 1,
  },
  time: { flags: "apqv", values: "fo", longFlags: ["append", "portability", "quiet", "verbose"], longValues: ["format", "output"] },
  chrt: { flags: "abdfior", longFlags: ["batch", "fifo", "idle", "other", "rr"], operands: 1 },
  taskset: { flags: "c", longFlags: ["cpu-list"], operands: 1 },
  chroot: { longFlags: ["skip-chdir"], longValues: ["userspec", "groups"], operands: 1 },
  exec: { flags: "cl", values: "a" },
  command: { flags: "p" },
  builtin: {},
  noglob: {},
  nocorrect: {},
  eval: {},
  busybox: {},
  toybox: {},
  k3s: {},
};

const SHELLS = new Set("sh bash dash ash zsh ksh mksh ksh93 pdksh rbash yash fish csh tcsh".split(" "));
/** Change the account, and take a text for a shell after `-c`. */
const ACCOUNT_SHELLS = new Set(["su", "runuser"]);

/** Programs that run what only their arguments, files or input tell. */
const RUNNERS = new Set(
  (
    "python perl ruby node nodejs deno bun php lua tclsh expect awk gawk mawk nawk sed ed ex vi vim nvim emacs nano less more man gdb strace ltrace " +
    "xargs parallel ssh scp sftp rsync tsh git make tar zip docker podman nerdctl ctr crictl lxc machinectl systemd-run nsenter unshare setpriv " +
    "setarch flock watch script at batch crontab tmux screen source . trap alias hash enable fc bind unbuffer socat nc ncat ansible terraform tofu capsh dbus-run-session"
  ).split(" "),
);
/** The dynamic loader runs the program that it is given. */
const LOADER = /^ld(-linux|-musl|\.so)/;
/** kubectl's own ways to run something in a container. */
const KUBECTL_RUNS = new Set(["exec", "debug", "run", "attach", "cp"]);

const MOST_LAYERS = 8;

/** What a program with these arguments calls. */
export function callsOf(words: readonly string[]): Calls {
  return follow(words, MOST_LAYERS);
}

/** What a free text for a shell calls. */
export function callsOfText(text: string): Calls {
  return followText(text, MOST_LAYERS);
}

function followText(text: string, layers: number): Calls {
  const words = plainWords(text);
  if (words !== undefined) return follow(words, layers);
  const seen = visibleCommands(text).map((command) => follow(command, layers - 1));
  return {
    commands: seen.flatMap(({ commands }) => commands),
    isRoot: seen.some(({ isRoot }) => isRoot),
    unknown: "it is written in the shell's language, so what it calls is known only when it runs",
  };
}

function follow(words: readonly string[], layers: number): Calls {
  const program = nameOf(words[0] ?? "");
  const own = (unknown?: string, isRoot = false): Calls => ({ commands: [words], isRoot, ...(unknown === undefined ? {} : { unknown }) });
  if (layers <= 0) return own("it is wrapped too often");
  if (program === "" || program.startsWith("-") || program.includes("=")) return own("its first word is no program");
  const around = (inner: Calls, isRoot = false): Calls => ({
    ...inner,
    commands: [words, ...inner.commands],
    isRoot: isRoot || inner.isRoot,
  });

  if (SHELLS.has(program)) {
    const text = textOf(words);
    return text === undefined ? own(`${program} runs a text that is not seen here`) : around(followText(text, layers - 1));
  }
  if (ACCOUNT_SHELLS.has(program)) {
    const text = accountText(words);
    return text === undefined
      ? own(`${program} starts a shell`, true)
      : around({ ...followText(text, layers - 1), unknown: `${program} starts a shell` }, true);
  }
  const wrapper = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program]! : undefined;
  if (wrapper !== undefined && !(program === "k3s" && !["kubectl", "crictl", "ctr"].includes(words[1] ?? ""))) {
    const inner = innerOf(words, wrapper);
    if (inner === undefined) return own(`what ${program} calls cannot be told from its options`, wrapper.root === true);
    if (inner.length === 0) return own(wrapper.root === true ? `${program} may start a shell` : undefined, wrapper.root === true);
    return around(program === "eval" ? followText(inner.join(" "), layers - 1) : follow(inner, layers - 1), wrapper.root === true);
  }
  if (program === "find") return followFind(words, layers);
  if (RUNNERS.has(program) || RUNNERS.has(program.replace(/[\d.]+$/, "")) || LOADER.test(program))
    return own(`${program} can run other programs`);
  if (program === "kubectl" && words.some((word) => KUBECTL_RUNS.has(word))) return own("kubectl runs something in a container");
  return own();
}

/** find(1) calls what stands behind -exec and the like. */
function followFind(words: readonly string[], layers: number): Calls {
  const called = words.flatMap((word, at) => (/^-(exec|execdir|ok|okdir)$/.test(word) ? [follow(words.slice(at + 1), layers - 1)] : []));
  return {
    commands: [words, ...called.flatMap(({ commands }) => commands)],
    isRoot: called.some(({ isRoot }) => isRoot),
    ...(called.length === 0 ? {} : { unknown: "find runs a program on what it finds" }),
  };
}

/** The last part of a program's path. */
export function nameOf(program: string): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

/** The command that a wrapper calls; empty when it calls none; undefined when its options are not known to us. */
function innerOf(words: readonly string[], wrapper: Wrapper): readonly string[] | undefined {
  let at = 1;
  for (; at < words.length && words[at]!.startsWith("-") && words[at] !== "-"; at += 1) {
    const word = words[at]!;
    if (word === "--") {
      at += 1;
      break;
    }
    const takes = word.startsWith("--") ? longTakes(word, wrapper) : shortTakes(word, wrapper);
    if (takes === undefined) return undefined;
    at += takes;
  }
  at += wrapper.operands ?? 0;
  while (wrapper.assignments === true && at < words.length && /^[^=/]+=/.test(words[at]!)) at += 1;
  return words.slice(at);
}

/** How many further words a long option takes; undefined: an option that is not known. */
function longTakes(word: string, { longFlags = [], longValues = [] }: Wrapper): number | undefined {
  const name = word.slice(2).split("=")[0]!;
  if (longValues.includes(name)) return word.includes("=") ? 0 : 1;
  return longFlags.includes(name) ? 0 : undefined;
}

function shortTakes(word: string, { flags = "", values = "" }: Wrapper): number | undefined {
  // `nice -5` and `nice -n5`: a number is a value of its own.
  if (/^-\d+$/.test(word)) return values.includes("n") ? 0 : undefined;
  for (let at = 1; at < word.length; at += 1) {
    if (values.includes(word[at]!)) return at === word.length - 1 ? 1 : 0;
    if (!flags.includes(word[at]!)) return undefined;
  }
  return 0;
}

/** Options of shells that take no value and change nothing of what `-c` means. */
const SHELL_OPTIONS = /^-[efhiklmnprstuvx]+$/;
const SHELL_TEXT = /^-[efhiklmnprstuvx]*c[efhiklmnprstuvx]*$/;

/** The text that a shell was given by `-c`; undefined where it runs something else, or where that cannot be told. */
function textOf(words: readonly string[]): string | undefined {
  let isText = false;
  for (const word of words.slice(1)) {
    if (SHELL_TEXT.test(word)) isText = true;
    else if (word === "--" && isText) continue;
    else if (!SHELL_OPTIONS.test(word)) return isText && !/^[-+]/.test(word) ? word : undefined;
  }
  return undefined;
}

/** The text that su or runuser hands to the shell of an account. */
function accountText(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^(-[a-z]*c|--command(=.*)?|--session-command(=.*)?)$/.test(word));
  if (at < 0) return undefined;
  const inline = words[at]!.indexOf("=");
  return inline < 0 ? words[at + 1] : words[at]!.slice(inline + 1);
}
