/** One resource type that the stand-in serves. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const type = (group: string, version: string, kind: string, plural: string, namespaced = true): ResourceType => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});

/** The core of Kubernetes that the tools look at. */
export const CORE: readonly ResourceType[] = [
  type("", "v1", "Namespace", "namespaces", false),
  type("", "v1", "Node", "nodes", false),
  type("", "v1", "Pod", "pods"),
  type("", "v1", "Event", "events"),
  type("", "v1", "Secret", "secrets"),
  type("", "v1", "ConfigMap", "configmaps"),
  type("apps", "v1", "Deployment", "deployments"),
  type("apps", "v1", "ReplicaSet", "replicasets"),
  type("apps", "v1", "StatefulSet", "statefulsets"),
  type("apps", "v1", "DaemonSet", "daemonsets"),
  type("batch", "v1", "Job", "jobs"),
];

/** What Flux adds. */
export const FLUX: readonly ResourceType[] = [
  type("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
  type("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
  type("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"),
  type("source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories"),
  type("source.toolkit.fluxcd.io", "v1", "HelmRepository", "helmrepositories"),
  type("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts"),
  type("source.toolkit.fluxcd.io", "v1", "Bucket", "buckets"),
  type("image.toolkit.fluxcd.io", "v1", "ImageRepository", "imagerepositories"),
  type("image.toolkit.fluxcd.io", "v1", "ImagePolicy", "imagepolicies"),
  type("image.toolkit.fluxcd.io", "v1", "ImageUpdateAutomation", "imageupdateautomations"),
  type("notification.toolkit.fluxcd.io", "v1", "Receiver", "receivers"),
  type("notification.toolkit.fluxcd.io", "v1beta3", "Alert", "alerts"),
  type("notification.toolkit.fluxcd.io", "v1beta3", "Provider", "providers"),
];

export const groupVersion = ({ group, version }: Pick<ResourceType, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`;

/** The answers of discovery, in the form that kubectl falls back to where a server knows no aggregated one. */
export function discovery(types: readonly ResourceType[], path: string): unknown {
  if (path === "/version") return { major: "1", minor: "32", gitVersion: "v1.32.4" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") {
    const groups = [...new Set(types.map(({ group }) => group))].filter((group) => group !== "");
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => groupOf(types, group)) };
  }
  const [, root, group, version, more] = path.split("/");
  const isCore = root === "api" && group === "v1" && version === undefined;
  if (!isCore && !(root === "apis" && version !== undefined && more === undefined)) return undefined;
  const served = types.filter((one) => (isCore ? one.group === "" : one.group === group && one.version === version));
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: groupVersion(served[0] as ResourceType),
    resources: served.map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    })),
  };
}

function groupOf(types: readonly ResourceType[], group: string): unknown {
  const versions = [...new Set(types.filter((one) => one.group === group).map(({ version }) => version))].map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}
