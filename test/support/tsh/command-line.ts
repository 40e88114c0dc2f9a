// tsh's command line: flags may stand anywhere before the first word that `ssh` takes for a host.
import { fail, Exit, type Emulation } from "./emulation.ts";

export interface CommandLine {
  /** Words of the subcommand: `request ls`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** Values of `-o`. */
  readonly options: readonly string[];
}

const GLOBAL =
  "insecure! skip-version-check! debug!d headless! enable-escape-sequences! login=l proxy= user= ttl= identity=i cert-format= auth= add-keys-to-agent=k bind-addr= mfa-mode= mlock= jumphost=J";
const OWN: Readonly<Record<string, string>> = {
  ssh: "port=p forward-agent!A forward=L dynamic-forward=D local! tty!t cluster=c option=o no-remote-exec!N x11-untrusted!X x11-trusted!Y x11-untrusted-timeout= participant-req! request-reason= disable-access-request!",
  ls: "cluster=c verbose!v format=f search= query= all!R",
  clusters: "format=f verbose!v quiet!q",
  status: "format=f verbose!v",
  version: "format=f client!",
  config: "port=p",
  "proxy ssh": "cluster=c",
  "kube ls": "format=f cluster=c",
  "apps ls": "format=f cluster=c",
  "db ls": "format=f cluster=c",
  "request ls": "format=f reviewable! suggested! my-requests!",
  "request create": "roles= reason= nowait! resource= reviewers= request-ttl= session-ttl=",
};
/** Since 14. */
const LATER_SSH = " relogin! request-mode= no-resume! invite= reason= log-dir=";
const GROUPS = ["request", "kube", "apps", "db", "proxy"];
const FORMATS: Readonly<Record<string, string>> = { ls: "text,json,yaml,names" };

/** Parses as tsh does, with its words for what is wrong. */
export function parseCommandLine(argv: readonly string[], emulation: Emulation): CommandLine {
  const later = Number(emulation.state.version.split(".")[0]) >= 14 ? LATER_SSH : "";
  const flags: Record<string, string> = {};
  const options: string[] = [];
  const words: string[] = [];
  let command = "";
  let rest = [...argv];
  const specs = (): string[] => `${GLOBAL} ${OWN[command] ?? ""}${command === "ssh" ? later : ""}`.split(" ");
  while (rest.length > 0) {
    const word = rest.shift() as string;
    if (word === "--") {
      words.push(...rest);
      break;
    }
    if (word.startsWith("-") && word !== "-") {
      rest = takeFlag(word, rest, specs(), flags, options, emulation, command);
      continue;
    }
    if (command === "") command = word;
    else if (GROUPS.includes(command) && words.length === 0) command = `${command} ${word}`;
    else {
      words.push(word);
      // Behind the host everything is the remote command.
      if (command === "ssh" || command === "help") {
        words.push(...rest);
        break;
      }
    }
  }
  const formats = FORMATS[command];
  if (formats !== undefined && flags["format"] !== undefined && !formats.split(",").includes(flags["format"])) {
    emulation.stderr(emulation.state.help[command] ?? "");
    throw fail(`enum value must be one of ${formats}, got '${flags["format"]}'`);
  }
  return { command, args: words, flags, options };
}

function takeFlag(
  word: string,
  rest: string[],
  specs: readonly string[],
  flags: Record<string, string>,
  options: string[],
  emulation: Emulation,
  command: string,
): string[] {
  const long = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(word);
  const spec = specs.find((candidate) => {
    const [, name, , short] = /^([a-z0-9-]+)([=!])(.?)$/.exec(candidate) ?? [];
    return long === null ? short !== "" && short === word[1] : name === long[2] || name === `${long[1] ?? ""}${long[2]}`;
  });
  if (spec === undefined) {
    const what = long === null ? `unknown short flag '-${word[1]}'` : `unknown long flag '${word.split("=")[0]}'`;
    emulation.stderr(`tsh: error: ${what}\n${emulation.state.help[command] ?? ""}`);
    throw fail(what);
  }
  const name = spec.split(/[=!]/)[0] ?? "";
  if (spec.includes("!")) {
    flags[name] = long?.[1] === "no-" && name !== "no-remote-exec" ? "" : "yes";
    return long === null && word.length > 2 ? [`-${word.slice(2)}`, ...rest] : rest;
  }
  const inline = long === null ? (word.length > 2 ? word.slice(2) : undefined) : long[3];
  const value = inline ?? rest[0];
  if (value === undefined) throw new Exit(1, `\u001B[31mERROR: \u001B[0mexpected argument for flag '${word}'\n\n`);
  if (name === "option") options.push(value);
  else flags[name] = value;
  return inline === undefined ? rest.slice(1) : rest;
}
