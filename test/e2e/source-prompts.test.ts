import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callTool } from "@platform-ops/mcp-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { startStandInCluster, type FluxCluster } from "../support/kube-api/stand-in-cluster.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";

// The prompts that the source document prints, as the calls they lead to. The operator's file maps the environment, so no call
// names a login, and none needs a node that the prompt does not name.

const missing = SSHD_MISSING ?? KUBECTL_MISSING;
const NODE = "pi-node-staging";

let folder: string;
let cluster: FluxCluster;
let sshd: Sshd;
let server: MachinesServer;

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "prompts-"));
  chmodSync(folder, 0o755);
  cluster = await startStandInCluster();
  chmodSync(join(cluster.kubeconfig, ".."), 0o755);
  chmodSync(cluster.kubeconfig, 0o644);
  const meta = { name: "apps.tenant", namespace: "flux-system" };
  await cluster.apply([
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: meta,
      spec: { url: cluster.gitUrl("apps"), interval: "1m" },
    },
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: meta,
      spec: { interval: "1m", path: "./", prune: true, sourceRef: { kind: "GitRepository", name: meta.name } },
    },
  ]);
  writeFileSync(join(folder, "kubectl"), `#!/bin/sh\nexec ${KUBECTL} "$@"\n`, { mode: 0o755 });
  sshd = await startSshd({ env: { PATH: `${folder}:/usr/bin:/bin` } });
  const host = (name: string): object => ({ name, host: sshd.host, port: sshd.port });
  const ssh = { hosts: [host(NODE), host("web1")], known_hosts: [sshd.knownHosts], identity_files: [sshd.clientKey] };
  const remote = { cluster: "staging", node: NODE, user: sshd.user, kubeconfig: cluster.kubeconfig };
  const file = {
    remote: { clusters: { staging: { transport: "ssh", ssh } } },
    environments: [{ name: "lower", match: { clusters: ["staging"] }, remote }],
  };
  server = await machinesServer(JSON.stringify(file));
});
afterAll(async () => {
  await server?.remove();
  await Promise.all([sshd?.stop(), cluster?.stop()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const PROMPTS: readonly (readonly [string, string, Record<string, unknown>, string])[] = [
  ["List nodes in staging cluster", "list_teleport_nodes", { cluster: "staging" }, "Found 2 node(s) in staging"],
  ["Show nodes with 'pi' in the name", "list_teleport_nodes", { filter: "pi" }, "Found 1 node(s) in staging matching 'pi'"],
  ["Show me Flux kustomizations on the node", "list_flux_kustomizations", { node: NODE }, "Found 1 Kustomization(s)"],
  ["Show me Flux git sources on the node", "list_flux_sources", { node: NODE }, "source(s)"],
  ["Suspend the apps.tenant kustomization", "suspend_flux_kustomization", { name: "apps.tenant" }, "Suspended apps.tenant in flux-system"],
  ["Resume the apps.tenant kustomization", "resume_flux_kustomization", { name: "apps.tenant" }, "Resumed apps.tenant in flux-system"],
  ["Show me kustomize-controller logs", "get_flux_logs", { component: "kustomize-controller" }, "from kustomize-controller"],
  ["Get events for the apps.tenant kustomization", "get_kustomization_events", { name: "apps.tenant" }, "Retrieved events for apps.tenant"],
  ["Show Flux state in the lower environment", "list_flux_kustomizations", { cluster: "lower" }, "Found 1 Kustomization(s)"],
];

describe.skipIf(missing !== undefined)(missing ?? "the prompts of the source", () => {
  test.each(PROMPTS)("%s", async (_, tool, args, words) => {
    const { result, isError } = await callTool(server.definition, tool, args, { client: { name: "test", version: "1" } });
    expect(isError, result.text).toBe(false);
    expect(result.data).toMatchObject({ success: true, cluster: "staging", ansible_command: null, ansible_steps: [] });
    expect(result.data["message"]).toContain(words);
    if (tool !== "list_teleport_nodes") expect(result.data).toMatchObject({ node: NODE });
  });
});
