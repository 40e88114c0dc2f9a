// A cluster of plain SSH as the operator's file would describe it, over a test's sshd.
import type { ClusterSettings } from "@platform-ops/ledger";
import type { ExecEnd, ExecRequest, Transport } from "../../packages/remote-command/src/transport.ts";
import { SSHD_USER, type Sshd } from "./sshd.ts";

/** Settings of a cluster with one machine, `web1`, which is the sshd; `changes` go into its `ssh` section. */
export function sshCluster(server: Sshd, changes: Partial<ClusterSettings["ssh"]> = {}): ClusterSettings {
  return {
    transport: "ssh",
    user: server.user,
    teleport: { cluster: "lab", mode: "tsh", insecure: false },
    ssh: {
      hosts: [{ name: "web1", host: server.host, port: server.port, labels: {} }],
      known_hosts: [server.knownHosts],
      identity_files: [server.clientKey],
      via: "ssh2",
      ...changes,
    },
    envelope: "watchdog",
    sudo_timeout: "inside",
  };
}

export interface LineRun extends ExecEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one line, bare, and collects its streams. By default on `web1` as `SSHD_USER`. */
export async function runLine(
  transport: Transport,
  line: string,
  options: Partial<Omit<ExecRequest, "onStdout" | "onStderr" | "line">> = {},
): Promise<LineRun> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const end = await transport.exec({
    target: { cluster: "lab", node: "web1", user: SSHD_USER },
    line,
    input: new Uint8Array(),
    signal: new AbortController().signal,
    graceMs: 1000,
    ...options,
    onStdout: (chunk) => void out.push(chunk),
    onStderr: (chunk) => void err.push(chunk),
  });
  return { ...end, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
