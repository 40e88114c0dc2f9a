import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FluxModel } from "./flux-model.ts";
import { startKubeApi, type KubeApi } from "./kube-api.ts";
import type { KubeObject } from "./object-store.ts";

/** A cluster with Flux, as the tests of its tools need one: the stand-in, or a real one. */
export interface FluxCluster {
  readonly kubeconfig: string;
  /** URL of a git repository. */
  gitUrl(name: string): string;
  /** Commits files to it, and pushes. Gives the commit's id. */
  commit(name: string, files: Readonly<Record<string, string>>, message: string): Promise<string>;
  /** As `kubectl apply`. */
  apply(objects: readonly KubeObject[]): Promise<void>;
  stop(): Promise<void>;
}

/** The stand-in API server with a model of Flux's controllers. Nothing of it needs more than Node; kubectl is the real one. */
export async function startStandInCluster(): Promise<FluxCluster & { readonly api: KubeApi; readonly model: FluxModel }> {
  const folder = mkdtempSync(join(tmpdir(), "platform-ops-flux-"));
  const api = await startKubeApi();
  const model = new FluxModel(api);
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
  for (const name of ["default", "flux-system"]) api.store.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const app of ["kustomize-controller", "source-controller"]) {
    api.store.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${app}-0`, namespace: "flux-system", labels: { app } },
      spec: { containers: [{ name: "manager" }] },
      status: { phase: "Running" },
    });
  }
  return {
    api,
    model,
    kubeconfig,
    gitUrl: (name) => model.url(name),
    commit: async (name, files) => model.commit(name, files),
    async apply(objects) {
      for (const object of objects) {
        const { namespace, name } = object.metadata;
        const before = namespace === undefined ? undefined : api.store.find(object.kind, namespace, name);
        const metadata = { ...before?.metadata, ...object.metadata };
        api.store.put({ ...object, metadata, ...(before?.status === undefined ? {} : { status: before.status }) });
      }
    },
    async stop() {
      model.stop();
      await api.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
