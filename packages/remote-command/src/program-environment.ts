import { NETWORK_VARIABLES, pickVariables, USUAL_VARIABLES } from "@platform-ops/ledger";

/**
 * The environment of `ssh`, `kubectl` and what else we start on this machine to reach another one.
 *
 * @param further names that this program needs besides; a `*` stands for anything
 */
export function programEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  further: readonly string[] = [],
): Record<string, string> {
  return pickVariables(env, [...USUAL_VARIABLES, ...NETWORK_VARIABLES, "XDG_RUNTIME_DIR", ...further]);
}
