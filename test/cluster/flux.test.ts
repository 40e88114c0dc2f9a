import { describe } from "vitest";
import { fluxSuite } from "../e2e/flux.suite.ts";
import { builtCluster, startCluster } from "../support/cluster/start-cluster.ts";
import { asFluxCluster } from "../support/cluster/flux-cluster.ts";

const built = builtCluster(process.env);

describe.skipIf(built === undefined)("real controllers (need PLATFORM_OPS_TEST_CLUSTER: npm run test:cluster)", () => {
  fluxSuite({
    name: "Flux by the tools, on a real API server and real controllers",
    kubectl: `${built}/bin/kubectl`,
    start: async () => asFluxCluster(await startCluster(built!)),
  });
});
