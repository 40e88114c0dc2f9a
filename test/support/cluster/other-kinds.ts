import { APPS } from "../kube-api/manifests.ts";
import type { KubeObject } from "../kube-api/object-store.ts";

/** The kinds of Flux whose controllers the test cluster does not run. */
export const OTHER_KINDS = [
  "HelmRelease",
  "ImageRepository",
  "ImagePolicy",
  "ImageUpdateAutomation",
  "Receiver",
  "Alert",
  "Provider",
] as const;

/** A status as a controller writes it; generation and times of its conditions are filled in. */
export interface Status {
  readonly conditions: readonly { type: string; status: string; reason: string; message: string }[];
  readonly [field: string]: unknown;
}

const object = (apiVersion: string, kind: string, name: string, spec: Record<string, unknown>): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: APPS },
  spec,
});

const IMAGE = "image.toolkit.fluxcd.io/v1";

/** One of each kind, `web`, and the sources that they name. A HelmChart is what helm-controller would make of the release. */
export function otherObjects(chartsUrl: string, gitUrl: string): KubeObject[] {
  const git = { kind: "GitRepository", name: "fleet" };
  const charts = { kind: "HelmRepository", name: "charts" };
  const chart = { chart: "demo", version: "1.2.3", sourceRef: charts };
  return [
    object("source.toolkit.fluxcd.io/v1", "GitRepository", "fleet", { interval: "1h", url: gitUrl, ref: { branch: "main" } }),
    object("source.toolkit.fluxcd.io/v1", "HelmRepository", "charts", { interval: "1h", url: chartsUrl }),
    object("source.toolkit.fluxcd.io/v1", "HelmChart", `${APPS}-web`, { interval: "1h", ...chart }),
    object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "web", { interval: "1h", chart: { spec: chart }, values: { replicas: 2 } }),
    object(IMAGE, "ImageRepository", "web", { interval: "1h", image: "example.com/web" }),
    object(IMAGE, "ImagePolicy", "web", { imageRepositoryRef: { name: "web" }, policy: { semver: { range: ">=1.0.0" } } }),
    object(IMAGE, "ImageUpdateAutomation", "web", {
      interval: "1h",
      sourceRef: git,
      git: { commit: { author: { email: "flux@example.com" } }, push: { branch: "main" } },
      update: { strategy: "Setters", path: "./" },
    }),
    object("notification.toolkit.fluxcd.io/v1", "Receiver", "web", {
      type: "generic",
      secretRef: { name: "token" },
      resources: [{ apiVersion: "source.toolkit.fluxcd.io/v1", ...git }],
    }),
    object("notification.toolkit.fluxcd.io/v1beta3", "Alert", "web", {
      providerRef: { name: "web" },
      eventSources: [{ kind: "Kustomization", name: "*" }],
    }),
    object("notification.toolkit.fluxcd.io/v1beta3", "Provider", "web", { type: "generic", address: "https://example.com/hook" }),
  ];
}

const ready = (reason: string, message: string) => ({ type: "Ready", status: "True", reason, message });

/** What the kind's controller writes of `web` when all went well. */
export function settledStatus(kind: string): Status {
  const status = SETTLED[kind];
  if (status === undefined) throw new Error(`${kind} has no status`);
  return status;
}

const released = { reason: "UpgradeSucceeded", message: `Helm upgrade succeeded for release ${APPS}/web.v3 with chart demo@1.2.3` };
const SETTLED: Readonly<Record<string, Status>> = {
  HelmRelease: {
    conditions: [ready(released.reason, released.message), { type: "Released", status: "True", ...released }],
    helmChart: `${APPS}/${APPS}-web`,
    storageNamespace: APPS,
    lastAttemptedRevision: "1.2.3",
    lastAttemptedGeneration: 1,
    lastAttemptedReleaseAction: "upgrade",
    history: [
      {
        name: "web",
        namespace: APPS,
        version: 3,
        status: "deployed",
        chartName: "demo",
        chartVersion: "1.2.3",
        configDigest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        firstDeployed: "2026-01-01T00:00:00Z",
        lastDeployed: "2026-01-02T00:00:00Z",
      },
    ],
    inventory: { entries: [{ id: `${APPS}_settings__ConfigMap`, v: "v1" }] },
  },
  ImageRepository: {
    conditions: [ready("Succeeded", "successful scan: found 3 tags with checksum 123")],
    canonicalImageName: "example.com/web",
    lastScanResult: { scanTime: "2026-01-01T00:00:00Z", tagCount: 3, revision: "123", latestTags: ["1.2.0", "1.1.0", "1.0.0"] },
  },
  ImagePolicy: {
    conditions: [ready("Succeeded", "Latest image tag for example.com/web resolved to 1.2.0")],
    latestRef: { name: "example.com/web", tag: "1.2.0" },
  },
  ImageUpdateAutomation: {
    conditions: [ready("Succeeded", "repository up-to-date")],
    lastAutomationRunTime: "2026-01-01T00:00:00Z",
    lastPushCommit: "4f0c2f9a1b7e4f0c2f9a1b7e4f0c2f9a1b7e4f0c",
  },
  Receiver: { conditions: [ready("Succeeded", "Receiver initialized for path: /hook/abc")], webhookPath: "/hook/abc" },
};
