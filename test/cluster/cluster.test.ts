import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { builtCluster, startCluster, type RealCluster } from "../support/cluster/start-cluster.ts";

const built = builtCluster(process.env);

/** A source, and a Kustomization that applies its folder `apps`. */
const FLEET = (url: string): string => `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: flux-system}
spec: {interval: 1m, url: "${url}", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 5m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: fleet}}
`;

describe.skipIf(built === undefined)("the cluster of the tests (needs PLATFORM_OPS_TEST_CLUSTER: npm run test:cluster)", () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startCluster(built!);
  });
  afterAll(async () => await cluster?.stop());

  test("Flux applies a commit, and kwok lets its pods run", async () => {
    const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello, namespace: default}\ndata: {word: one}\n";
    const commit = await cluster.git.commit("fleet", { "apps/config.yaml": config }, "first");
    await cluster.kubectl(["apply", "-f", "-"], FLEET(cluster.git.url("fleet")));
    const revision = await until(
      async () =>
        (await cluster.kubectl(["get", "kustomization", "apps", "-n", "flux-system", "-o", "jsonpath={.status.lastAppliedRevision}"])) ||
        undefined,
      "the first commit to be applied",
    );
    expect(revision).toBe(`main@sha1:${commit}`);
    expect(await cluster.kubectl(["get", "configmap", "hello", "-o", "jsonpath={.data.word}"])).toBe("one");
    const logs = await cluster.kubectl(["logs", "-n", "flux-system", "deploy/kustomize-controller", "--tail=200"]);
    expect(logs).toContain('"name":"apps"');
    await cluster.kubectl(["create", "deployment", "web", "--image=example.com/web:1"]);
    await cluster.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
  });
});
