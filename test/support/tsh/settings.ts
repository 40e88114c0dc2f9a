import type { ClusterSettings, RemoteSettings } from "@platform-ops/ledger";
import type { Surroundings } from "@platform-ops/remote-command";
import { join } from "node:path";
import type { EmulatedTsh } from "./start-tsh.ts";

/** Settings of one cluster behind the emulated proxy, as the operator's file would give them. */
export function teleportCluster(tsh: EmulatedTsh, teleport: Partial<ClusterSettings["teleport"]> = {}): ClusterSettings {
  return {
    transport: "teleport",
    teleport: { cluster: "loop.test", proxy: tsh.proxy, mode: "tsh", insecure: true, ...teleport },
    ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" },
    envelope: "watchdog",
    sudo_timeout: "inside",
  };
}

/** Settings of remote commands with these clusters. */
export function remoteSettings(tsh: EmulatedTsh, clusters: Record<string, ClusterSettings>): RemoteSettings {
  return {
    clusters,
    tsh_path: tsh.path,
    teleport_home: tsh.home,
    timeout_seconds: 30,
    max_timeout_seconds: 600,
    concurrency: 10,
    remedies: {},
  };
}

/** The machine around, with somebody's own Teleport variables in it, none of which may reach tsh. */
export function surroundingsOf(tsh: EmulatedTsh): Surroundings {
  const foreign = {
    TELEPORT_PROXY: "foreign.example:443",
    TELEPORT_CLUSTER: "foreign.example",
    TELEPORT_DEBUG: "1",
    TELEPORT_LOGIN: "mallory",
  };
  return {
    env: { PATH: process.env["PATH"], HOME: tsh.folder, USER: "ghost", ...foreign },
    home: tsh.folder,
    platform: process.platform,
    runtimeFolder: join(tsh.folder, "run"),
  };
}
