import { OpsError } from "@platform-ops/errors";

/** Where things are and how to speak: what every program needs, and nothing that is itself a secret. */
const USUAL = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/** Names that make a program load or start something else: a definition never sets them. */
const STEERING =
  /^(PATH|SHELL|HOME|IFS|ENV|BASH_.*|LD_.*|DYLD_.*|GIT_.*|SSH_.*|NODE_.*|npm_.*|NPM_.*|PYTHON.*|PERL.*|RUBY.*|JAVA_.*|_JAVA_.*|JDK_.*|GCONV_PATH|EDITOR|VISUAL|PAGER|BROWSER|.*_PROXY|.*_proxy)$/;

const matches = (name: string, allowed: readonly string[]): boolean =>
  allowed.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : each === name));

/** What a child gets of this process's environment: the usual names and those that the operator allows besides. */
export function allowedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  further: readonly string[],
): Record<string, string> {
  const allowed = [...USUAL, ...further];
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && matches(entry[0], allowed)),
  );
}

/**
 * The variables that a definition sets, checked.
 * @throws OpsError invalid_input for what is no name, not_allowed for a name that steers programs
 */
export function definedEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(given)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name) || value.includes("\0"))
      throw new OpsError("invalid_input", `${JSON.stringify(name.slice(0, 100))} is no variable that can be set.`);
    if (STEERING.test(name))
      throw new OpsError("not_allowed", `A definition may not set ${name}: it decides what programs load or start.`, {
        hint: "Let the operator set it where the worker is started, and allow its name.",
      });
  }
  return { ...given };
}
