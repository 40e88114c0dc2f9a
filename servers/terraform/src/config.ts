import { existsSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { readSettings, type Effective } from "@platform-ops/ledger";
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
  /** NO_COLOR is set. */
  readonly noColor: boolean;
}

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig(): ServerConfig {
  const env = process.env;
  const entry = process.argv[1] === undefined ? process.cwd() : realpathIfThere(process.argv[1]);
  const homeFolder = env["HOME"] || homedir();
  const effective = readSettings({ argv: process.argv.slice(2), env, cwd: process.cwd(), home: homeFolder, platform: process.platform });
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
