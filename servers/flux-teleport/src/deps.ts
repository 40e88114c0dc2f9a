import { join } from "node:path";
import { once } from "@platform-ops/ledger";
import { serverDeps, toolsFor, type ServerDeps } from "@platform-ops/mcp-kit";
import type { Remote, Surroundings, Tsh } from "@platform-ops/remote-command";
import type { ServerConfig } from "./config.ts";

/** What tools and subcommands work with. */
export interface FluxTeleportDeps extends ServerDeps {
  /** The door to the machines. Loads its transports with the first command. */
  remote(): Promise<Remote>;
  /** The tsh program, for what is asked of Teleport itself. */
  tsh(): Promise<Tsh>;
  /**
   * What to tell of a cluster whose proxy tsh does not go with: with the first result of it, and with each that failed. Asks
   * nobody: what has not been begun, or is no Teleport's, has none.
   */
  versionWarning(cluster: string, hasFailed: boolean): Promise<string | undefined>;
  close(): Promise<void>;
}

/** The definer of this server's tools. */
export const tool = toolsFor<FluxTeleportDeps>();

/** Builds every adapter of the server, lazily. */
export function createDeps(config: ServerConfig): FluxTeleportDeps {
  let opened: Promise<Remote> | undefined;
  let openedTsh: Promise<Tsh> | undefined;
  const warned = new Set<string>();
  const surroundings: Surroundings = {
    env: config.env,
    home: config.homeFolder,
    platform: config.platform,
    runtimeFolder: join(config.settings.home, "sockets"),
  };
  const openTshOnce = once(async () => {
    const { openTsh } = await import("@platform-ops/remote-command");
    return openTsh(config.settings.remote, surroundings);
  });
  const tsh = (): Promise<Tsh> => (openedTsh = openTshOnce());
  const remote = once(async () => {
    const { openRemote } = await import("@platform-ops/remote-command");
    return openRemote({ settings: config.settings.remote, policy: config.policy, surroundings, tsh: await tsh() });
  });
  return {
    ...serverDeps(config),
    remote: () => (opened = remote()),
    tsh,
    async versionWarning(cluster, hasFailed) {
      const { clusters } = config.settings.remote;
      const isTeleport = Object.hasOwn(clusters, cluster) && clusters[cluster]?.transport === "teleport";
      const warning = isTeleport ? await (await openedTsh)?.versions(cluster).warning() : undefined;
      if (warning === undefined || (warned.has(cluster) && !hasFailed)) return undefined;
      warned.add(cluster);
      return warning;
    },
    async close() {
      await opened?.then((open) => open.close()).catch(() => undefined);
    },
  };
}
