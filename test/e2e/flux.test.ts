import { describe } from "vitest";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { startStandInCluster } from "../support/kube-api/stand-in-cluster.ts";
import { fluxSuite } from "./flux.suite.ts";

describe.skipIf(KUBECTL_MISSING !== undefined)(KUBECTL_MISSING ?? "with kubectl", () => {
  fluxSuite({
    name: "Flux by the tools, on a stand-in of the API server and its controllers",
    kubectl: KUBECTL,
    start: () => startStandInCluster(),
  });
});
