import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callTool } from "@platform-ops/mcp-kit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { startKubeApi, type KubeApi } from "../support/kube-api/kube-api.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";

// What the tools of Flux say when Kubernetes does not answer, has no Flux, or when something else prints into kubectl's output.

describe.skipIf(KUBECTL_MISSING !== undefined)(KUBECTL_MISSING ?? "failures of Kubernetes", () => {
  let folder: string;
  let kubeconfig: string;
  let api: KubeApi;
  let server: MachinesServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "platform-ops-failures-"));
    kubeconfig = join(folder, "kubeconfig");
    api = await startKubeApi({ flux: false });
    writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
  });
  afterEach(() => server?.remove());
  afterAll(async () => {
    await api?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (tool: string, args: Record<string, unknown>, kubectl = KUBECTL) => {
    server = await machinesServer(
      JSON.stringify({
        remote: { clusters: { here: { transport: "local" } }, kubectl_path: kubectl },
        environments: [{ name: "test", match: { clusters: ["here"] }, remote: { cluster: "here", kubeconfig } }],
      }),
    );
    const { result, isError } = await callTool(server.definition, tool, args, {});
    return { text: result.text, data: result.data as Record<string, any>, isError };
  };

  test("without Flux's kinds: it may not be installed, and what to look at", async () => {
    const { data, text, isError } = await ask("list_flux_kustomizations", {});
    expect(isError).toBe(true);
    expect(data).toMatchObject({ success: false, kustomizations: [], count: 0, error: { code: "flux_missing" } });
    expect(text).toContain("Flux may not be installed");
    expect(data["ansible_steps"].join("\n")).toMatch(/flux check.*get namespace flux-system/);
  });

  test("something else in kubectl's output: its first 500 characters, as data", async () => {
    const noisy = join(folder, "noisy");
    writeFileSync(noisy, `#!/bin/sh\nprintf 'Welcome! %s\\n' ${"x".repeat(600)}\n`, { mode: 0o755 });
    const { data } = await ask("list_flux_kustomizations", {}, noisy);
    expect(data["message"]).toContain("Error parsing kubectl output: ");
    expect(data["raw_output"]).toBe(`Welcome! ${"x".repeat(491)}`);
  });

  test.each([
    ["list_flux_kustomizations", {}, "❌ The Kubernetes API does not answer."],
    ["list_flux_sources", {}, "❌ The Kubernetes API does not answer."],
    ["get_kustomization_details", { name: "web" }, "❌ The Kubernetes API does not answer."],
    ["suspend_flux_kustomization", { name: "web" }, "❌ Failed to suspend: The Kubernetes API does not answer."],
    ["resume_flux_kustomization", { name: "web" }, "❌ Failed to resume: The Kubernetes API does not answer."],
    ["reconcile_flux_kustomization", { name: "web" }, "❌ Reconciliation failed: The Kubernetes API does not answer."],
    ["get_flux_logs", {}, "❌ Failed to get logs: The Kubernetes API does not answer."],
    ["get_kustomization_events", { name: "web" }, "❌ Failed to get events: The Kubernetes API does not answer."],
  ])("%s without an API: the words of the source, what was asked, and kubectl's own as data", async (tool, args, message) => {
    await api.stop();
    const { data, isError } = await ask(tool, args);
    expect(isError).toBe(true);
    expect(data).toMatchObject({ success: false, message, cluster: "here", ...args, error: { code: "kubernetes_unreachable" } });
    expect(Object.keys(data)).toEqual(expect.arrayContaining(["node", "ansible_command", "ansible_steps"]));
    expect(data["raw_error"]).toContain("refused");
  });
});
