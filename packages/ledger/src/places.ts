import { isAbsolute, join } from "node:path";
import { OpsError } from "@platform-ops/errors";

/** The variables from which default places are derived. */
export interface PlacesEnvironment {
  readonly HOME?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
}

/** Linux `~/.local/share/platform-ops`, macOS `~/Library/Application Support/platform-ops` (XDG Base Directory Specification 0.8; Apple's File System Programming Guide). */
export function defaultDataDirectory(platform: NodeJS.Platform, env: PlacesEnvironment): string {
  if (platform === "darwin") return join(homeOf(env), "Library", "Application Support", "platform-ops");
  return join(xdg(env.XDG_DATA_HOME) ?? join(homeOf(env), ".local", "share"), "platform-ops");
}

/** `platform-ops/config.yaml` in the user's configuration directory: `~/.config` on Linux and, as command-line tools do, on macOS. */
export function defaultConfigFile(_platform: NodeJS.Platform, env: PlacesEnvironment): string {
  return join(xdg(env.XDG_CONFIG_HOME) ?? join(homeOf(env), ".config"), "platform-ops", "config.yaml");
}

/** Linux `~/.cache/platform-ops`, macOS `~/Library/Caches/platform-ops`. */
export function defaultCacheDirectory(platform: NodeJS.Platform, env: PlacesEnvironment): string {
  if (platform === "darwin") return join(homeOf(env), "Library", "Caches", "platform-ops");
  return join(xdg(env.XDG_CACHE_HOME) ?? join(homeOf(env), ".cache"), "platform-ops");
}

/** The specification says that a relative path is to be ignored. */
function xdg(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

function homeOf(env: PlacesEnvironment): string {
  if (env.HOME !== undefined && isAbsolute(env.HOME)) return env.HOME;
  throw new OpsError("settings_invalid", "HOME is no absolute path, so no default place can be derived.", {
    hint: "Set HOME to the path of your home folder.",
  });
}
