import { OpsError } from "@platform-ops/errors";

/** Names that make a program load or start something else: a definition never sets them. */
const STEERING =
  /^(PATH|SHELL|HOME|IFS|ENV|BASH_.*|LD_.*|DYLD_.*|GIT_.*|SSH_.*|NODE_.*|npm_.*|NPM_.*|PYTHON.*|PERL.*|RUBY.*|JAVA_.*|_JAVA_.*|JDK_.*|GCONV_PATH|EDITOR|VISUAL|PAGER|BROWSER|.*_PROXY|.*_proxy)$/;

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
