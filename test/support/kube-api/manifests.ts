import type { KubeObject } from "./object-store.ts";

/** Namespace of all that the suite makes. */
export const APPS = "apps";

export const namespace = (): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: APPS } });

export const gitRepository = (name: string, url: string, spec: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: "source.toolkit.fluxcd.io/v1",
  kind: "GitRepository",
  metadata: { name, namespace: APPS },
  spec: { url, interval: "1h", ref: { branch: "main" }, ...spec },
});

export const kustomization = (name: string, source: string, spec: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  metadata: { name, namespace: APPS },
  spec: {
    interval: "1h",
    // While it tries again it is reconciling: a failure that is looked at stays one for a while.
    retryInterval: "10m",
    timeout: "30s",
    path: "./deploy",
    prune: true,
    wait: true,
    sourceRef: { kind: "GitRepository", name: source },
    ...spec,
  },
});

const deployment = (version: string, pod: Record<string, unknown>): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: APPS, annotations: { "example.com/version": version } },
  spec: {
    replicas: 1,
    progressDeadlineSeconds: 600,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: "Recreate" },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "example.com/web:1" }], ...pod } },
  },
});

const config = (version: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: APPS },
  data: { version },
});

const files = (...objects: KubeObject[]): Record<string, string> =>
  Object.fromEntries(objects.map((object) => [`deploy/${object.metadata.name}.yaml`, `${JSON.stringify(object, null, 2)}\n`]));

/** A commit that can be applied, and becomes healthy. */
export const goodFiles = (version: string): Record<string, string> => files(config(version), deployment(version, {}));

/** A commit with a file that is no YAML. */
export const brokenFiles = (): Record<string, string> => ({ "deploy/settings.yaml": "kind: ConfigMap\nmetadata:\n  name: a: b\n" });

/** A commit whose pods no node takes. */
export const unhealthyFiles = (version: string): Record<string, string> =>
  files(config(version), deployment(version, { nodeSelector: { "example.com/none": "true" } }));
