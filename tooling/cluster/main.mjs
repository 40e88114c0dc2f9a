// `npm run test:cluster`: sets up, builds a real Kubernetes API with Flux controllers if need be, and runs the tests that want one.
import { runProject } from "../test/run-project.mjs";
import { bringCluster } from "./build.mjs";
import { bringDefinitions } from "./definitions.mjs";

await runProject({
  project: "cluster",
  title: "Kubernetes and Flux",
  async bring(options) {
    const folder = await bringCluster(options);
    const definitions = await bringDefinitions(options);
    return { env: { PLATFORM_OPS_TEST_CLUSTER: folder, PLATFORM_OPS_TEST_FLUX_DEFINITIONS: definitions }, where: folder };
  },
});
