import { existsSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { defaultConfigFile, readSettings, surveySettings, SYSTEM_POLICY_FILE, type Effective } from "@platform-ops/ledger";
import { colorWish, type ColorWish } from "./command-line/process-terminal.ts";
import type { ServerIdentity } from "./start-up/identity.ts";
import type { Surroundings } from "./start-up/surroundings.ts";

/** What every server knows of its settings and surroundings. */
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
  /** Folder of the built files. */
  readonly dist: string;
  /** How to start this program again in a shell, with the same data directory and configuration. */
  readonly startedAs: string;
  /** The same as a client's entry names it. */
  readonly entry: { readonly command: string; readonly args: readonly string[] };
  /** What ssh-keygen needs to reach keys and the person who touches them. */
  readonly signingEnvironment: Readonly<Record<string, string>>;
  /** Where the operator's file and the system's policy are, or would be. */
  readonly settingsFiles: readonly string[];
  /** Whether the terminal's texts are coloured. */
  readonly color: ColorWish;
}

/**
 * Reads flags (`argv`, by default all there are), environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readServerConfig(around: Surroundings, identity: ServerIdentity, argv: readonly string[] = around.argv): ServerConfig {
  const { env, script, runtime, cwd, home, user, platform, isSurvey } = around;
  const entry = script === undefined ? cwd : realpathIfThere(script);
  const effective = (isSurvey === true ? surveySettings : readSettings)({ argv, env, cwd, home, platform });
  return {
    ...effective,
    name: identity.name,
    version: identity.version,
    user,
    cwd,
    homeFolder: home,
    platform,
    path: env["PATH"] ?? "",
    env,
    dist: distOf(entry),
    startedAs: startedAs(entry, runtime, env, identity.package),
    entry: isNpx(entry) ? { command: "npx", args: ["-y", identity.package] } : { command: runtime, args: [entry] },
    signingEnvironment: Object.fromEntries(
      ["PATH", "HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY", "LANG"].flatMap((name) =>
        env[name] === undefined ? [] : [[name, env[name]]],
      ),
    ),
    settingsFiles: [
      effective.files.config ?? (env["PLATFORM_OPS_CONFIG"] || defaultConfigFile(platform, { ...env, HOME: home })),
      SYSTEM_POLICY_FILE,
    ],
    color: colorWish(env),
  };
}

/** Started from source (`tsx src/bin.ts`) the built files are beside `src`; otherwise beside the entry. */
function distOf(entry: string): string {
  const folder = dirname(entry);
  return basename(folder) === "src" ? `${dirname(folder)}/dist` : folder;
}

function startedAs(entry: string, runtime: string, env: Surroundings["env"], packageName: string): string {
  const carried = ["PLATFORM_OPS_HOME", "PLATFORM_OPS_CONFIG"].flatMap((name) =>
    env[name] ? [`${name}=${quoteForDisplay(env[name])}`] : [],
  );
  const program = isNpx(entry) ? `npx -y ${packageName}` : `${quoteForDisplay(runtime)} ${quoteForDisplay(entry)}`;
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
