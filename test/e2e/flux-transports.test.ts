// The tools of Flux by every way to a machine: plain SSH by both clients, and Teleport; and what the policy of each asks and refuses.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callTool } from "@platform-ops/mcp-kit";
import { connect } from "@platform-ops/mcp-kit/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { APPS, gitRepository, goodFiles, kustomization, namespace } from "../support/kube-api/manifests.ts";
import { startStandInCluster, type FluxCluster } from "../support/kube-api/stand-in-cluster.ts";
import { until } from "../support/processes.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";

const missing = SSHD_MISSING ?? KUBECTL_MISSING;
const WAYS = ["ssh2", "openssh", "teleport"] as const;
type Way = (typeof WAYS)[number];

let folder: string;
let cluster: FluxCluster;
let sshd: Sshd;
let tsh: EmulatedTsh;
let server: MachinesServer | undefined;

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "flux-ways-"));
  chmodSync(folder, 0o755);
  cluster = await startStandInCluster();
  // Another account reads it, the one of the machine.
  chmodSync(join(cluster.kubeconfig, ".."), 0o755);
  chmodSync(cluster.kubeconfig, 0o644);
  writeFileSync(join(folder, "kubectl"), `#!/bin/sh\nexec ${KUBECTL} "$@"\n`, { mode: 0o755 });
  sshd = await startSshd({ env: { PATH: `${folder}:/usr/bin:/bin` } });
  tsh = await startTsh(sshd);
  await cluster.commit("app", goodFiles("1"), "first");
  await cluster.apply([namespace()]);
});
afterAll(async () => {
  tsh?.remove();
  await Promise.all([sshd?.stop(), cluster?.stop()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  // As Git has them: not suspended.
  const objects = [gitRepository("app", cluster.gitUrl("app")), kustomization("app", "app"), kustomization("other", "app")];
  if (missing === undefined) await cluster.apply(objects);
});
afterEach(() => server?.remove());

/** The server with one machine, from which the cluster is steered. `policy` are words of its environment. */
async function open(way: Way, policy: Record<string, unknown> = {}, channels = ["cli"]): Promise<void> {
  const host = { name: "web1", host: sshd.host, port: sshd.port };
  const ssh = { hosts: [host], known_hosts: [sshd.knownHosts], identity_files: [sshd.clientKey], via: way };
  const teleport = { cluster: "loop.test", proxy: tsh.proxy, insecure: true, identity_file: tsh.identity("alice") };
  const byTeleport = way === "teleport";
  server = await machinesServer(
    JSON.stringify({
      remote: { tsh_path: tsh.path, clusters: { lab: byTeleport ? { transport: "teleport", teleport } : { transport: "ssh", ssh } } },
      environments: [
        {
          name: "test",
          match: { clusters: ["lab"] },
          channels,
          remote: { cluster: "lab", node: "web1", user: byTeleport ? "root" : sshd.user, kubeconfig: cluster.kubeconfig, ...policy },
        },
      ],
    }),
  );
}

async function call(tool: string, args: Record<string, unknown> = {}): Promise<{ text: string; data: Record<string, any> }> {
  const { result } = await callTool(server!.definition, tool, args, {});
  return { text: result.text, data: result.data as Record<string, any> };
}

const APP = { name: "app", namespace: APPS };
const suspended = async (name: string): Promise<boolean> => {
  const { data } = await call("list_flux_kustomizations", { show_suspend: true });
  return (data["kustomizations"] as { name: string; suspended: boolean }[]).find((one) => one.name === name)!.suspended;
};
const approve = async (id: string): Promise<void> =>
  void (await (await server!.deps.ledger()).approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:tester" }));

describe.skipIf(missing !== undefined)(missing ?? "the tools of Flux", () => {
  test.each(WAYS)("by %s, guarded: list, get, reconcile, suspend and resume run unasked", async (way) => {
    await open(way);
    await until(async () => {
      const { data } = await call("list_flux_kustomizations");
      return (data["kustomizations"] as { name: string; status: string }[]).find(({ name }) => name === "app")?.status === "ready";
    }, "app to be ready");
    const details = await call("get_kustomization_details", APP);
    expect(details.data, details.text).toMatchObject({ success: true, cluster: "lab", node: "web1", details: { status: "ready" } });
    const commit = await cluster.commit("app", goodFiles(way), way);
    const reconciled = await call("reconcile_flux_kustomization", { ...APP, wait_seconds: 45 });
    expect(reconciled.data, reconciled.text).toMatchObject({ outcome: "reconciled", revision: `main@sha1:${commit}` });
    expect((await call("suspend_flux_kustomization", APP)).data).toMatchObject({ suspended: true, changed: true });
    expect((await call("resume_flux_kustomization", APP)).data).toMatchObject({ suspended: false, changed: true });
    // What is no typed call of Flux asks.
    const free = await call("run_remote_command", { cluster: "lab", node: "web1", command: "kubectl delete ns apps" });
    expect(free.data).toMatchObject({ success: false, status: "awaiting_approval" });
  });

  test.each(WAYS)("by %s, locked: what is read is read, what would change is refused", async (way) => {
    await open(way, { preset: "locked" });
    expect((await call("get_kustomization_details", APP)).data).toMatchObject({ success: true });
    for (const tool of ["suspend_flux_kustomization", "reconcile_flux_kustomization"]) {
      const { data, text } = await call(tool, APP);
      expect(data, text).toMatchObject({ success: false, error: { code: "not_allowed" } });
      expect(text).toContain("preset locked");
    }
    expect(await suspended("app")).toBe(false);
  });

  test.each(WAYS)("by %s, guarded with an ask rule: a person approves exactly this command, which then runs once", async (way) => {
    await open(way, { ask: [{ program: "kubectl", args: ["--kubeconfig=*", "patch", "**"] }] });
    const asked = await call("suspend_flux_kustomization", APP);
    expect(asked.data, asked.text).toMatchObject({ success: false, status: "awaiting_approval", cluster: "lab", name: "app" });
    const request = await (await server!.deps.ledger()).approvals.get(asked.data["approval"]);
    expect(request.summary).toContain('--patch={"spec":{"suspend":true}}');
    expect(await suspended("app")).toBe(false);
    await approve(request.id);
    // Another object, another change of the same: not what was approved.
    expect((await call("suspend_flux_kustomization", { ...APP, name: "other" })).data).toMatchObject({ status: "awaiting_approval" });
    expect(await suspended("other")).toBe(false);
    expect((await call("suspend_flux_kustomization", APP)).data).toMatchObject({ success: true, suspended: true });
    const back = await call("resume_flux_kustomization", APP);
    expect(back.data).toMatchObject({ status: "awaiting_approval" });
    expect(back.data["approval"]).not.toBe(request.id);
    expect(await suspended("app")).toBe(true);
  });

  test("a reconciliation with its source is asked for once, with both commands; it runs whole by that approval, and once", async () => {
    await open("ssh2", { ask: [{ program: "kubectl", args: ["--kubeconfig=*", "annotate", "**"] }] });
    const asked = await call("reconcile_flux_kustomization", APP);
    expect(asked.data, asked.text).toMatchObject({ success: false, status: "awaiting_approval", outcome: null });
    const { summary } = await (await server!.deps.ledger()).approvals.get(asked.data["approval"]);
    for (const resource of ["gitrepositories", "kustomizations"])
      expect(summary).toMatch(new RegExp(`kubectl .* annotate .*${resource}\\S* app `));
    // Asked again it is the same question.
    expect((await call("reconcile_flux_kustomization", APP)).data["approval"]).toBe(asked.data["approval"]);
    await approve(asked.data["approval"]);
    const commit = await cluster.commit("app", goodFiles("asked"), "asked");
    // Another object is not what was approved.
    expect((await call("reconcile_flux_kustomization", { ...APP, name: "other" })).data).toMatchObject({ status: "awaiting_approval" });
    const reconciled = await call("reconcile_flux_kustomization", { ...APP, wait_seconds: 45 });
    expect(reconciled.data, reconciled.text).toMatchObject({ outcome: "reconciled", revision: `main@sha1:${commit}` });
    const again = await call("reconcile_flux_kustomization", APP);
    expect(again.data).toMatchObject({ status: "awaiting_approval" });
    expect(again.data["approval"]).not.toBe(asked.data["approval"]);
  });

  test("by form it is one question, and runs in the same call", async () => {
    await open("ssh2", { ask: [{ program: "kubectl", args: ["--kubeconfig=*", "annotate", "**"] }] }, ["elicit"]);
    const questions: string[] = [];
    await using client = await connect(server!.definition, {
      answer: async ({ message }) => {
        questions.push(message);
        return { action: "accept", content: { decision: "approve" } };
      },
    });
    const { data, text } = await client.call("reconcile_flux_kustomization", { ...APP, wait_seconds: 45 });
    expect(data, text).toMatchObject({ outcome: "reconciled" });
    expect(questions).toEqual([expect.stringMatching(/gitrepositories[^]*kustomizations/)]);
  });
});
