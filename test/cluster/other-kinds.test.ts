import { callTool } from "@platform-ops/mcp-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fluxKind } from "../../servers/flux-teleport/src/flux/kinds.ts";
import { startHelmRepository, type HelmRepository } from "../support/cluster/helm-repository.ts";
import { OTHER_KINDS, otherObjects, settledStatus, type Status } from "../support/cluster/other-kinds.ts";
import { builtCluster, builtDefinitions, startCluster, type RealCluster } from "../support/cluster/start-cluster.ts";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { APPS, namespace } from "../support/kube-api/manifests.ts";
import { until } from "../support/processes.ts";

// HelmRelease, image automation and notification objects: their definitions are the real ones and stand in a real API server,
// sources are fetched by the real source-controller. What helm-, image- and notification-controller would write, the test does.

const built = builtCluster(process.env);
const definitions = builtDefinitions(process.env);
const REQUESTED_AT = "reconcile.fluxcd.io/requestedAt";
const isMissing = built === undefined || definitions === undefined;

describe.skipIf(isMissing)("kinds whose controllers do not run here (need npm run test:cluster)", () => {
  let cluster: RealCluster;
  let charts: HelmRepository;
  let server: MachinesServer;

  const call = async (tool: string, args: Record<string, unknown> = {}) => {
    const { result, isError } = await callTool(server.definition, tool, args, {});
    return { text: result.text, data: result.data as Record<string, any>, isError };
  };
  const read = async (kind: string, name: string): Promise<Record<string, any>> =>
    JSON.parse(await cluster.kubectl(["get", fluxKind(kind).resource, name, "-n", APPS, "-o", "json"])) as Record<string, any>;
  /** Writes a status as the controller would; the API server checks it by the real definition. */
  const play = async (kind: string, name: string, status: Status): Promise<void> => {
    const { generation } = (await read(kind, name))["metadata"] as { generation: number };
    const conditions = status.conditions.map((one) => ({
      observedGeneration: generation,
      lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ""),
      ...one,
    }));
    const patch = JSON.stringify({ status: { observedGeneration: generation, ...status, conditions } });
    const words = ["patch", fluxKind(kind).resource, name, "-n", APPS, "--subresource=status", "--type=merge", "-p", patch];
    expect(await cluster.kubectl(words)).toContain("patched");
  };
  const one = async (kind: string): Promise<Record<string, any>> =>
    ((await call("list_flux_objects", { kind })).data["objects"] as Record<string, any>[]).find((object) => object["name"] === "web") ?? {};

  /** Asks for a change, and answers as the controller would once the object is annotated. */
  const changed = async (kind: string, action: string): Promise<Awaited<ReturnType<typeof call>>> => {
    const before = (await read(kind, "web"))["metadata"]["annotations"]?.[REQUESTED_AT] as string | undefined;
    // What an earlier run left: the chart of a release is named here.
    await play(kind, "web", { ...settledStatus(kind), ...(before === undefined ? {} : { lastHandledReconcileAt: before }) });
    const asked = call("change_flux_object", { kind, name: "web", namespace: APPS, action, wait_seconds: 45 });
    const token = await until(async () => {
      const now = (await read(kind, "web"))["metadata"]["annotations"]?.[REQUESTED_AT] as string | undefined;
      return now === before ? undefined : now;
    }, "the request");
    await play(kind, "web", { ...settledStatus(kind), lastHandledReconcileAt: token });
    return await asked;
  };

  beforeAll(async () => {
    cluster = await startCluster(built!, definitions);
    charts = await startHelmRepository("demo", "1.2.3");
    server = await machinesServer(
      JSON.stringify({
        remote: { clusters: { here: { transport: "local" } }, kubectl_path: cluster.kubectlPath },
        environments: [{ name: "test", match: { clusters: ["here"] }, remote: { cluster: "here", kubeconfig: cluster.kubeconfig } }],
      }),
    );
    const objects = [namespace(), ...otherObjects(charts.url, cluster.git.url("fleet"))];
    await cluster.git.commit("fleet", { "README.md": "fleet\n" }, "first");
    await cluster.kubectl(["apply", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  });

  afterAll(async () => {
    await server?.remove();
    await charts?.stop();
    await cluster?.stop();
  });

  test.each(OTHER_KINDS)("a fresh %s is listed, and nothing is said of it that nobody knows", async (kind) => {
    expect(await one(kind)).toMatchObject({ kind, namespace: APPS, status: "unknown", ready: "Unknown", suspended: false });
  });

  test.each(OTHER_KINDS)("%s is suspended and resumed, as the API server then says", async (kind) => {
    const ref = { kind, name: "web", namespace: APPS };
    expect((await call("change_flux_object", { ...ref, action: "suspend" })).data).toMatchObject({ suspended: true, changed: true });
    expect((await read(kind, "web"))["spec"]).toMatchObject({ suspend: true });
    expect(await one(kind)).toMatchObject({ status: "suspended", suspended: true });
    expect((await call("change_flux_object", { ...ref, action: "reconcile" })).isError).toBe(true);
    expect((await call("change_flux_object", { ...ref, action: "resume" })).data).toMatchObject({ suspended: false, changed: true });
    expect((await read(kind, "web"))["spec"]["suspend"] ?? false).toBe(false);
  });

  test.each(["Alert", "Provider"])("%s only holds settings: there is nothing to reconcile", async (kind) => {
    const { data } = await call("change_flux_object", { kind, name: "web", namespace: APPS, action: "reconcile" });
    expect(data["error"]).toMatchObject({ code: "invalid_input", message: expect.stringContaining("only hold settings") });
    expect((await call("list_flux_objects", { kind, name: "web", namespace: APPS })).isError).toBe(false);
  });

  test.each(OTHER_KINDS.filter((kind) => fluxKind(kind).reconciles))(
    "%s is reconciled by its annotation, after its sources; the answer waits for the controller's",
    async (kind) => {
      const { data, text } = await changed(kind, "reconcile");
      expect(data, text).toMatchObject({ success: true, outcome: "reconciled", status: "ready" });
      if (kind === "HelmRelease") {
        const fetched = data["sources"].map((source: { kind: string; revision: string }) => [source.kind, source.revision]);
        expect(fetched).toEqual([
          ["HelmRepository", expect.stringMatching(/^sha256:/)],
          ["HelmChart", "1.2.3"],
        ]);
      }
      expect(await one(kind)).toMatchObject({ status: "ready", ready: "True" });
    },
  );

  test("a request that nobody takes up is said to wait for its controller", async () => {
    const { data } = await call("change_flux_object", {
      kind: "ImageRepository",
      name: "web",
      namespace: APPS,
      action: "reconcile",
      wait_seconds: 1,
    });
    expect(data).toMatchObject({ outcome: "waiting", waits_for: expect.stringContaining("image-reflector-controller") });
    await play("ImageRepository", "web", { ...settledStatus("ImageRepository"), lastHandledReconcileAt: "later" });
  });

  test("force and reset are the annotations that helm-controller reads", async () => {
    for (const [action, annotation] of [
      ["force", "reconcile.fluxcd.io/forceAt"],
      ["reset", "reconcile.fluxcd.io/resetAt"],
    ] as const) {
      expect((await changed("HelmRelease", action)).data).toMatchObject({ outcome: "reconciled" });
      const { annotations } = (await read("HelmRelease", "web"))["metadata"];
      expect(annotations[annotation]).toBe(annotations[REQUESTED_AT]);
    }
  });

  test("details, and the tree of a release's own inventory", async () => {
    const { data, text } = await call("list_flux_objects", { kind: "HelmRelease", name: "web", namespace: APPS });
    expect(data["details"]).toMatchObject({
      status: "ready",
      release: { chart: "demo@1.2.3", status: "deployed", version: 3 },
      objects: 1,
    });
    expect(text).toContain("demo@1.2.3");
    const tree = await call("get_flux_tree", { kind: "HelmRelease", name: "web", namespace: APPS });
    expect(tree.data["tree"].join("\n"), tree.text).toMatch(
      /source HelmRepository\/apps\/charts {2}ready.*\nsource HelmChart\/apps\/apps-web {2}ready.*\nHelmRelease\/apps\/web {2}ready.*\n.*ConfigMap in apps: settings/,
    );
  });

  test("a release that failed and was rolled back is told by what failed, not by the rollback", async () => {
    const failed = {
      type: "Released",
      status: "False",
      reason: "UpgradeFailed",
      message: 'cannot patch "web": another operation is in progress',
    };
    const rolledBack = { status: "False", reason: "RollbackSucceeded", message: "Helm rollback to previous release apps/web.v2 succeeded" };
    await play("HelmRelease", "web", {
      conditions: [{ type: "Ready", ...rolledBack }, failed, { type: "Remediated", ...rolledBack, status: "True" }],
    });
    const { data } = await call("diagnose_flux_issues", { kind: "HelmRelease", name: "web", namespace: APPS });
    expect(data["causes"][0]).toMatchObject({ cause: "release_locked", reason: "UpgradeFailed", object: { kind: "HelmRelease" } });
    const retries = { reason: "RetriesExceeded", message: "Failed to upgrade after 3 attempt(s)" };
    await play("HelmRelease", "web", {
      conditions: [{ type: "Ready", status: "False", ...retries }, { type: "Stalled", status: "True", ...retries }, failed],
    });
    expect(await one("HelmRelease")).toMatchObject({ status: "stalled" });
    expect((await call("diagnose_flux_issues")).data["causes"][0]).toMatchObject({ cause: "release_locked", status: "stalled" });
  });

  test("an image policy that waits is traced to the repository that cannot be scanned", async () => {
    const scan = { reason: "ReadOperationFailed", message: "GET https://example.com/v2/: dial tcp: lookup example.com: no such host" };
    await play("ImageRepository", "web", {
      conditions: [
        { type: "Ready", status: "False", ...scan },
        { type: "Reconciling", status: "True", ...scan, reason: "ProgressingWithRetry" },
      ],
    });
    const waits = { reason: "DependencyNotReady", message: "referenced ImageRepository has not been scanned yet" };
    await play("ImagePolicy", "web", { conditions: [{ type: "Ready", status: "False", ...waits }] });
    const { data } = await call("diagnose_flux_issues", { kind: "ImagePolicy", name: "web", namespace: APPS });
    expect(data["causes"]).toMatchObject([{ cause: "source_unreachable", object: { kind: "ImageRepository", name: "web" } }]);
    await cluster.kubectl(["delete", "imagerepositories.image.toolkit.fluxcd.io", "web", "-n", APPS]);
    const gone = await call("diagnose_flux_issues", { kind: "ImagePolicy", name: "web", namespace: APPS });
    expect(gone.data["causes"]).toMatchObject([{ cause: "source_missing", object: { kind: "ImageRepository", name: "web" } }]);
  });

  test.each([
    ["ImageUpdateAutomation", "GitOperationFailed", "failed to push to remote: authentication required", "source_denied"],
    ["ImageUpdateAutomation", "InvalidPolicySelector", "failed to parse policy selector", "spec_refused"],
    ["Receiver", "TokenNotFound", "unable to read token from secret 'apps/token'", "secret_missing"],
  ])("%s: %s", async (kind, reason, message, cause) => {
    await play(kind, "web", { conditions: [{ type: "Ready", status: "False", reason, message }] });
    const { data, text } = await call("diagnose_flux_issues", { kind, name: "web", namespace: APPS });
    expect(data["causes"], text).toMatchObject([{ cause, object: { kind, name: "web" } }]);
  });
});
