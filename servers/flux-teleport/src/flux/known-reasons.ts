/** What a failure means, in our words. */
export interface Explanation {
  /** A stable word for it. */
  readonly cause: string;
  readonly explanation: string;
  readonly advice: string;
}

interface Rule extends Explanation {
  readonly reasons: readonly string[];
  /** Over the message; absent: whatever it says. */
  readonly message?: RegExp;
}

const rule = (reasons: string, message: RegExp | undefined, cause: string, explanation: string, advice: string): Rule => ({
  reasons: reasons.split(" "),
  cause,
  explanation,
  advice,
  ...(message === undefined ? {} : { message }),
});

// Reasons and texts of Flux 2.6 to 2.9 (kustomize-controller 1.9, source-controller 1.9, helm-controller 1.6). The first that fits counts.
const RULES: readonly Rule[] = [
  // Kustomization
  rule("ArtifactFailed", /Source artifact not found/, "source_without_artifact", "Its source has nothing to apply.", "Look at the source."),
  rule(
    "ArtifactFailed",
    /path not found/,
    "path_missing",
    "The folder of spec.path is not in the source.",
    "Correct spec.path, or commit the folder.",
  ),
  rule(
    "ArtifactFailed",
    /not found/,
    "source_missing",
    "The source that it names does not exist.",
    "Correct spec.sourceRef (kind, name, namespace), or create the source.",
  ),
  rule(
    "BuildFailed",
    /post build failed/,
    "substitution_failed",
    "A variable of spec.postBuild is undefined or malformed.",
    "Define it, or correct its use.",
  ),
  rule(
    "BuildFailed",
    /decryption|SOPS/i,
    "decryption_failed",
    "A file is encrypted and cannot be decrypted.",
    "Check spec.decryption and the key's Secret.",
  ),
  rule(
    "BuildFailed",
    /YAML|unmarshal|decode/i,
    "broken_manifest",
    "A file of the commit is not valid YAML.",
    "Correct the file named in the message and push.",
  ),
  rule(
    "BuildFailed",
    undefined,
    "build_failed",
    "kustomize could not build the folder of this commit.",
    "Correct the kustomization.yaml or the file named in the message, and push.",
  ),
  rule(
    "ReconciliationFailed",
    /\(Forbidden\)/,
    "apply_forbidden",
    "The account that applies may not write this object, or an admission policy refuses it.",
    "Check the role of spec.serviceAccountName and the policies.",
  ),
  rule(
    "ReconciliationFailed",
    /no matches for kind/,
    "kind_missing",
    "The commit has an object of a kind that the cluster does not know.",
    "Install its CRD first: put it into a Kustomization of its own and name it in dependsOn.",
  ),
  rule(
    "ReconciliationFailed",
    /namespace not specified/,
    "namespace_missing",
    "An object of the commit names no namespace.",
    "Set spec.targetNamespace, or metadata.namespace in the file.",
  ),
  rule(
    "ReconciliationFailed",
    /dry-run failed.*immutable|field is immutable/s,
    "immutable_field",
    "The commit changes a field that Kubernetes lets nobody change.",
    "Recreate the object: annotate it with kustomize.toolkit.fluxcd.io/force, or delete it first.",
  ),
  rule(
    "ReconciliationFailed",
    /dry-run failed/,
    "invalid_manifest",
    "Kubernetes rejects an object of the commit.",
    "Correct the field named in the message and push.",
  ),
  rule(
    "ReconciliationFailed",
    /apply failed|webhook/,
    "apply_failed",
    "Kubernetes did not take an object: a conflict, or a webhook that failed.",
    "Read the end of the message.",
  ),
  rule(
    "ReconciliationFailed",
    /not found/,
    "object_missing",
    "Something that the commit needs, such as a namespace, does not exist.",
    "Create it, or name the Kustomization that does in dependsOn.",
  ),
  rule(
    "PruneFailed",
    undefined,
    "prune_failed",
    "An object that Git no longer has could not be deleted.",
    "Look for a finalizer, and at the role of spec.serviceAccountName.",
  ),
  rule(
    "HealthCheckFailed",
    undefined,
    "health_check_failed",
    "All was applied, and something does not become healthy.",
    "Look at the workloads named below.",
  ),
  rule("HealthCheckCanceled", undefined, "health_check_cancelled", "A new run began before the last one ended.", "Wait for it."),
  rule("DependencyNotReady", undefined, "dependency_not_ready", "It waits for another object.", "Repair that one first."),
  rule(
    "InvalidCELExpression AccessDenied FeatureGateDisabled",
    undefined,
    "spec_refused",
    "Its spec is refused; trying again does not help.",
    "Change the spec in Git.",
  ),
  // sources
  rule(
    "GitOperationFailed",
    /couldn't find remote ref|reference not found/,
    "ref_missing",
    "The branch or tag of spec.ref does not exist.",
    "Correct spec.ref, or push the branch.",
  ),
  rule(
    "GitOperationFailed ReadOperationFailed",
    /authentication required|unable to authenticate|unauthorized|403|denied/i,
    "source_denied",
    "The repository does not accept the credentials.",
    "Renew the Secret that spec.secretRef names, or its rights on the repository.",
  ),
  rule(
    "GitOperationFailed",
    /knownhosts/,
    "host_key",
    "The repository's host key is not the one in the Secret.",
    "A person checks the key, then corrects known_hosts in the Secret.",
  ),
  rule("GitOperationFailed", /empty/, "repository_empty", "The repository has no commit.", "Push one."),
  rule(
    "GitOperationFailed OCIArtifactPullFailed IndexationFailed Failed BucketOperationFailed ChartPullError ReadOperationFailed",
    /connection refused|no such host|timeout|deadline exceeded|dial tcp|EOF/i,
    "source_unreachable",
    "The source's server does not answer.",
    "Check its address, DNS, the network and the proxy of the controller.",
  ),
  rule("GitOperationFailed", undefined, "git_failed", "The repository could not be read.", "Read the message."),
  rule(
    "AuthenticationFailed",
    /not found/,
    "secret_missing",
    "The Secret with the credentials does not exist.",
    "Create it, or correct spec.secretRef.",
  ),
  rule(
    "AuthenticationFailed",
    undefined,
    "secret_broken",
    "The Secret with the credentials is not usable.",
    "Correct the Secret that spec.secretRef names.",
  ),
  rule(
    "URLInvalid InvalidProviderConfiguration InvalidChartReference",
    undefined,
    "spec_refused",
    "Its spec is refused; trying again does not help.",
    "Change the spec in Git.",
  ),
  rule(
    "OCIArtifactPullFailed OCIArtifactLayerOperationFailed",
    undefined,
    "oci_failed",
    "The artifact could not be pulled.",
    "Check tag, credentials and media type.",
  ),
  rule("IndexationFailed", undefined, "index_failed", "The index of the Helm repository cannot be read.", "Check spec.url."),
  rule("ChartPullError", undefined, "chart_missing", "The chart, or that version of it, was not found.", "Correct chart and version."),
  rule("BucketOperationFailed", undefined, "bucket_failed", "The bucket could not be read.", "Check endpoint, keys and bucket name."),
  rule(
    "VerificationError",
    undefined,
    "signature",
    "The signature of what was fetched is not valid.",
    "Do not go round it: find out who made the artifact.",
  ),
  rule(
    "DirectoryCreationFailed StatOperationFailed ArchiveOperationFailed StorageOperationFailed",
    undefined,
    "storage",
    "The source-controller cannot write: its disk is full or broken.",
    "Look at the volume of its pod.",
  ),
  // HelmRelease
  rule(
    "UpgradeFailed InstallFailed",
    /another operation/,
    "release_locked",
    "Helm finds the release locked by an operation that never ended.",
    "Look at `helm history`; a pending release must be rolled back.",
  ),
  rule(
    "UpgradeFailed InstallFailed",
    /not ready|deadline exceeded|timed out/,
    "release_not_ready",
    "Helm applied the release, and its workloads did not become ready in time.",
    "Look at the workloads named below.",
  ),
  rule("UpgradeFailed InstallFailed", /values|schema/, "release_values", "The chart does not accept the values.", "Correct spec.values."),
  rule(
    "UpgradeFailed InstallFailed RollbackFailed UninstallFailed",
    undefined,
    "release_failed",
    "Helm failed.",
    "Read the end of the message.",
  ),
  rule(
    "RetriesExceeded",
    undefined,
    "retries_exceeded",
    "Helm failed as often as it may, and is not tried again.",
    "Repair the cause, then reconcile it.",
  ),
  rule(
    "MissingRollbackTarget",
    undefined,
    "no_rollback",
    "There is no earlier release to go back to.",
    "Repair the cause, then reconcile it.",
  ),
  rule("TestFailed", undefined, "release_tests", "The chart's tests failed.", "Look at its test pods."),
  rule("SourceNotReady", undefined, "source_without_artifact", "Its chart is not there.", "Look at the HelmChart and its source."),
  rule("ArtifactFailed", undefined, "source_without_artifact", "Its source has nothing to apply.", "Look at the source."),
  rule(
    "ValuesError",
    undefined,
    "values_missing",
    "A ConfigMap, a Secret or a key of spec.valuesFrom is missing.",
    "Create it, or correct spec.valuesFrom.",
  ),
  // Image automation and notification
  rule("ReadOperationFailed", undefined, "scan_failed", "The tags of the image could not be read.", "Read the message."),
  rule(
    "ImageURLInvalid InvalidUpdateStrategy InvalidPolicySelector InvalidSourceConfiguration RemovedTemplateField IntervalNotConfigured ValidationFailed",
    undefined,
    "spec_refused",
    "Its spec is refused; trying again does not help.",
    "Change the spec in Git.",
  ),
  rule("UpdateFailed", undefined, "update_failed", "The files could not be updated with the new image.", "Read the message."),
  rule(
    "TokenNotFound",
    undefined,
    "secret_missing",
    "The Secret with its token does not exist, or has no token.",
    "Create it, or correct spec.secretRef.",
  ),
  rule("DriftDetected", undefined, "drift", "Somebody changes the objects of this release by hand.", "Make the change in Git, or stop it."),
  rule("Progressing ProgressingWithRetry", undefined, "in_progress", "It is at work.", "Wait, and look again."),
];

/** What a condition's reason and message mean; undefined where we do not know them. */
export function explain(reason: string, message: string): Explanation | undefined {
  const found = RULES.find((one) => one.reasons.includes(reason) && (one.message === undefined || one.message.test(message)));
  return found === undefined ? undefined : { cause: found.cause, explanation: found.explanation, advice: found.advice };
}
