import { isOpsError } from "@platform-ops/errors";
import { doctorCommand, programCheck, type Check } from "@platform-ops/ledger";
import { serverChecks } from "@platform-ops/mcp-kit";
import type { FluxTeleportDeps } from "../deps.ts";
import { IDENTITY } from "../identity.ts";
import { localContexts } from "../teleport/local-contexts.ts";
import { agentCheck } from "./agent-check.ts";
import { teleportChecks } from "./teleport-checks.ts";

/** `doctor`: what every server needs, and what the clusters of the operator's file need. Connects to no machine. */
export const doctor = doctorCommand<FluxTeleportDeps>(IDENTITY.bin, async (deps) => {
  const parts = await Promise.all([serverChecks(deps), teleportChecks(deps, clustersBy(deps, "teleport")), ssh(deps), local(deps)]);
  const [common = [], ...others] = parts;
  return [...common, clusters(deps), ...others.flat()];
});

function clusters({ config }: FluxTeleportDeps): Check {
  const about = { id: "clusters", name: "clusters" } as const;
  const entries = Object.entries(config.settings.remote.clusters);
  if (entries.length > 0)
    return { ...about, status: "ok", found: entries.map(([name, { transport }]) => `${name} (${transport})`).join(", ") };
  return {
    ...about,
    status: "warn",
    found: "none may be reached",
    cure: `Name them in the section remote of ${config.settingsFiles[0] ?? "the operator's file"}, or in ALLOWED_TELEPORT_CLUSTERS.`,
  };
}

/** The ssh program, where a cluster is reached by it; the agent, where keys may come from it. */
async function ssh(deps: FluxTeleportDeps): Promise<Check[]> {
  const { remote } = deps.config.settings;
  const bySsh = clustersBy(deps, "ssh");
  const byProgram = Object.values(remote.clusters).filter(
    ({ transport, ssh: { via }, teleport: { mode } }) =>
      (transport === "ssh" && via === "openssh") || (transport === "teleport" && mode === "openssh"),
  );
  const program =
    byProgram.length === 0
      ? []
      : [
          await programOf(
            deps,
            "ssh",
            ["-V"],
            /OpenSSH_(\d+\.\d+)/,
            "Install OpenSSH's client: clusters with `openssh` are reached by it.",
          ),
        ];
  return bySsh.length === 0 ? program : [...program, await agentCheck(deps.config, bySsh)];
}

/** What runs on this very machine where a cluster is reached locally. */
async function local(deps: FluxTeleportDeps): Promise<Check[]> {
  if (clustersBy(deps, "local").length === 0) return [];
  const { kubectl_path } = deps.config.settings.remote;
  const kubectl = await programOf(
    deps,
    "kubectl",
    ["version", "--client"],
    /v?(\d+\.\d+\.\d+)/,
    "Install it, or name its path in remote.kubectl_path.",
    kubectl_path,
  );
  // What is asked of Flux is asked of the API; people's own commands may use it.
  const flux = await programOf(
    deps,
    "flux",
    ["--version"],
    /(\d+\.\d+\.\d+)/,
    "Install Flux's command line where commands of your own use it; no tool here needs it.",
  );
  return [
    kubectl,
    ...(kubectl.status === "ok" ? [await contexts(deps)] : []),
    flux.status === "ok" ? flux : { ...flux, status: "ok", found: "not on PATH; no tool needs it" },
  ];
}

async function contexts(deps: FluxTeleportDeps): Promise<Check> {
  const about = { id: "kube_contexts", name: "contexts of kubectl" } as const;
  try {
    const { contexts: names, current } = await localContexts(deps.config, AbortSignal.timeout(10_000));
    const found = `${names.length}${current === null ? "" : `, current ${current}`}`;
    return names.length > 0
      ? { ...about, status: "ok", found }
      : { ...about, status: "warn", found, cure: "Set KUBECONFIG, or make a context: kubectl config set-context." };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { ...about, status: "broken", found: error.message, cure: error.hint };
  }
}

function programOf(
  { config }: FluxTeleportDeps,
  program: string,
  versionArgs: string[],
  version: RegExp,
  cure: string,
  configured?: string,
): Promise<Check> {
  return programCheck({ id: program, program, versionArgs, version, cure, configured }, { searchPath: config.path, env: config.env });
}

function clustersBy({ config }: FluxTeleportDeps, transport: string): string[] {
  return Object.entries(config.settings.remote.clusters).flatMap(([name, cluster]) => (cluster.transport === transport ? [name] : []));
}
