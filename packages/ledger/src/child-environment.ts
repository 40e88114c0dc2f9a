import { matchesGlob } from "./settings/glob.ts";

/** Where things are and how to speak: what every program that we start needs, and nothing that is itself a secret. */
export const USUAL_VARIABLES: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "TZ",
  "TMPDIR",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/** How a program that speaks to the outside world gets there, and where its own settings are. A proxy's address may hold a password. */
export const NETWORK_VARIABLES: readonly string[] = [
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
];

/** Whether a variable's name is one of those named; a name may hold `*` and `?` (`AWS_*`). */
export function isVariableNamed(name: string, names: readonly string[]): boolean {
  return names.some((each) => matchesGlob(each, name));
}

/**
 * Of an environment what is named and set: what a program gets is an allow-list, never all that we have. Sorted by name, so that
 * equal environments have equal digests.
 */
export function pickVariables(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env)
      .filter((entry): entry is [string, string] => entry[1] !== undefined && isVariableNamed(entry[0], names))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
