import { canonicalJson, sha256, type RemoteSettings, type SubjectItem } from "@platform-ops/ledger";
import type { RemoteCommand } from "../command.ts";
import { quoteWord } from "../quote.ts";
import type { Target } from "../target.ts";

/** One command in its circumstances: what a verdict is about, and what an approval binds. */
export interface Deed {
  readonly target: Target;
  readonly command: RemoteCommand;
  readonly timeoutMs: number;
}

/**
 * What an approval of exactly this binds: command, input, folder, variables, account, machine, how the machine is reached,
 * and time limit. Everything in it is hashed; nothing can be read back.
 */
export function subjectOf(settings: RemoteSettings, { target, command, timeoutMs }: Deed): SubjectItem {
  const digest = sha256(
    canonicalJson({
      version: 1,
      target: { cluster: target.cluster, node: target.node, user: target.user },
      way: wayTo(settings, target),
      command: command.kind === "shell" ? { text: command.text } : { program: command.program, args: command.args, env: command.env ?? {} },
      stdin: command.stdin === undefined ? null : sha256(command.stdin),
      cwd: command.cwd ?? null,
      sudo: command.sudo === true,
      timeout_ms: timeoutMs,
    }),
  );
  return { what: visible(`command:${placeText(target)}`).slice(0, 300), digest };
}

/** Where the name of a machine leads by the operator's file. */
function wayTo({ clusters }: RemoteSettings, { cluster, node }: Target): unknown {
  const settings = Object.hasOwn(clusters, cluster) ? clusters[cluster] : undefined;
  if (settings === undefined) return null;
  const { transport, teleport, ssh } = settings;
  if (transport === "local") return { transport };
  if (transport === "teleport") return { transport, cluster: teleport.cluster, proxy: teleport.proxy ?? null };
  const host = ssh.hosts.find(({ name }) => name === node);
  return { transport, host: host === undefined ? null : `${host.host}:${host.port}`, jump: ssh.jump ?? null };
}

/** user@node (cluster) */
export function placeText({ cluster, node, user }: Target): string {
  return `${user}@${node} (${cluster})`;
}

/**
 * All that would happen, as a person reads it: the command line as the machine gets it, and its circumstances. Characters that
 * cannot be seen, move the cursor or turn the direction of reading are written out; so are line ends within a word.
 */
export function deedText({ target, command, timeoutMs }: Deed): string {
  const lines = [
    `On          ${visible(target.node)} of cluster ${visible(target.cluster)}`,
    `As          ${visible(target.user)}${command.sudo === true ? ", then root (sudo)" : ""}`,
    `At most     ${timeoutMs / 1000} s`,
  ];
  if (command.cwd !== undefined) lines.push(`In          ${visible(command.cwd)}`);
  if (command.kind === "program") {
    for (const [name, value] of Object.entries(command.env ?? {})) lines.push(`With        ${visible(`${name}=${quoteWord(value)}`)}`);
    lines.push("Command:", `  ${[command.program, ...command.args].map((word) => visible(quoteWord(word))).join(" ")}`);
  } else {
    lines.push("Command, a text for the shell:", ...command.text.split("\n").map((line) => `  ${visible(line)}`));
  }
  if (command.stdin !== undefined) lines.push(...stdinText(command.stdin));
  return lines.join("\n");
}

function stdinText(stdin: string | Uint8Array): string[] {
  const bytes = Buffer.from(stdin);
  const head = `Input, ${bytes.length} bytes, SHA-256 ${sha256(bytes)}:`;
  const text = bytes.toString("utf8");
  // What is no text is shown as base64, so that all of it is shown.
  if (!Buffer.from(text).equals(bytes)) return [head.replace(":", ", in base64:"), `  ${bytes.toString("base64")}`];
  return [head, ...text.split("\n").map((line) => `  ${visible(line)}`)];
}

/** Control and format characters, blanks but the space, what is set upon another character, and what has no known shape. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{M}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Z}/gu;
/** Scripts that are read from the right: beside others they change places (Unicode's right-to-left blocks). */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/gu;

/** One line in which every character can be seen, in its place. */
export function visible(text: string): string {
  const written = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;
  return text.replace(UNSEEN, written).replace(FROM_RIGHT, written);
}
