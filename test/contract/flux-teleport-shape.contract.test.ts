import { join } from "node:path";
import { connect } from "@platform-ops/mcp-kit/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { gitRepository, kustomization, namespace } from "../support/kube-api/manifests.ts";
import { startStandInCluster, type FluxCluster } from "../support/kube-api/stand-in-cluster.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

// What holds for every tool of the server: the shape of a result, the map of environments, and the way to Kubernetes.

let server: MachinesServer;
afterEach(() => server?.remove());

const call = async (name: string, args: Record<string, unknown> = {}) => {
  await using client = await connect(server.definition);
  return await client.call(name, args);
};

/** What a call of each tool needs at least; with it go cluster and node where the tool has them. */
const LEAST: Readonly<Record<string, Record<string, unknown>>> = {
  list_flux_objects: { kind: "HelmRelease" },
  change_flux_object: { kind: "HelmRelease", name: "web", action: "suspend" },
  run_remote_command: { command: "id" },
  run_on_nodes: { nodes: ["web1"], command: "id" },
  request_teleport_access: { action: "list" },
};
const NAMED = /^(get_kustomization_(details|events)|get_flux_tree|(reconcile|suspend|resume)_flux_kustomization)$/;

describe("the shape of a result", () => {
  test("every tool that fails has success, message, the operator's words, and what was asked of it", async () => {
    const lab = { transport: "teleport", teleport: { cluster: "lab", proxy: "tele.example.com:443" } };
    server = await machinesServer(JSON.stringify({ remote: { tsh_path: "/nowhere/tsh", clusters: { lab } } }));
    const failed: string[] = [];
    for (const { name, input } of server.definition.tools) {
      const has = (key: string): boolean => key in input.shape;
      const asked = {
        ...(has("cluster") ? { cluster: "lab" } : {}),
        ...(has("node") ? { node: "web1" } : {}),
        ...(has("user") ? { user: "ada" } : {}),
        ...(NAMED.test(name) ? { name: "web", namespace: "apps" } : {}),
        ...LEAST[name],
      };
      const { data, isError } = await call(name, asked);
      if (!isError) continue;
      failed.push(name);
      const { nodes: _, action: __, ...echoed } = asked as Record<string, unknown>;
      expect(data, name).toMatchObject({ success: false, message: expect.stringMatching(/^❌ /), ...echoed });
      expect(Object.keys(data), name).toEqual(expect.arrayContaining(["ansible_command", "ansible_steps"]));
      expect(data["ansible_steps"].length, name).toBeGreaterThan(0);
    }
    // Everything but what asks nobody.
    const rest = server.definition.tools.map(({ name }) => name).filter((name) => !failed.includes(name));
    expect(rest.filter((name) => name !== "list_kube_contexts")).toEqual(["list_environments"]);
  });

  test("what changes something says so to the client; all else is read-only, and stays when the operator allows nothing more", async () => {
    server = await machinesServer();
    const changing = ["reconcile", "suspend", "resume"].map((verb) => `${verb}_flux_kustomization`);
    const writes = [...changing, "change_flux_object", "request_teleport_access", "run_remote_command", "run_on_nodes"].toSorted();
    await using client = await connect(server.definition);
    const offered = await client.listTools();
    expect(
      offered
        .filter(({ annotations }) => annotations?.readOnlyHint !== true)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(writes);
    const destroying = offered.filter(({ annotations }) => annotations?.destructiveHint === true).map(({ name }) => name);
    expect(destroying.toSorted()).toEqual(["run_on_nodes", "run_remote_command"]);
    await server.remove();
    server = await machinesServer(undefined, { PLATFORM_OPS_READ_ONLY: "true" });
    await using narrow = await connect(server.definition);
    expect((await narrow.listTools()).map(({ name }) => name).filter((name) => writes.includes(name))).toEqual([]);
  });
});

describe("environments", () => {
  const file = {
    remote: {
      clusters: {
        staging: { transport: "teleport", user: "ops", teleport: { proxy: "tele.example.com:443" } },
        production: { transport: "teleport", user: "ops", teleport: { proxy: "tele.example.com:443" } },
        "shared-service": { transport: "teleport", teleport: { proxy: "tele.example.com:443" } },
      },
    },
    environments: [
      { name: "staging", match: { clusters: ["staging"] }, remote: { cluster: "staging", node: "k8-staging", sudo: true } },
      {
        name: "production",
        match: { clusters: ["production", "shared-service"] },
        channels: ["cli"],
        remote: { cluster: "shared-service", node: "k8", sudo: true, kubeconfig: "k3s", preset: "locked" },
      },
    ],
  };

  test("list_environments tells clusters, where their Kubernetes is, and policy", async () => {
    server = await machinesServer(JSON.stringify(file));
    const { data, text } = await call("list_environments");
    expect(data["clusters"]).toEqual([
      { name: "staging", transport: "teleport", user: "ops", proxy: "tele.example.com:443" },
      { name: "production", transport: "teleport", user: "ops", proxy: "tele.example.com:443" },
      { name: "shared-service", transport: "teleport", user: null, proxy: "tele.example.com:443" },
    ]);
    expect(data["environments"].slice(0, 2)).toMatchObject([
      { name: "staging", protected: false, preset: "guarded", kubernetes: { cluster: "staging", node: "k8-staging", sudo: true } },
      {
        name: "production",
        protected: false,
        preset: "locked",
        channels: ["cli"],
        kubernetes: { cluster: "shared-service", node: "k8", sudo: true, kubeconfig: "k3s" },
      },
    ]);
    expect(text).toContain("environment production: Kubernetes on k8 of cluster shared-service");
  });

  test("the Kubernetes of production is not on production: the refusal says where it is; no other cluster is taken", async () => {
    server = await machinesServer(JSON.stringify(file));
    const { data, isError } = await call("list_flux_kustomizations", { cluster: "production" });
    // An environment of that name is none here: a cluster's name is the cluster.
    expect(isError).toBe(true);
    expect(data["message"]).toContain("Kubernetes of production is on cluster shared-service, machine k8; cluster production has none");
    const other = await call("run_remote_command", { cluster: "elsewhere", node: "web1", command: "id" });
    expect(other.data["message"]).toBe("❌ Invalid cluster. Must be one of: [staging, production, shared-service]");
  });

  test("nothing configured: no cluster, and that is said", async () => {
    server = await machinesServer();
    const { data, isError } = await call("list_environments");
    expect(isError).toBe(false);
    expect(data).toMatchObject({ success: true, clusters: [], message: expect.stringContaining("No cluster may be reached") });
  });
});

const missing = SSHD_MISSING ?? KUBECTL_MISSING;

describe.skipIf(missing !== undefined)(missing ?? "the way to Kubernetes", () => {
  let folder: string;
  let sshd: Sshd;
  let tsh: EmulatedTsh;
  let cluster: FluxCluster;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "the-way-"));
    chmodSync(folder, 0o755);
    cluster = await startStandInCluster();
    await cluster.apply([namespace(), gitRepository("app", cluster.gitUrl("app")), kustomization("app", "app")]);
    copyFileSync(cluster.kubeconfig, join(folder, "config"));
    chmodSync(join(folder, "config"), 0o644);
    writeFileSync(join(folder, "kubectl"), `#!/bin/sh\nexec ${KUBECTL} "$@"\n`, { mode: 0o755 });
    sshd = await startSshd({ env: { PATH: `${folder}:/usr/bin:/bin` } });
    tsh = await startTsh(sshd);
  });
  afterAll(async () => {
    tsh?.remove();
    await Promise.all([sshd?.stop(), cluster?.stop()]);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const open = async (sudo: boolean): Promise<void> => {
    const teleport = { cluster: "loop.test", proxy: tsh.proxy, insecure: true, identity_file: tsh.identity("alice") };
    const remote = { cluster: "staging", node: "web1", user: "root", sudo, kubeconfig: join(folder, "config") };
    server = await machinesServer(
      JSON.stringify({
        remote: { tsh_path: tsh.path, teleport_home: tsh.home, clusters: { staging: { transport: "teleport", teleport } } },
        environments: [{ name: "staging", match: { clusters: ["staging"] }, remote }],
      }),
    );
  };
  const lines = (): string[] =>
    tsh
      .calls()
      .filter((words) => words.includes("ssh") && words.some((word) => word.includes("kubectl")))
      .map((words) => words.join(" "));

  test("is tsh ssh to the node of the environment, as its user, and nothing else: kubectl runs there", async () => {
    await open(false);
    const { data, text, isError } = await call("list_flux_kustomizations");
    expect(isError, text).toBe(false);
    expect(data).toMatchObject({ success: true, cluster: "staging", node: "web1", user: "root", count: 1 });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(
      /--cluster=loop\.test .*root@web1 .*kubectl .*--kubeconfig=.*kustomizations\.kustomize\.toolkit\.fluxcd\.io/s,
    );
    expect(lines()[0]).not.toContain("sudo -n");
  });

  test("with sudo where the environment says so, which never asks for a password", async () => {
    await open(true);
    const before = lines().length;
    await call("list_flux_kustomizations");
    expect(lines().slice(before).join("\n")).toMatch(/root@web1 .*sudo -n.* kubectl/s);
  });
});
