import { isOpsError } from "@platform-ops/errors";
import { commonChecks, doctorCommand, type Check } from "@platform-ops/ledger";
import type { FluxTeleportDeps } from "../deps.ts";
import { localContexts } from "../teleport/local-contexts.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";

/** `doctor`: what every server needs, and what the clusters of the operator's file need. Connects to no machine. */
export const doctor = doctorCommand<FluxTeleportDeps>({ checks: diagnose });

async function diagnose(deps: FluxTeleportDeps): Promise<Check[]> {
  const { settings, policy } = deps.config;
  const parts = await Promise.all([
    commonChecks({ home: settings.home, policy, open: deps.ledger }),
    clusters(deps),
    teleport(deps),
    local(deps),
  ]);
  return parts.flat();
}

async function clusters({ config }: FluxTeleportDeps): Promise<Check[]> {
  const entries = Object.entries(config.settings.remote.clusters);
  if (entries.length > 0)
    return [{ name: "clusters", status: "ok", found: entries.map(([name, { transport }]) => `${name} (${transport})`).join(", ") }];
  return [
    {
      name: "clusters",
      status: "warn",
      found: "none may be reached",
      cure: `Name them in the section remote of ${config.settingsFiles[0] ?? "the operator's file"}, or in ALLOWED_TELEPORT_CLUSTERS.`,
    },
  ];
}

/** tsh and who is logged in, for the clusters that are reached by Teleport. */
async function teleport(deps: FluxTeleportDeps): Promise<Check[]> {
  const names = clustersBy(deps, "teleport");
  if (names.length === 0) return [];
  const tsh = await deps.tsh();
  const program = await found("tsh", async () => {
    const { path, version } = await installedTsh(tsh);
    return `${version} at ${path}`;
  });
  if (program.status !== "ok") return [program];
  const logins = await Promise.all(
    names.map(async (name): Promise<Check> => {
      const check = await found(`Teleport login for ${name}`, async () => {
        const { state, username, valid_until } = await tsh.status(name);
        return state === "valid" ? `${username} until ${valid_until}` : undefined;
      });
      return check.status === "missing"
        ? { ...check, status: "warn", cure: check.cure ?? `A person runs: ${tsh.loginCommand(name)}` }
        : check;
    }),
  );
  return [program, ...logins];
}

async function local(deps: FluxTeleportDeps): Promise<Check[]> {
  if (clustersBy(deps, "local").length === 0) return [];
  return [
    await found("kubectl", async () => {
      const { contexts, current } = await localContexts(deps.config, AbortSignal.timeout(10_000));
      return `${contexts.length} context(s)${current === null ? "" : `, current ${current}`}`;
    }),
  ];
}

function clustersBy({ config }: FluxTeleportDeps, transport: string): string[] {
  return Object.entries(config.settings.remote.clusters).flatMap(([name, cluster]) => (cluster.transport === transport ? [name] : []));
}

/** What `look` finds; undefined, and a failure that we worded, is missing. */
async function found(name: string, look: () => Promise<string | undefined>): Promise<Check> {
  try {
    const text = await look();
    return text === undefined ? { name, status: "missing" } : { name, status: "ok", found: text };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { name, status: "missing", found: error.message, cure: error.hint };
  }
}
