import { OpsError } from "@platform-ops/errors";
import type { LoadedInfra } from "../infra/load-infra.ts";

/** Names told in the message; more are counted. */
const LISTED = 20;

/**
 * What depends on a workspace is destroyed with it: otherwise it would be left without what it stands on.
 * @throws OpsError invalid_input naming the workspaces that are missing in `only`
 */
export function requireDependents({ selected, dependents }: Pick<LoadedInfra, "selected" | "dependents">): void {
  if (dependents.length === 0) return;
  const names = dependents.slice(0, LISTED).join(", ") + (dependents.length > LISTED ? ` and ${dependents.length - LISTED} more` : "");
  throw new OpsError("invalid_input", `only: ${names} would be left without what ${selected.join(", ")} made.`, {
    hint: `Name what depends on them too: ${JSON.stringify([...selected, ...dependents])}. One that is destroyed already is found to have nothing.`,
    details: { dependents },
  });
}
