import { createHash } from "node:crypto";
import { conditionsOf, failing, ok, progressing, type Outcome } from "./conditions.ts";
import type { KubeApi } from "./kube-api.ts";
import { now, type KubeObject } from "./object-store.ts";

/** One commit of the model's git: whole files by path. */
interface Commit {
  readonly revision: string;
  readonly files: Readonly<Record<string, string>>;
}

const REQUESTED = "reconcile.fluxcd.io/requestedAt";
const AGAIN_MS = 150;

/**
 * Plays source-controller, kustomize-controller and as much of the workloads' controllers as health checks need, with the reasons
 * and texts that the real ones were recorded with.
 */
export class FluxModel {
  readonly #api: KubeApi;
  readonly #commits = new Map<string, Commit[]>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #healthMs: number;
  #stopped = false;

  constructor(api: KubeApi, options: { healthMs?: number } = {}) {
    this.#api = api;
    this.#healthMs = options.healthMs ?? 1_500;
    api.store.onChange((object, { spec, annotations }) => {
      if (!/^(GitRepository|Kustomization)$/.test(object.kind) || !(spec || annotations)) return;
      this.#later(object, 40);
    });
  }

  url(name: string): string {
    return `http://git.example.com/${name}.git`;
  }

  commit(name: string, files: Readonly<Record<string, string>>): string {
    const commits = this.#commits.get(name) ?? [];
    const revision = createHash("sha1")
      .update(`${commits.length}${JSON.stringify(files)}`)
      .digest("hex");
    this.#commits.set(name, [...commits, { revision, files: { ...commits.at(-1)?.files, ...files } }]);
    return revision;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #later(object: KubeObject, ms: number): void {
    if (this.#stopped) return;
    const { kind, metadata } = object;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const current = this.#api.store.find(kind, metadata.namespace ?? "", metadata.name);
      if (current !== undefined) this.#reconcile(current);
    }, ms);
    this.#timers.add(timer);
  }

  #reconcile(object: KubeObject): void {
    const requested = object.metadata.annotations?.[REQUESTED];
    // Written whether or not anything runs: that is why it proves nothing.
    if (requested !== undefined) this.#api.store.setStatus(object, { lastHandledReconcileAt: requested });
    if (object.spec?.["suspend"] === true) return;
    if (object.kind === "GitRepository") this.#fetch(object);
    else this.#apply(object);
  }

  #fetch(source: KubeObject): void {
    const { branch } = (source.spec?.["ref"] ?? { branch: "main" }) as { branch?: string };
    const url = String(source.spec?.["url"] ?? "");
    const commits = [...this.#commits.entries()].find(([name]) => url === this.url(name))?.[1];
    const before = source.status?.["artifact"]?.revision as string | undefined;
    if (commits === undefined || branch !== "main") {
      const why =
        commits === undefined
          ? `unable to list remote for '${url}': Get "${url}/info/refs": dial tcp: connect: connection refused`
          : `unable to clone '${url}': couldn't find remote ref "refs/heads/${branch}"`;
      const message = `failed to checkout and determine revision: ${why}`;
      this.#settle(source, { ...failing("GitOperationFailed", message), negative: "FetchFailed" }, {});
      return;
    }
    const revision = `main@sha1:${commits.at(-1)?.revision ?? ""}`;
    const message = `stored artifact for revision '${revision}'`;
    const artifact =
      revision === before ? source.status?.["artifact"] : { revision, lastUpdateTime: now(), digest: `sha256:${"0".repeat(64)}` };
    this.#settle(source, { ...ok("Succeeded", message), more: "ArtifactInStorage" }, { artifact });
    if (revision === before) return;
    for (const user of this.#api.store.ofKind("Kustomization")) {
      if (sourceOf(user) === keyOf(source)) this.#later(user, 40);
    }
  }

  #apply(object: KubeObject): void {
    const { namespace = "" } = object.metadata;
    const ref = (object.spec?.["sourceRef"] ?? {}) as { kind?: string; name?: string; namespace?: string };
    const source = this.#api.store.find(ref.kind ?? "", ref.namespace ?? namespace, ref.name ?? "");
    if (source === undefined)
      return this.#retry(object, failing("ArtifactFailed", `GitRepository.source.toolkit.fluxcd.io "${ref.name}" not found`));
    const revision = source.status?.["artifact"]?.revision as string | undefined;
    if (revision === undefined) return this.#retry(object, failing("ArtifactFailed", "Source artifact not found, retrying in 2s"));
    const waits = this.#missingDependency(object);
    if (waits !== undefined) return this.#retry(object, failing("DependencyNotReady", waits, false));
    const files = this.#filesOf(source, revision, String(object.spec?.["path"] ?? "./"));
    if (files.length === 0)
      return this.#fail(
        object,
        revision,
        "ArtifactFailed",
        "kustomization path not found: stat /tmp/kustomization-1/absent: no such file or directory",
      );
    const manifests = files.map(([path, text]) => ({ path, manifest: parsed(text) }));
    const broken = manifests.find(({ manifest }) => manifest === undefined);
    if (broken !== undefined) {
      const why = "MalformedYAMLError: yaml: line 3: mapping values are not allowed in this context";
      return this.#fail(
        object,
        revision,
        "BuildFailed",
        `failed to decode Kubernetes YAML from /tmp/kustomization-1/${broken.path}: ${why}`,
      );
    }
    const applied = manifests.map(({ manifest }) => this.#applyOne(manifest as KubeObject, object));
    const entries = applied.map(inventoryEntry);
    const sick = applied.filter((one) => one.kind === "Deployment" && !isHealthy(one));
    if (sick.length > 0 && object.spec?.["wait"] === true) return this.#checkHealth(object, revision, sick, entries);
    const outcome = ok("ReconciliationSucceeded", `Applied revision: ${revision}`);
    const status = { lastAppliedRevision: revision, lastAttemptedRevision: revision, inventory: { entries } };
    this.#settle(object, outcome, status);
    this.#log("info", object, "Reconciliation finished in 200ms, next run in 1h0m0s");
  }

  #checkHealth(object: KubeObject, revision: string, sick: readonly KubeObject[], entries: unknown): void {
    const before = object.status?.["conditions"] as { type: string; reason: string; message: string }[] | undefined;
    const names = sick.map((one) => `${one.kind}/${one.metadata.namespace}/${one.metadata.name} status: 'InProgress'`).join(", ");
    const isKnown = before?.some((one) => one.type === "Ready" && one.reason === "HealthCheckFailed") === true;
    const isAsked = object.status?.["lastAttemptedRevision"] !== revision;
    if (isKnown && !isAsked) return;
    this.#settle(object, progressing(`Running health checks for revision ${revision} with a timeout of 30s`), {
      lastAttemptedRevision: revision,
    });
    const { generation } = object.metadata;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const current = this.#api.store.find(object.kind, object.metadata.namespace ?? "", object.metadata.name);
      if (current === undefined || current.metadata.generation !== generation || current.status?.["lastAttemptedRevision"] !== revision)
        return;
      const message = `health check failed after 30.023824927s: timeout waiting for: [${names}]`;
      this.#settle(current, failing("HealthCheckFailed", message), { inventory: { entries } });
      this.#event(current, "Warning", "HealthCheckFailed", message);
      this.#log("error", current, "Reconciliation failed after 30s, next try in 1m0s", message);
    }, this.#healthMs);
    this.#timers.add(timer);
  }

  #missingDependency(object: KubeObject): string | undefined {
    for (const one of (object.spec?.["dependsOn"] ?? []) as { name: string; namespace?: string }[]) {
      const namespace = one.namespace ?? object.metadata.namespace ?? "";
      const found = this.#api.store.find("Kustomization", namespace, one.name);
      if (found === undefined)
        return `dependency '${namespace}/${one.name}' not found: kustomizations.kustomize.toolkit.fluxcd.io "${one.name}" not found`;
      const ready = (found.status?.["conditions"] as { type: string; status: string }[] | undefined)?.find((each) => each.type === "Ready");
      if (ready?.status !== "True") return `dependency '${namespace}/${one.name}' is not ready`;
    }
    return undefined;
  }

  #filesOf(source: KubeObject, revision: string, path: string): [string, string][] {
    const url = String(source.spec?.["url"] ?? "");
    const commits = [...this.#commits.entries()].find(([name]) => url === this.url(name))?.[1] ?? [];
    const commit = commits.find((one) => revision.endsWith(one.revision));
    const folder = path.replace(/^\.\//, "");
    return Object.entries(commit?.files ?? {}).filter(([file]) => folder === "" || file.startsWith(`${folder.replace(/\/$/, "")}/`));
  }

  #applyOne(manifest: KubeObject, owner: KubeObject): KubeObject {
    const { name, namespace = "" } = owner.metadata;
    const labels = { "kustomize.toolkit.fluxcd.io/name": name, "kustomize.toolkit.fluxcd.io/namespace": namespace };
    const applied = this.#api.store.put({
      ...manifest,
      metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...labels } },
    });
    if (applied.kind === "Deployment") this.#roll(applied);
    return applied;
  }

  /** A Deployment that names a node which there is not never gets its pod placed. */
  #roll(deployment: KubeObject): void {
    const healthy = isHealthy(deployment);
    const { name, namespace } = deployment.metadata;
    this.#api.store.setStatus(deployment, { replicas: 1, readyReplicas: healthy ? 1 : 0 });
    const pod = this.#api.store.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `${name}-5c9d746dd9-c4s29`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: deployment.spec?.["selector"]?.matchLabels,
      },
      spec: { containers: [{ name: "web" }] },
    });
    const unplaced = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    const state = healthy
      ? {
          phase: "Running",
          conditions: [{ type: "PodScheduled", status: "True" }],
          containerStatuses: [{ name: "web", ready: true, restartCount: 0, state: { running: {} } }],
        }
      : {
          phase: "Pending",
          conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: unplaced }],
          containerStatuses: [],
        };
    this.#api.store.setStatus(pod, state);
    if (!healthy) this.#event(pod, "Warning", "FailedScheduling", unplaced);
  }

  #fail(object: KubeObject, revision: string, reason: string, message: string): void {
    const isNew = object.status?.["lastAttemptedRevision"] !== revision;
    this.#settle(object, failing(reason, message), { lastAttemptedRevision: revision });
    this.#log("error", object, "Reconciliation failed after 30ms, next try in 1m0s", message);
    if (isNew) this.#event(object, "Warning", reason, message);
  }

  #retry(object: KubeObject, outcome: Outcome): void {
    this.#settle(object, outcome, {});
    this.#event(object, "Warning", outcome.reason, outcome.message);
    this.#later(object, AGAIN_MS);
  }

  #settle(object: KubeObject, outcome: Outcome, status: Record<string, unknown>): void {
    const generation = object.metadata.generation ?? 1;
    const isDone = outcome.ready === "True";
    const before = (object.status?.["observedGeneration"] as number | undefined) ?? -1;
    this.#api.store.setStatus(object, {
      ...status,
      conditions: conditionsOf(outcome, generation, object),
      observedGeneration: isDone ? generation : before,
    });
    if (isDone) this.#event(object, "Normal", outcome.reason, outcome.message);
  }

  /** As the recorder of Kubernetes does: an equal event is counted, not repeated. */
  #event(object: KubeObject, type: string, reason: string, message: string): void {
    const { namespace = "", name, uid } = object.metadata;
    const digest = createHash("sha1").update(`${object.kind}${name}${reason}${message}`).digest("hex").slice(0, 16);
    const known = this.#api.store.find("Event", namespace, `${name}.${digest}`);
    this.#api.store.put({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${digest}`, namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
      type,
      reason,
      message,
      count: ((known?.["count"] as number | undefined) ?? 0) + 1,
      firstTimestamp: known?.["firstTimestamp"] ?? now(),
      lastTimestamp: now(),
      eventTime: null,
      reportingComponent: object.kind === "GitRepository" ? "source-controller" : "kustomize-controller",
    });
  }

  #log(level: string, { kind, metadata }: KubeObject, msg: string, error?: string): void {
    const about = { controller: "kustomization", controllerGroup: "kustomize.toolkit.fluxcd.io", controllerKind: kind };
    const line = {
      level,
      ts: new Date().toISOString(),
      msg,
      ...about,
      name: metadata.name,
      namespace: metadata.namespace,
      ...(error === undefined ? {} : { error }),
    };
    const key = "flux-system/kustomize-controller-0";
    this.#api.logs.set(key, [...(this.#api.logs.get(key) ?? []), JSON.stringify(line)]);
  }
}

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace}/${metadata.name}`;

function sourceOf({ spec, metadata }: KubeObject): string {
  const ref = (spec?.["sourceRef"] ?? {}) as { kind?: string; name?: string; namespace?: string };
  return `${ref.kind}/${ref.namespace ?? metadata.namespace}/${ref.name}`;
}

/** Manifests are written as JSON, which is YAML; whatever else is a mistake. */
function parsed(text: string): KubeObject | undefined {
  try {
    return JSON.parse(text) as KubeObject;
  } catch {
    return undefined;
  }
}

const isHealthy = ({ spec }: KubeObject): boolean => spec?.["template"]?.spec?.nodeSelector === undefined;

function inventoryEntry({ apiVersion, kind, metadata }: KubeObject): { id: string; v: string } {
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  return { id: `${metadata.namespace ?? ""}_${metadata.name}_${group}_${kind}`, v: version };
}
