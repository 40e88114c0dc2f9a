import { randomBytes } from "node:crypto";
import { OpsError } from "@platform-ops/errors";
import type { RemoteCommand } from "./command.ts";
import { ENTER, envelopeScript } from "./envelope-script.ts";
import { checkName } from "./names.ts";
import { checkLine, quoteWord, quoteWords } from "./quote.ts";

/** The most that a command can be given as stdin, in bytes: its shell holds it in memory, to be sure that it is whole. */
export const LARGEST_INPUT = 1_048_576;

export interface EnvelopeOptions {
  readonly kind: "watchdog" | "plain";
  /** Where timeout(1) stands. inside: `sudo timeout CMD`. outside: `timeout sudo CMD`. */
  readonly sudoTimeout: "inside" | "outside";
  /** Whole seconds that the command may take. */
  readonly limitSeconds: number;
  /** Whole seconds between TERM and KILL. */
  readonly graceSeconds: number;
  /** True: the command is begun only after we have seen its start mark and answered. */
  readonly waits: boolean;
}

/** A command as it goes to a transport. */
export interface Envelope {
  /** For the login shell. */
  readonly line: string;
  /** The same as words, where the line is nothing but words. */
  readonly words?: readonly string[];
  readonly input: Uint8Array;
  /** Begins every mark; random, so that no output can hold it by chance or on purpose. Undefined: there are no marks. */
  readonly mark?: string;
  /** To be written once the start mark was seen. */
  readonly goAhead?: Uint8Array;
  /** True: stdin is to be closed after the input. */
  readonly endInput: boolean;
}

/**
 * Puts a command into what runs on its machine: a constant script of /bin/sh around it, which tells start and end by marks,
 * ends the command at its time limit and as soon as our end of stdin closes; or, plain, the bare command.
 *
 * @throws OpsError invalid_input, too_large
 */
export function putIntoEnvelope(command: RemoteCommand, options: EnvelopeOptions): Envelope {
  const input = inputBytes(command.stdin);
  if (command.cwd !== undefined) checkName("path", command.cwd, "cwd");
  return options.kind === "plain" ? plainEnvelope(command, input) : watchdogEnvelope(command, input, options);
}

function inputBytes(stdin: string | Uint8Array | undefined): Buffer | undefined {
  if (stdin === undefined) return undefined;
  const bytes = typeof stdin === "string" ? Buffer.from(stdin) : Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength);
  if (bytes.length <= LARGEST_INPUT) return bytes;
  throw new OpsError("too_large", `stdin has ${bytes.length} bytes; at most ${LARGEST_INPUT} can be given to a command.`);
}

function watchdogEnvelope(command: RemoteCommand, input: Buffer | undefined, options: EnvelopeOptions): Envelope {
  const mark = `platform-ops-${randomBytes(16).toString("hex")}`;
  const sudo = command.sudo === true ? options.sudoTimeout : "none";
  const encoding = input === undefined ? "none" : isText(input) ? "text" : "base64";
  const sent =
    input === undefined
      ? Buffer.alloc(0)
      : Buffer.concat([encoding === "base64" ? Buffer.from(input.toString("base64")) : input, Buffer.from(mark)]);
  const script = envelopeScript({
    loginShell: command.kind === "shell",
    sudo,
    directory: command.cwd !== undefined,
    input: encoding,
    goAhead: options.waits,
  });
  const words = [
    "/bin/sh",
    "-c",
    script,
    "platform-ops",
    mark,
    String(options.graceSeconds),
    String(options.limitSeconds),
    command.cwd ?? "",
    String(sent.length),
    ...(command.cwd !== undefined && sudo === "inside" ? [ENTER] : []),
    ...wordsOf(command),
  ];
  // The login shell has nothing more to do: it becomes the script.
  const line = checkLine(`exec ${quoteWords(words)}`);
  return { line, words, input: sent, mark, endInput: false, ...(options.waits ? { goAhead: Buffer.from("go\n") } : {}) };
}

function plainEnvelope(command: RemoteCommand, input: Buffer | undefined): Envelope {
  const text = command.kind === "shell" ? command.text : quoteWords(wordsOf(command));
  const asRoot =
    command.sudo !== true
      ? text
      : command.kind === "program"
        ? `sudo -n -- ${text}`
        : quoteWords(["sudo", "-n", "--", "/bin/sh", "-c", text]);
  const line = checkLine(command.cwd === undefined ? asRoot : `cd -- ${quoteWord(command.cwd)} && ${asRoot}`);
  return { line, input: input ?? Buffer.alloc(0), endInput: true };
}

function wordsOf(command: RemoteCommand): string[] {
  if (command.kind === "shell") {
    if (command.text.trim() === "") throw new OpsError("invalid_input", "The command is empty.");
    return [command.text];
  }
  checkName("program", command.program, "program");
  const assignments = Object.entries(command.env ?? {}).map(([name, value]) => `${checkName("variable", name, "env")}=${value}`);
  return [...(assignments.length > 0 ? ["env", ...assignments] : []), command.program, ...command.args];
}

/** Whether a shell's variable can hold it. */
function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
