import { homedir, userInfo } from "node:os";

/** The process's own surroundings, as they are. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that was started, if one was. */
  readonly script: string | undefined;
  /** Program that runs the script. */
  readonly runtime: string;
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly platform: NodeJS.Platform;
  /** Settings are read as far as they are right; what is wrong is told, not thrown. */
  readonly isSurvey?: boolean;
}

/** Looks around in a process, once. What is found becomes settings when they are read, which a plain start does not need. */
export function surroundingsOf(given: NodeJS.Process): Surroundings {
  const { argv, env, execPath, platform } = given;
  return {
    argv: argv.slice(2),
    env,
    script: argv[1],
    runtime: execPath,
    cwd: folderOf(given),
    home: env["HOME"] || homedir() || accountHome(),
    user: userName(given),
    platform,
  };
}

function userName(given: NodeJS.Process): string {
  try {
    return userInfo().username;
  } catch {
    return String(given.getuid?.() ?? "unknown");
  }
}

/** A folder that was removed is nowhere; what is asked with whole paths is answered all the same. */
function folderOf(given: NodeJS.Process): string {
  try {
    return given.cwd();
  } catch {
    return "/";
  }
}

/** Node's own answer is empty where HOME is. */
function accountHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return "";
  }
}
