import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callTool } from "@platform-ops/mcp-kit";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { APPS, brokenFiles, gitRepository, goodFiles, kustomization, namespace, unhealthyFiles } from "../support/kube-api/manifests.ts";
import type { FluxCluster } from "../support/kube-api/stand-in-cluster.ts";
import { until } from "../support/processes.ts";

/** What a suite may know of the cluster that it runs on. */
export interface FluxSuite {
  readonly name: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  start(): Promise<FluxCluster>;
}

interface Answer {
  readonly text: string;
  readonly data: Record<string, any>;
  readonly isError: boolean;
}

/** The tools of Flux, on a cluster with Flux in it. The same for the stand-in and for real controllers. */
export function fluxSuite(suite: FluxSuite): void {
  describe(suite.name, () => {
    let cluster: FluxCluster;
    let server: MachinesServer;

    const call = async (tool: string, args: Record<string, unknown> = {}): Promise<Answer> => {
      const { result, isError } = await callTool(server.definition, tool, args, {});
      return { text: result.text, data: result.data as Record<string, any>, isError };
    };
    const app = { name: "app", namespace: APPS };
    const reconciled = async (args: Record<string, unknown> = {}): Promise<Answer> =>
      call("reconcile_flux_kustomization", { ...app, wait_seconds: 45, ...args });
    const statusOf = async (name: string): Promise<string | undefined> => {
      const { data } = await call("list_flux_kustomizations");
      return (data["kustomizations"] as { name: string; status: string }[]).find((one) => one.name === name)?.status;
    };
    const becomes = (name: string, status: string): Promise<unknown> =>
      until(async () => (await statusOf(name)) === status, `${name} ${status}`, 60);

    beforeAll(async () => {
      cluster = await suite.start();
      const remote = { cluster: "here", kubeconfig: cluster.kubeconfig };
      server = await machinesServer(
        JSON.stringify({
          remote: { clusters: { here: { transport: "local" } }, kubectl_path: suite.kubectl },
          environments: [{ name: "test", match: { clusters: ["here"] }, remote }],
        }),
      );
      await cluster.commit("app", goodFiles("1"), "first");
      await cluster.apply([namespace(), gitRepository("app", cluster.gitUrl("app")), kustomization("app", "app")]);
    });

    afterAll(async () => {
      await server?.remove();
      await cluster?.stop();
    });

    test("fresh objects are listed at once, and become ready", async () => {
      const first = await call("list_flux_kustomizations", { show_suspend: true });
      expect(first.data).toMatchObject({ success: true, count: 1, kustomizations: [{ name: "app", namespace: APPS, suspended: false }] });
      await becomes("app", "ready");
      const { text, data } = await call("list_flux_kustomizations");
      expect(text).toContain("Found 1 Kustomization(s)");
      expect(data["kustomizations"][0]).toMatchObject({
        ready: "True",
        last_applied_revision: expect.stringMatching(/^main@sha1:[0-9a-f]{40}$/),
      });
      expect((await call("diagnose_flux_issues")).data).toMatchObject({ healthy: true, causes: [] });
    });

    test("a good commit is fetched and applied by a reconciliation with source", async () => {
      const commit = await cluster.commit("app", goodFiles("2"), "second");
      const { text, data, isError } = await reconciled();
      expect(isError, text).toBe(false);
      expect(data).toMatchObject({ success: true, outcome: "reconciled", status: "ready", revision: `main@sha1:${commit}` });
      expect(data["sources"]).toEqual([{ kind: "GitRepository", name: "app", namespace: APPS, revision: `main@sha1:${commit}` }]);
      expect(text).toContain("Reconciliation triggered successfully");
    });

    test("details, sources, tree, events and the controller's log of it", async () => {
      const { data: details, text } = await call("get_kustomization_details", app);
      expect(details["details"]).toMatchObject({
        suspended: false,
        path: "./deploy",
        prune: true,
        interval: expect.any(String),
        status: "ready",
      });
      expect(details["details"]["source_ref"]).toMatchObject({ kind: "GitRepository", name: "app" });
      expect(text).toContain("Retrieved details for kustomization 'app'");
      const { data: sources } = await call("list_flux_sources");
      expect(sources["sources"]).toMatchObject([{ kind: "GitRepository", name: "app", url: cluster.gitUrl("app"), ready: "True" }]);
      expect(sources["message"]).toContain("Found 1 GitRepository source(s)");
      const { data: tree } = await call("get_flux_tree", app);
      expect(tree["tree"].join("\n")).toMatch(
        /Kustomization\/apps\/app {2}ready.*\n.*ConfigMap in apps: settings\n.*Deployment in apps: web/,
      );
      const { data: events } = await call("get_kustomization_events", app);
      expect(events["events"].length).toBeGreaterThan(0);
      const { data: logs } = await call("get_flux_logs", { name: "apps/app", level: "info" });
      expect(logs["entries"].length).toBeGreaterThan(0);
      expect(logs["entries"].every((one: { object: string }) => one.object === "Kustomization/apps/app")).toBe(true);
    });

    test("suspended wins over what its conditions say; nothing is reconciled before it is resumed", async () => {
      const suspended = await call("suspend_flux_kustomization", app);
      expect(suspended.data).toMatchObject({ success: true, suspended: true, changed: true });
      expect(suspended.text).toContain("Suspended app in apps");
      expect((await call("suspend_flux_kustomization", app)).data).toMatchObject({ suspended: true, changed: false });
      const { data } = await call("list_flux_kustomizations", { show_suspend: true });
      expect(data["kustomizations"][0]).toMatchObject({ status: "suspended", ready: "True", suspended: true });
      const refused = await reconciled();
      expect(refused.isError).toBe(true);
      expect(refused.data["error"]).toMatchObject({ code: "suspended" });
      expect((await call("get_kustomization_details", app)).text).toContain("(SUSPENDED)");
      const { data: diagnosis } = await call("diagnose_flux_issues", app);
      expect(diagnosis["causes"]).toMatchObject([{ cause: "suspended", next: expect.stringContaining("resume_flux_kustomization") }]);
      expect((await call("resume_flux_kustomization", app)).data).toMatchObject({ suspended: false, changed: true });
      await becomes("app", "ready");
    });

    test("a suspended source is named", async () => {
      const source = { kind: "GitRepository", ...app };
      expect((await call("change_flux_object", { ...source, action: "suspend" })).data).toMatchObject({ suspended: true });
      const refused = await reconciled();
      expect(refused.data["error"]).toMatchObject({ code: "suspended", message: expect.stringContaining("GitRepository/apps/app") });
      expect((await reconciled({ with_source: false })).data).toMatchObject({ outcome: "reconciled" });
      expect((await call("diagnose_flux_issues", app)).data["notes"].join(" ")).toContain("GitRepository/apps/app is suspended");
      expect((await call("change_flux_object", { ...source, action: "resume" })).data).toMatchObject({ suspended: false });
    });

    test("a missing source", async () => {
      await cluster.apply([kustomization("lost", "absent")]);
      await becomes("lost", "not ready");
      const { data } = await call("diagnose_flux_issues", { ...app, name: "lost" });
      expect(data["causes"][0]).toMatchObject({
        cause: "source_missing",
        status: "missing",
        object: { kind: "GitRepository", name: "absent" },
      });
      const refused = await call("reconcile_flux_kustomization", { ...app, name: "lost" });
      expect(refused.data["error"]).toMatchObject({
        code: "object_not_found",
        message: expect.stringContaining("GitRepository/apps/absent"),
      });
      await cluster.apply([kustomization("lost", "app")]);
      await becomes("lost", "ready");
      await cluster.apply([kustomization("lost", "app", { suspend: true })]);
    });

    test("a broken commit fails with its reason; what depends on it is traced back to it", async () => {
      await cluster.commit("app", brokenFiles(), "broken");
      await cluster.apply([kustomization("dependent", "app", { dependsOn: [{ name: "app" }] })]);
      const failed = await reconciled();
      expect(failed.isError).toBe(true);
      expect(failed.data).toMatchObject({ success: false, error: { code: "command_failed", details: { reason: "BuildFailed" } } });
      expect(failed.data["error"]["hint"]).toContain("diagnose_flux_issues");
      await until(
        async () => (await call("get_kustomization_details", { ...app, name: "dependent" })).text.includes("DependencyNotReady"),
        "the dependent waits",
        30,
      );
      const { data } = await call("diagnose_flux_issues", { ...app, name: "dependent" });
      expect(data["causes"][0]).toMatchObject({
        cause: "broken_manifest",
        reason: "BuildFailed",
        object: { kind: "Kustomization", name: "app" },
      });
      const all = await call("diagnose_flux_issues");
      expect(all.data["causes"][0]).toMatchObject({ cause: "broken_manifest", affects: ["Kustomization/apps/dependent"] });
      expect(all.text).toContain("(data, not instructions)");
      const own = await call("diagnose_flux_issues", app);
      expect(own.data["notes"].join(" ")).toMatch(/does not go through; .* is live/);
      const waiting = await call("reconcile_flux_kustomization", {
        name: "dependent",
        namespace: APPS,
        wait_seconds: 10,
        with_source: false,
      });
      expect(waiting.data).toMatchObject({ outcome: "waiting", waits_for: expect.stringContaining("Kustomization/apps/app") });
    });

    test("repaired, it and what depends on it become ready", async () => {
      const commit = await cluster.commit("app", goodFiles("3"), "repaired");
      expect((await reconciled()).data).toMatchObject({ outcome: "reconciled", revision: `main@sha1:${commit}` });
      await becomes("dependent", "ready");
      await cluster.apply([kustomization("dependent", "app", { dependsOn: [{ name: "app" }], suspend: true })]);
    });

    test("a commit whose pods do not become healthy: reconciling, then the pod that says why", async () => {
      await cluster.commit("app", unhealthyFiles("4"), "unhealthy");
      const begun = await reconciled({ wait_seconds: 1 });
      expect(begun.data).toMatchObject({ outcome: "waiting", status: "reconciling", waits_for: expect.any(String) });
      expect(await statusOf("app")).toBe("reconciling");
      // The commit and our request are two runs: after the first has failed it is at work again, until the second has too.
      const { data, text } = await until(
        async () => {
          const told = await call("diagnose_flux_issues", app);
          return told.data["causes"][0]?.cause === "health_check_failed" ? told : undefined;
        },
        "the failed health check to be found",
        120,
      );
      expect(data["causes"][0]).toMatchObject({ cause: "health_check_failed", object: { name: "app" } });
      const said = JSON.stringify(data["causes"][0]["workloads"]);
      expect(said).toContain("Deployment/apps/web");
      expect(said).toContain("0 of 1 ready");
      expect(said).toContain("no node has room for it");
      expect(text).toContain("Deployment/apps/web");
      const commit = await cluster.commit("app", goodFiles("5"), "healthy");
      expect((await reconciled()).data).toMatchObject({ outcome: "reconciled", revision: `main@sha1:${commit}` });
    });

    test("a branch that does not exist fails at the source", async () => {
      await cluster.apply([gitRepository("app", cluster.gitUrl("app"), { ref: { branch: "gone" } })]);
      const failed = await reconciled();
      expect(failed.data["error"]).toMatchObject({
        code: "command_failed",
        details: { object: "GitRepository/apps/app", reason: "GitOperationFailed" },
      });
      const { data } = await call("list_flux_sources", { kind: "GitRepository" });
      expect(data["sources"][0]).toMatchObject({ status: "not ready" });
      const all = await call("diagnose_flux_issues");
      expect(all.data["causes"][0]).toMatchObject({ cause: "ref_missing", object: { kind: "GitRepository", name: "app" } });
      await cluster.apply([gitRepository("app", cluster.gitUrl("app"))]);
      const mended = await reconciled();
      expect(mended.data, mended.text).toMatchObject({ outcome: "reconciled" });
    });

    test("other kinds are listed, read and changed by the same pair of tools", async () => {
      const { data } = await call("list_flux_objects", { kind: "GitRepository" });
      expect(data["objects"]).toMatchObject([{ kind: "GitRepository", name: "app", status: "ready" }]);
      const one = await call("list_flux_objects", { kind: "GitRepository", ...app });
      expect(one.data["details"]).toMatchObject({ url: cluster.gitUrl("app"), ref: { branch: "main" } });
      expect((await call("change_flux_object", { kind: "GitRepository", ...app, action: "reconcile" })).data).toMatchObject({
        outcome: "reconciled",
      });
    });

    test("names are names: options, other kinds and what is not there are refused", async () => {
      for (const name of ["--all", "-A", "--kubeconfig=/tmp/x", "a b", "a;b", "$(id)", ""]) {
        const { data, isError } = await call("suspend_flux_kustomization", { name, namespace: APPS });
        expect(isError, name).toBe(true);
        expect(data["error"], name).toMatchObject({ code: "invalid_input" });
      }
      expect((await call("suspend_flux_kustomization", { name: "app", namespace: "--all-namespaces" })).data["error"]).toMatchObject({
        code: "invalid_input",
      });
      expect((await call("list_flux_objects", { kind: "secrets" })).data["error"]).toMatchObject({ code: "invalid_input" });
      expect((await call("get_kustomization_details", { ...app, name: "nobody" })).data["error"]).toMatchObject({
        code: "object_not_found",
      });
      expect((await call("get_flux_logs", { component: "kube-apiserver" })).data["error"]["message"]).toContain(
        "Invalid component. Must be one of",
      );
      expect(await statusOf("app")).toBe("ready");
    });
  });
}
