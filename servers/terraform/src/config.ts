import { existsSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { defaultConfigFile, readSettings, SYSTEM_POLICY_FILE, type Effective } from "@platform-ops/ledger";
import { readWorkerLaunch } from "@platform-ops/orchestration";
import { PACKAGE_NAME, SERVER_NAME, VERSION } from "./identity.ts";

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
  /** Folder with main.cjs, worker.cjs, supervisor.cjs and runtime/. */
  readonly dist: string;
  /** How to start this program again in a shell, with the same data directory and configuration. */
  readonly startedAs: string;
  /** The same as a client's entry names it. */
  readonly entry: { readonly command: string; readonly args: readonly string[] };
  /** More on stderr: TEMPORAL_DEBUG, as in the source's troubleshooting. Never passed to a worker. */
  readonly verbose: boolean;
  /** What ssh-keygen needs to reach keys and the person who touches them. */
  readonly signingEnvironment: Readonly<Record<string, string>>;
  /** Where the operator's file and the system's policy are, or would be. */
  readonly settingsFiles: readonly string[];
  /** NO_COLOR is set. */
  readonly noColor: boolean;
}

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig(): ServerConfig {
  return configOf(process.argv.slice(2));
}

/** How a supervisor, or an operator, started a worker. */
export interface WorkerLaunch {
  readonly config: ServerConfig;
  /** File in which the worker shows that it lives. */
  readonly aliveFile: string;
  /** host:port of local Temporal; undefined in a cluster. */
  readonly localTemporal: string | undefined;
}

/**
 * The same for a worker process, with what the supervisor added to its arguments.
 * @throws OpsError settings_invalid
 */
export function readWorkerConfig(): WorkerLaunch {
  const { aliveFile, localTemporal, rest } = readWorkerLaunch(process.argv.slice(2));
  const config = configOf(rest);
  return { config, aliveFile: aliveFile ?? join(config.settings.home, "workers", `alive-${process.pid}.json`), localTemporal };
}

function configOf(argv: readonly string[]): ServerConfig {
  const env = process.env;
  const entry = process.argv[1] === undefined ? process.cwd() : realpathIfThere(process.argv[1]);
  const homeFolder = env["HOME"] || homedir();
  const effective = readSettings({ argv, env, cwd: process.cwd(), home: homeFolder, platform: process.platform });
  const verbose = isOn(env["TEMPORAL_DEBUG"]);
  return {
    ...effective,
    settings: verbose ? { ...effective.settings, logging: { level: "debug" } } : effective.settings,
    name: SERVER_NAME,
    version: VERSION,
    user: userName(),
    cwd: process.cwd(),
    homeFolder,
    platform: process.platform,
    path: env["PATH"] ?? "",
    env,
    dist: distOf(entry),
    startedAs: startedAs(entry, env),
    entry: isNpx(entry) ? { command: "npx", args: ["-y", PACKAGE_NAME] } : { command: process.execPath, args: [entry] },
    verbose,
    signingEnvironment: Object.fromEntries(["PATH", "HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY", "LANG"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    settingsFiles: [effective.files.config ?? (env["PLATFORM_OPS_CONFIG"] || defaultConfigFile(process.platform, { ...env, HOME: homeFolder })), SYSTEM_POLICY_FILE],
    noColor: (env["NO_COLOR"] ?? "") !== "",
  };
}

/** Started from source (`tsx src/bin.ts`) the built files are beside `src`; otherwise beside the entry. */
function distOf(entry: string): string {
  const folder = dirname(entry);
  return basename(folder) === "src" ? join(dirname(folder), "dist") : folder;
}

function startedAs(entry: string, env: NodeJS.ProcessEnv): string {
  const carried = ["PLATFORM_OPS_HOME", "PLATFORM_OPS_CONFIG"].flatMap((name) => (env[name] ? [`${name}=${quoteForDisplay(env[name])}`] : []));
  const program = isNpx(entry)
    ? `npx -y ${PACKAGE_NAME}`
    : `${quoteForDisplay(process.execPath)} ${quoteForDisplay(entry)}`;
  return [...carried, program].join(" ");
}

/** Package runners keep what they fetched in a cache of their own, which they may prune. */
function isNpx(entry: string): boolean {
  return /[\\/]_npx[\\/]/.test(entry);
}

/** Quotes a word for a person to paste into a POSIX shell. */
function quoteForDisplay(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function realpathIfThere(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && ["1", "true", "yes", "on"].includes(value.trim().toLowerCase());
}
