import { OpsError } from "@platform-ops/errors";

/** What is done with a kind of Flux object, and where it stands in the way from a source to the cluster. */
export type FluxRole = "applier" | "source" | "image" | "notification";

/** One kind of Flux object. */
export interface FluxKind {
  readonly kind: string;
  /**
   * Plural and group without a version, as kubectl takes it: short names and bare plurals can clash with other CRDs, and the
   * server picks the version that it serves.
   */
  readonly resource: string;
  readonly role: FluxRole;
  /** The component that reconciles it. */
  readonly controller: FluxController;
  /** False for kinds that only hold settings: they have no status, and nothing happens when one is asked to reconcile. */
  readonly reconciles: boolean;
}

/** The components of Flux, which are also the names of their Deployments and the values of their pods' label `app`. */
export const FLUX_CONTROLLERS = [
  "kustomize-controller",
  "source-controller",
  "helm-controller",
  "notification-controller",
  "image-reflector-controller",
  "image-automation-controller",
] as const;
export type FluxController = (typeof FLUX_CONTROLLERS)[number];

const kind = (name: string, resource: string, role: FluxRole, controller: FluxController, reconciles = true): FluxKind => ({
  kind: name,
  resource,
  role,
  controller,
  reconciles,
});

const SOURCE = "source.toolkit.fluxcd.io";
const IMAGE = "image.toolkit.fluxcd.io";
const NOTIFICATION = "notification.toolkit.fluxcd.io";

/** All kinds of Flux 2, by their groups. Alert and Provider have had no status since notification v1beta3. */
export const FLUX_KINDS: readonly FluxKind[] = [
  kind("Kustomization", "kustomizations.kustomize.toolkit.fluxcd.io", "applier", "kustomize-controller"),
  kind("HelmRelease", "helmreleases.helm.toolkit.fluxcd.io", "applier", "helm-controller"),
  kind("GitRepository", `gitrepositories.${SOURCE}`, "source", "source-controller"),
  kind("OCIRepository", `ocirepositories.${SOURCE}`, "source", "source-controller"),
  kind("HelmRepository", `helmrepositories.${SOURCE}`, "source", "source-controller"),
  kind("HelmChart", `helmcharts.${SOURCE}`, "source", "source-controller"),
  kind("Bucket", `buckets.${SOURCE}`, "source", "source-controller"),
  kind("ImageRepository", `imagerepositories.${IMAGE}`, "image", "image-reflector-controller"),
  kind("ImagePolicy", `imagepolicies.${IMAGE}`, "image", "image-reflector-controller"),
  kind("ImageUpdateAutomation", `imageupdateautomations.${IMAGE}`, "image", "image-automation-controller"),
  kind("Receiver", `receivers.${NOTIFICATION}`, "notification", "notification-controller"),
  kind("Alert", `alerts.${NOTIFICATION}`, "notification", "notification-controller", false),
  kind("Provider", `providers.${NOTIFICATION}`, "notification", "notification-controller", false),
];

/** The names that tools take as a kind. */
export const FLUX_KIND_NAMES = FLUX_KINDS.map((one) => one.kind);

const byKind = new Map(FLUX_KINDS.map((one) => [one.kind, one]));

/** @throws OpsError invalid_input for a kind that Flux does not have. */
export function fluxKind(name: string): FluxKind {
  const found = byKind.get(name);
  if (found === undefined) throw new OpsError("invalid_input", `kind must be one of: ${FLUX_KIND_NAMES.join(", ")}.`);
  return found;
}

/** The kind, or undefined where Flux has no such kind. */
export function findFluxKind(name: string): FluxKind | undefined {
  return byKind.get(name);
}

/** The kinds of one role, in the order of the table. */
export function kindsOf(role: FluxRole): readonly FluxKind[] {
  return FLUX_KINDS.filter((one) => one.role === role);
}
