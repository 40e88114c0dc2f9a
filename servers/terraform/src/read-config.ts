import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { defaultConfigFile, readSettings, SYSTEM_POLICY_FILE } from "@platform-ops/ledger";
import { readWorkerLaunch } from "@platform-ops/orchestration";
import type { ServerConfig, Surroundings, WorkerLaunch } from "./config.ts";
import { PACKAGE_NAME, SERVER_NAME, VERSION } from "./identity.ts";

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig(around: Surroundings): ServerConfig {
  return configOf(around, around.argv);
}

/**
 * The same for a worker process, with what the supervisor added to its arguments.
 * @throws OpsError settings_invalid
 */
export function readWorkerConfig(around: Surroundings): WorkerLaunch {
  const { aliveFile, localTemporal, kept, rest } = readWorkerLaunch(around.argv);
  const config = configOf(around, rest);
  return { config, aliveFile: aliveFile ?? join(config.settings.home, "workers", `alive-${around.pid}.json`), localTemporal, kept };
}

function configOf({ env, script, runtime, cwd, home, user, platform }: Surroundings, argv: readonly string[]): ServerConfig {
  const entry = script === undefined ? cwd : realpathIfThere(script);
  const effective = readSettings({ argv, env, cwd, home, platform });
  const verbose = isOn(env["TEMPORAL_DEBUG"]);
  return {
    ...effective,
    settings: verbose ? { ...effective.settings, logging: { level: "debug" } } : effective.settings,
    name: SERVER_NAME,
    version: VERSION,
    user,
    cwd,
    homeFolder: home,
    platform,
    path: env["PATH"] ?? "",
    env,
    dist: distOf(entry),
    startedAs: startedAs(entry, runtime, env),
    entry: isNpx(entry) ? { command: "npx", args: ["-y", PACKAGE_NAME] } : { command: runtime, args: [entry] },
    verbose,
    signingEnvironment: Object.fromEntries(
      ["PATH", "HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY", "LANG"].flatMap((name) =>
        env[name] === undefined ? [] : [[name, env[name]]],
      ),
    ),
    settingsFiles: [
      effective.files.config ?? (env["PLATFORM_OPS_CONFIG"] || defaultConfigFile(platform, { ...env, HOME: home })),
      SYSTEM_POLICY_FILE,
    ],
    noColor: (env["NO_COLOR"] ?? "") !== "",
  };
}

/** Started from source (`tsx src/bin.ts`) the built files are beside `src`; otherwise beside the entry. */
function distOf(entry: string): string {
  const folder = dirname(entry);
  return basename(folder) === "src" ? join(dirname(folder), "dist") : folder;
}

function startedAs(entry: string, runtime: string, env: Surroundings["env"]): string {
  const carried = ["PLATFORM_OPS_HOME", "PLATFORM_OPS_CONFIG"].flatMap((name) =>
    env[name] ? [`${name}=${quoteForDisplay(env[name])}`] : [],
  );
  const program = isNpx(entry) ? `npx -y ${PACKAGE_NAME}` : `${quoteForDisplay(runtime)} ${quoteForDisplay(entry)}`;
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

function isOn(value: string | undefined): boolean {
  return value !== undefined && ["1", "true", "yes", "on"].includes(value.trim().toLowerCase());
}
