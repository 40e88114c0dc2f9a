// The tsh program: where it is, what it understands, and short calls of it. Streams of remote commands are in teleport-transport.ts.
import { OpsError } from "@platform-ops/errors";
import type { RemoteSettings } from "@platform-ops/ledger";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { programEnvironment } from "../program-environment.ts";
import type { Surroundings } from "../surroundings.ts";
import { startChild } from "./start-child.ts";
import { parseVersion } from "./tsh-output.ts";
import { abilitiesIn, type TshAbilities } from "./tsh-words.ts";

/** How a short call ended. */
export interface TshAnswer {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TshCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly timeoutMs?: number;
}

export interface TshProgram {
  /** Absolute. @throws OpsError program_missing */
  path(): Promise<string>;
  /** Of the client alone; asks no proxy. */
  version(): Promise<string>;
  abilities(): Promise<TshAbilities>;
  readonly env: Readonly<Record<string, string>>;
  /**
   * Runs tsh with stdin at its end, in a process group of its own.
   * @throws OpsError program_missing, timed_out, cancelled, output_too_large
   */
  call(words: readonly string[], options?: TshCallOptions): Promise<TshAnswer>;
}

const CALL_LIMIT_MS = 30_000;
/** A list of some 20,000 machines. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** The environment of tsh: no TELEPORT_* of anybody, no update of itself, no browser, no agent, the profile folder of the operator's file. */
export function tshEnvironment(settings: Pick<RemoteSettings, "teleport_home">, surroundings: Surroundings): Record<string, string> {
  return {
    HOME: surroundings.home,
    ...programEnvironment(surroundings.env),
    TELEPORT_TOOLS_VERSION: "off",
    TELEPORT_LOGIN_BROWSER: "none",
    TELEPORT_ADD_KEYS_TO_AGENT: "no",
    ...(settings.teleport_home === undefined ? {} : { TELEPORT_HOME: settings.teleport_home }),
  };
}

/** Finds tsh when it is first needed. What it says of itself is kept until the file changes. */
export function openTshProgram(settings: Pick<RemoteSettings, "tsh_path" | "teleport_home">, surroundings: Surroundings): TshProgram {
  const env = tshEnvironment(settings, surroundings);
  const kept = new Map<string, Promise<unknown>>();

  const path = (): Promise<string> => findTsh(settings.tsh_path, surroundings.env["PATH"] ?? "");
  const call = async (words: readonly string[], options: TshCallOptions = {}): Promise<TshAnswer> =>
    runToEnd(await path(), words, env, options);
  /** Asks once for each state of the file; a failure is not kept. */
  const ofThisFile = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    const file = await path();
    const { mtimeMs, size, ino } = await stat(file);
    const key = `${what} ${file} ${mtimeMs} ${size} ${ino}`;
    let answer = kept.get(key) as Promise<T> | undefined;
    if (answer === undefined) {
      answer = ask();
      kept.set(key, answer);
      answer.catch(() => kept.delete(key));
    }
    return answer;
  };
  return {
    env,
    path,
    call,
    version: () => ofThisFile("version", async () => parseVersion((await call(["version", "--client", "--format=json"])).stdout).client),
    abilities: () => ofThisFile("abilities", async () => abilitiesIn((await call(["help", "ssh"])).stderr)),
  };
}

async function findTsh(configured: string | undefined, path: string): Promise<string> {
  const candidates =
    configured === undefined
      ? path
          .split(delimiter)
          .filter((folder) => isAbsolute(folder))
          .map((folder) => join(folder, "tsh"))
      : [configured];
  for (const candidate of candidates) {
    if (await isProgram(candidate)) return candidate;
  }
  throw new OpsError(
    "program_missing",
    configured === undefined ? "tsh is not on PATH." : `There is no program at ${configured} (remote.tsh_path).`,
    {
      hint: "Install Teleport's client in the version of the proxy, or name its path as remote.tsh_path.",
      details: { program: "tsh" },
    },
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function runToEnd(
  path: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  { signal, timeoutMs = CALL_LIMIT_MS }: TshCallOptions,
): Promise<TshAnswer> {
  const child = await startChild(path, words, env);
  child.stdin.end();
  const streams = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  let bytes = 0;
  let failure: OpsError | undefined;
  const stop = (why: OpsError): void => {
    failure ??= why;
    child.kill("SIGKILL");
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) stop(new OpsError("output_too_large", `tsh ${subcommand(words)} answered with more than 32 MiB.`));
      else streams[name].push(chunk);
    });
  }
  const timer = setTimeout(
    () => stop(new OpsError("timed_out", `tsh ${subcommand(words)} did not answer within ${timeoutMs / 1000} s.`)),
    timeoutMs,
  );
  const cancel = (): void => stop(new OpsError("cancelled", `tsh ${subcommand(words)} was cancelled.`));
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  const exit = await child.ended;
  clearTimeout(timer);
  signal?.removeEventListener("abort", cancel);
  if (failure !== undefined) throw failure;
  return { exit, stdout: Buffer.concat(streams.stdout).toString("utf8"), stderr: Buffer.concat(streams.stderr).toString("utf8") };
}

/** The word that says what was asked, for messages. */
function subcommand(words: readonly string[]): string {
  return words.find((word, index) => !word.startsWith("-") && words[index - 1] !== "-i") ?? "";
}
