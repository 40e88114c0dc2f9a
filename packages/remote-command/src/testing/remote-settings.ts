import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ClusterSettings, EnvironmentRemote, Policy, RemoteSettings } from "@platform-ops/ledger";
import type { Surroundings } from "../surroundings.ts";

/** A cluster as the operator's file gives it, with what the test says otherwise. */
export function clusterSettings(said: Partial<ClusterSettings> = {}): ClusterSettings {
  return {
    transport: "local",
    teleport: { cluster: "here", mode: "tsh", insecure: false },
    ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" },
    envelope: "watchdog",
    sudo_timeout: "inside",
    ...said,
  };
}

/** Settings with these clusters. */
export function remoteSettings(clusters: Record<string, ClusterSettings> = { here: clusterSettings() }): RemoteSettings {
  return { clusters, timeout_seconds: 30, max_timeout_seconds: 600, concurrency: 10, remedies: {} };
}

/** A policy with one environment, open unless the test says otherwise. */
export function remotePolicy(remote: Partial<EnvironmentRemote> = {}): Policy {
  const open: EnvironmentRemote = { preset: "open", sudo: false, kubeconfig: "default", deny: [], ask: [], allow: [], ...remote };
  return {
    environments: [{ name: "default", match: {}, protected: false, channels: ["cli"], remote: open }],
    approvals: { auto: [], hours: 72, notify: {} },
    roots: undefined,
    read_only: false,
    toolsets: undefined,
  };
}

/** Surroundings with a home and nothing else. */
export function surroundings(home: string): Surroundings {
  return {
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: home,
      USER: userInfo().username,
      SECRET_TOKEN: "s3cret",
      KUBECONFIG: "/kube",
    },
    home,
    platform: process.platform,
    runtimeFolder: join(tmpdir(), "remote-command-sockets"),
  };
}
