import { isOpsError } from "@platform-ops/errors";
import type { Check } from "@platform-ops/ledger";
import type { FluxTeleportDeps } from "../deps.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";

const SOON_MS = 30 * 60_000;

/** tsh, and who is logged in until when, for the clusters that are reached by Teleport. Reads the disk only. */
export async function teleportChecks(deps: FluxTeleportDeps, clusters: readonly string[]): Promise<Check[]> {
  if (clusters.length === 0) return [];
  const program = await tshCheck(deps);
  if (program.status !== "ok") return [program];
  return [program, ...(await Promise.all(clusters.map((name) => loginCheck(deps, name))))];
}

async function tshCheck(deps: FluxTeleportDeps): Promise<Check> {
  const about = { id: "tsh", name: "tsh" } as const;
  try {
    const { version, path } = await installedTsh(await deps.tsh());
    return { ...about, status: "ok", version, path };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { ...about, status: "missing", found: error.message, cure: error.hint };
  }
}

async function loginCheck(deps: FluxTeleportDeps, cluster: string): Promise<Check> {
  const tsh = await deps.tsh();
  const about = { id: `tsh_login_${cluster}`, name: `Teleport login for ${cluster}` } as const;
  const cure = `A person runs: ${tsh.loginCommand(cluster)}`;
  try {
    const { state, username, valid_until } = await tsh.status(cluster);
    if (state === "not_logged_in") return { ...about, status: "warn", found: "nobody is logged in", cure };
    if (state === "expired")
      return {
        ...about,
        status: "warn",
        found: `${username ?? "the login"} expired${valid_until === undefined ? "" : ` ${valid_until}`}`,
        cure,
      };
    const found = `${username} until ${valid_until}`;
    const left = Date.parse(valid_until ?? "") - Date.now();
    return left < SOON_MS
      ? { ...about, status: "warn", found: `${found}, in ${Math.max(0, Math.round(left / 60_000))} min`, cure }
      : { ...about, status: "ok", found };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { ...about, status: "warn", found: error.message, cure: error.hint };
  }
}
