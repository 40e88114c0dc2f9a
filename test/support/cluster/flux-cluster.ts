import type { FluxCluster } from "../kube-api/stand-in-cluster.ts";
import type { RealCluster } from "./start-cluster.ts";

/** The real cluster, as the suite of Flux's tools sees one. */
export function asFluxCluster(cluster: RealCluster): FluxCluster {
  return {
    kubeconfig: cluster.kubeconfig,
    gitUrl: (name) => cluster.git.url(name),
    commit: (name, files, message) => cluster.git.commit(name, files, message),
    async apply(objects) {
      await cluster.kubectl(["apply", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    },
    stop: () => cluster.stop(),
  };
}
