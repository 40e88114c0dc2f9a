import { existsSync, realpathSync } from "node:fs";
import { defaultConfigFile, readSettings, SYSTEM_POLICY_FILE } from "@platform-ops/ledger";
import type { ServerConfig, Surroundings } from "./config.ts";
import { PACKAGE_NAME, SERVER_NAME, VERSION } from "./identity.ts";

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig({ argv, env, script, runtime, cwd, home, user, platform }: Surroundings): ServerConfig {
  const entry = script === undefined ? cwd : realpathIfThere(script);
  const effective = readSettings({ argv, env, cwd, home, platform });
  return {
    ...effective,
    name: SERVER_NAME,
    version: VERSION,
    user,
    cwd,
    homeFolder: home,
    platform,
    path: env["PATH"] ?? "",
    env,
    startedAs: startedAs(entry, runtime, env),
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
