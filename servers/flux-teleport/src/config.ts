import { homedir, userInfo } from "node:os";
import type { Effective } from "@platform-ops/ledger";

/** What the server knows of its surroundings. Made once, here; nothing else reads the environment or the arguments. */
export interface ServerConfig extends Effective {
  readonly name: string;
  readonly version: string;
  /** The operating-system user, for principals such as `tty:<user>`. */
  readonly user: string;
  readonly cwd: string;
  readonly homeFolder: string;
  readonly platform: NodeJS.Platform;
  /** The PATH in which programs are looked up. */
  readonly path: string;
  /** All variables; only allow-listed ones ever leave this object. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How to start this program again in a shell, with the same data directory and configuration. */
  readonly startedAs: string;
  /** What ssh-keygen needs to reach keys and the person who touches them. */
  readonly signingEnvironment: Readonly<Record<string, string>>;
  /** Where the operator's file and the system's policy are, or would be. */
  readonly settingsFiles: readonly string[];
  /** NO_COLOR is set. */
  readonly noColor: boolean;
}

/** The process's own surroundings, as they are. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that was started, if one was. */
  readonly script: string | undefined;
  /** Program that runs the script. */
  readonly runtime: string;
  readonly pid: number;
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly platform: NodeJS.Platform;
}

/** Looks around, once. What is found becomes settings in read-config.ts, which a plain start does not need. */
export function lookAround(): Surroundings {
  const { argv, env, execPath, pid, platform } = process;
  return {
    argv: argv.slice(2),
    env,
    script: argv[1],
    runtime: execPath,
    pid,
    cwd: process.cwd(),
    home: env["HOME"] || homedir(),
    user: userName(),
    platform,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
